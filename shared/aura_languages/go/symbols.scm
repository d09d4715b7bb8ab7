; Definitions
(function_declaration name: (identifier) @name) @definition.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @container))
  name: (field_identifier) @name) @definition.method
(type_declaration (type_spec name: (type_identifier) @name type: (struct_type)) @definition.struct)
(type_declaration (type_spec name: (type_identifier) @name type: (interface_type)) @definition.interface)
(type_declaration (type_spec name: (type_identifier) @name) @definition.type)
(type_declaration (type_alias name: (type_identifier) @name) @definition.type)
(method_elem name: (field_identifier) @name) @definition.method
(type_spec type: (struct_type (field_declaration_list
  (field_declaration . (field_identifier) @name ("," (field_identifier) @name)*) @definition.field)))
(source_file (const_declaration (const_spec . (identifier) @name ("," (identifier) @name)*) @definition.constant))
(source_file (var_declaration (var_spec . (identifier) @name ("," (identifier) @name)*) @definition.variable))
(source_file (var_declaration (var_spec_list (var_spec . (identifier) @name ("," (identifier) @name)*) @definition.variable)))
(source_file (type_declaration . (type_spec) @inner .) @outer)
(source_file (const_declaration . (const_spec) @inner .) @outer)
(source_file (var_declaration . (var_spec) @inner .) @outer)

; Imports
(import_spec path: (_) @module) @import

; References
(call_expression function: [(identifier) @reference.call
  (selector_expression field: (field_identifier) @reference.call)
  (parenthesized_expression (_) @reference.call)])
(composite_literal type: [(type_identifier) @reference.type (qualified_type name: (type_identifier) @reference.type)])
(parameter_declaration type: [(type_identifier) @reference.type
  (pointer_type [(type_identifier) @reference.type (qualified_type name: (type_identifier) @reference.type)])
  (qualified_type name: (type_identifier) @reference.type)
  (slice_type [(type_identifier) @reference.type (pointer_type (type_identifier) @reference.type)])])
(field_declaration type: [(type_identifier) @reference.type
  (pointer_type [(type_identifier) @reference.type (qualified_type name: (type_identifier) @reference.type)])
  (qualified_type name: (type_identifier) @reference.type)
  (slice_type [(type_identifier) @reference.type (pointer_type (type_identifier) @reference.type)])])
(field_declaration !name type: [(type_identifier) @reference.inherit
  (pointer_type (type_identifier) @reference.inherit)])
(type_conversion_expression type: (type_identifier) @reference.type)
