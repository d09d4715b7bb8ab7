; What TypeScript adds; TSX reads this too.
(abstract_class_declaration name: (_) @name) @definition.class
(interface_declaration name: (_) @name) @definition.interface
(type_alias_declaration name: (_) @name) @definition.type
(enum_declaration name: (_) @name) @definition.enum
(enum_body (property_identifier) @name @definition.constant)
(enum_body (enum_assignment name: (property_identifier) @name) @definition.constant)
(internal_module name: (_) @name) @definition.namespace
(module name: [(identifier) (nested_identifier) (string)] @name) @definition.namespace
(function_signature name: (_) @name) @definition.function
(abstract_method_signature name: (property_identifier) @name) @definition.method
(method_signature name: (property_identifier) @name) @definition.method
(property_signature name: (property_identifier) @name) @definition.property
(public_field_definition name: [(property_identifier) (private_property_identifier)] @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(public_field_definition name: [(property_identifier) (private_property_identifier)] @name) @definition.field
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name)) @definition.constant)
(ambient_declaration (variable_declaration (variable_declarator name: (identifier) @name)) @definition.variable)
(ambient_declaration (_) @inner) @outer

(import_statement (import_require_clause (identifier) @imported source: (string) @module)) @import

(extends_clause value: [(identifier) @reference.inherit
  (member_expression property: (property_identifier) @reference.inherit)])
(extends_type_clause type: [(type_identifier) @reference.inherit
  (generic_type name: (type_identifier) @reference.inherit)
  (nested_type_identifier name: (type_identifier) @reference.inherit)])
(implements_clause [(type_identifier) @reference.inherit (generic_type name: (type_identifier) @reference.inherit)])
(type_annotation [(type_identifier) @reference.type (array_type (type_identifier) @reference.type)
  (union_type (type_identifier) @reference.type)])
(generic_type name: (type_identifier) @reference.type)
(type_arguments (type_identifier) @reference.type)
(as_expression (type_identifier) @reference.type)
