; Definitions
(class_definition name: (identifier) @name) @definition.class
(function_definition name: (identifier) @name) @definition.function
(type_alias_statement left: (type (identifier) @name)) @definition.type
(type_alias_statement left: (type (generic_type (identifier) @name))) @definition.type
(module (expression_statement (assignment left: (identifier) @name) @definition.variable))
(module (expression_statement (assignment left: (pattern_list (identifier) @name)) @definition.variable))
(module (if_statement (block (expression_statement (assignment left: (identifier) @name) @definition.variable))))
(module (if_statement (else_clause (block
  (expression_statement (assignment left: (identifier) @name) @definition.variable)))))
(module (try_statement (block (expression_statement (assignment left: (identifier) @name) @definition.variable))))
(module (try_statement (except_clause (block
  (expression_statement (assignment left: (identifier) @name) @definition.variable)))))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @definition.field)))
(decorated_definition definition: (_) @inner) @outer

; Imports
(import_statement name: (dotted_name) @module) @import
(import_statement name: (aliased_import name: (dotted_name) @module)) @import
(import_from_statement module_name: (_) @module (wildcard_import) @imported) @import
(import_from_statement module_name: (_) @module name: (dotted_name) @imported) @import
(import_from_statement module_name: (_) @module name: (aliased_import name: (dotted_name) @imported)) @import

; References
(call function: [(identifier) @reference.call (attribute attribute: (identifier) @reference.call)])
(decorator [(identifier) @reference.call (attribute attribute: (identifier) @reference.call)])
(class_definition superclasses: (argument_list
  [(identifier) @reference.inherit (attribute attribute: (identifier) @reference.inherit)
   (subscript value: (identifier) @reference.inherit)]))
(type [(identifier) @reference.type (attribute attribute: (identifier) @reference.type)
  (generic_type (identifier) @reference.type)
  (binary_operator [(identifier) @reference.type (attribute attribute: (identifier) @reference.type)])])
(except_clause [(identifier) @reference.type (tuple (identifier) @reference.type)])
(raise_statement (identifier) @reference.name)
