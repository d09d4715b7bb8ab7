; Definitions
(class_declaration name: (identifier) @name) @definition.class
(interface_declaration name: (identifier) @name) @definition.interface
(annotation_type_declaration name: (identifier) @name) @definition.interface
(enum_declaration name: (identifier) @name) @definition.enum
(enum_constant name: (identifier) @name) @definition.constant
(record_declaration name: (identifier) @name) @definition.class
(method_declaration name: (identifier) @name) @definition.method
(annotation_type_element_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name) @definition.constructor
(compact_constructor_declaration name: (identifier) @name) @definition.constructor
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.field
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.constant

; Imports
(import_declaration [(scoped_identifier) (identifier)] @module) @import
(import_declaration [(scoped_identifier) (identifier)] @module (asterisk) @imported) @import

; References
(method_invocation name: (identifier) @reference.call)
(method_reference "::" (identifier) @reference.call)
(object_creation_expression type: [(type_identifier) @reference.call (generic_type (type_identifier) @reference.call)
  (scoped_type_identifier (type_identifier) @reference.call .)])
(marker_annotation name: (identifier) @reference.call)
(annotation name: (identifier) @reference.call)
(superclass [(type_identifier) @reference.inherit (generic_type (type_identifier) @reference.inherit)
  (scoped_type_identifier (type_identifier) @reference.inherit .)])
(super_interfaces (type_list [(type_identifier) @reference.inherit (generic_type (type_identifier) @reference.inherit)]))
(extends_interfaces (type_list [(type_identifier) @reference.inherit (generic_type (type_identifier) @reference.inherit)]))
(formal_parameter type: [(type_identifier) @reference.type (generic_type (type_identifier) @reference.type)])
(field_declaration type: [(type_identifier) @reference.type (generic_type (type_identifier) @reference.type)])
(method_declaration type: [(type_identifier) @reference.type (generic_type (type_identifier) @reference.type)])
(local_variable_declaration type: [(type_identifier) @reference.type (generic_type (type_identifier) @reference.type)])
(catch_type (type_identifier) @reference.type)
(type_arguments (type_identifier) @reference.type)
