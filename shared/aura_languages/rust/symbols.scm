; Definitions
(function_item name: (identifier) @name) @definition.function
(function_signature_item name: (identifier) @name) @definition.function
(struct_item name: (type_identifier) @name) @definition.struct
(union_item name: (type_identifier) @name) @definition.struct
(enum_item name: (type_identifier) @name) @definition.enum
(enum_variant name: (identifier) @name) @definition.constant
(field_declaration name: (field_identifier) @name) @definition.field
(trait_item name: (type_identifier) @name) @definition.trait
(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
(mod_item name: (identifier) @name) @definition.module
(macro_definition name: (identifier) @name) @definition.macro
(source_file (const_item name: (identifier) @name) @definition.constant)
(declaration_list (const_item name: (identifier) @name) @definition.constant)
(static_item name: (identifier) @name) @definition.variable
(impl_item type: (_) @name) @definition.scope

; Imports
(use_declaration argument: [(identifier) (scoped_identifier) (use_as_clause) (use_wildcard) (crate)] @module) @import
(use_declaration argument: (scoped_use_list path: (_) @module list: (use_list [(identifier) (self)] @imported))) @import
(use_declaration argument: (scoped_use_list path: (_) @module list: (use_list
  [(scoped_identifier) (scoped_use_list) (use_as_clause) (use_wildcard)] @imported))) @import
(use_declaration argument: (use_list (_) @module)) @import
(extern_crate_declaration name: (identifier) @module) @import

; References
(call_expression function: [(identifier) @reference.call
  (field_expression field: (field_identifier) @reference.call)
  (scoped_identifier name: (identifier) @reference.call)
  (generic_function function: [(identifier) @reference.call
    (scoped_identifier name: (identifier) @reference.call)
    (field_expression field: (field_identifier) @reference.call)])])
(macro_invocation macro: [(identifier) @reference.call (scoped_identifier name: (identifier) @reference.call)])
(impl_item trait: [(type_identifier) @reference.inherit (generic_type type: (type_identifier) @reference.inherit)
  (scoped_type_identifier name: (type_identifier) @reference.inherit)])
(trait_item bounds: (trait_bounds (type_identifier) @reference.inherit))
(struct_expression name: [(type_identifier) @reference.type (scoped_type_identifier name: (type_identifier) @reference.type)])
(parameter type: [(type_identifier) @reference.type (reference_type type: (type_identifier) @reference.type)
  (generic_type type: (type_identifier) @reference.type)])
(field_declaration type: [(type_identifier) @reference.type (generic_type type: (type_identifier) @reference.type)])
(function_item return_type: [(type_identifier) @reference.type (generic_type type: (type_identifier) @reference.type)])
(type_arguments (type_identifier) @reference.type)
(scoped_identifier path: (identifier) @reference.name)
