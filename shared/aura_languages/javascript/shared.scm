; What JavaScript, TypeScript and TSX have in common.

; Definitions
(function_declaration name: (_) @name) @definition.function
(generator_function_declaration name: (_) @name) @definition.function
(class_declaration name: (_) @name) @definition.class
(class name: (_) @name) @definition.class
(method_definition name: [(property_identifier) (private_property_identifier)] @name) @definition.method

(variable_declarator name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)
    (generator_function body: (_) @body)]) @definition.function
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @definition.class
(assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @container property: (property_identifier) @prototype)
    property: (property_identifier) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)
    (generator_function body: (_) @body)]) @definition.function
(assignment_expression
  left: [(identifier) @name (member_expression property: [(property_identifier) (private_property_identifier)] @name)]
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)
    (generator_function body: (_) @body)]) @definition.function
(assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: (class body: (_) @body)) @definition.class
(pair key: (property_identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)
    (generator_function body: (_) @body)]) @definition.method

(program (lexical_declaration (variable_declarator name: (identifier) @name) @definition.constant))
(program (variable_declaration (variable_declarator name: (identifier) @name) @definition.variable))
(program (export_statement (lexical_declaration
  (variable_declarator name: (identifier) @name) @definition.constant)))
(program (export_statement (variable_declaration
  (variable_declarator name: (identifier) @name) @definition.variable)))
(program (export_statement (lexical_declaration (variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @name)) @definition.constant)))
(program (expression_statement (assignment_expression
  left: (member_expression object: (identifier) property: (property_identifier) @name)) @definition.property))
(lexical_declaration . (variable_declarator) @inner) @outer
(variable_declaration . (variable_declarator) @inner) @outer
(export_statement declaration: (_) @inner) @outer

; Imports
(import_statement (import_clause (identifier) @imported) source: (string) @module) @import
(import_statement (import_clause (namespace_import (identifier) @imported)) source: (string) @module) @import
(import_statement (import_clause (named_imports (import_specifier name: (_) @imported))) source: (string) @module) @import
(import_statement source: (string) @module) @import
(export_statement (export_clause (export_specifier name: (_) @imported)) source: (string) @module) @import
(export_statement source: (string) @module) @import
(call_expression function: (import) arguments: (arguments . (string) @module)) @import
(variable_declarator value: (call_expression
  function: (identifier) @require arguments: (arguments . (string) @module .))) @import

; References
(call_expression function: [(identifier) @reference.call
  (member_expression property: [(property_identifier) (private_property_identifier)] @reference.call)])
(new_expression constructor: [(identifier) @reference.call
  (member_expression property: (property_identifier) @reference.call)])
(decorator (identifier) @reference.call)
