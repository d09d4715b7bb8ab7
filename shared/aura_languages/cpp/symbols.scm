; What C++ shares with C stands first, then what it adds.

; Definitions
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @definition.function
(function_definition declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function
(function_definition declarator: (pointer_declarator declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name)))) @definition.function
(function_definition declarator: (function_declarator
  declarator: (parenthesized_declarator (identifier) @name))) @definition.function
(function_definition declarator: (function_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function
(struct_specifier name: (type_identifier) @name body: (_)) @definition.struct
(union_specifier name: (type_identifier) @name body: (_)) @definition.struct
(enum_specifier name: (type_identifier) @name body: (_)) @definition.enum
(enumerator name: (identifier) @name) @definition.constant
(field_declaration declarator: (field_identifier) @name) @definition.field
(field_declaration declarator: (pointer_declarator declarator: (field_identifier) @name)) @definition.field
(field_declaration declarator: (array_declarator declarator: (field_identifier) @name)) @definition.field
(field_declaration declarator: (pointer_declarator
  declarator: (array_declarator declarator: (field_identifier) @name))) @definition.field
(field_declaration declarator: (function_declarator declarator:
  (parenthesized_declarator (pointer_declarator declarator: (field_identifier) @name)))) @definition.field
(type_definition type: (struct_specifier body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (union_specifier body: (_) @body) declarator: (type_identifier) @name) @definition.struct
(type_definition type: (enum_specifier body: (_) @body) declarator: (type_identifier) @name) @definition.enum
(type_definition declarator: (type_identifier) @name) @definition.type
(type_definition declarator: (pointer_declarator declarator: (type_identifier) @name)) @definition.type
(type_definition declarator: (array_declarator declarator: (type_identifier) @name)) @definition.type
(type_definition declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (type_identifier) @name)))) @definition.type
(type_definition declarator: (function_declarator declarator: (type_identifier) @name)) @definition.type
(preproc_def name: (identifier) @name) @definition.constant
(preproc_function_def name: (identifier) @name) @definition.macro
(translation_unit (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(translation_unit (declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(translation_unit (declaration declarator: [(identifier) @name
  (init_declarator declarator: (identifier) @name)
  (init_declarator declarator: (pointer_declarator declarator: (identifier) @name))
  (init_declarator declarator: (array_declarator declarator: (identifier) @name))
  (pointer_declarator declarator: (identifier) @name)
  (array_declarator declarator: (identifier) @name)]) @definition.variable)
(preproc_ifdef (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(preproc_ifdef (declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(preproc_if (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(preproc_if (declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(linkage_specification (declaration_list
  (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function))
(linkage_specification (declaration_list (declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function))

(class_specifier name: [(type_identifier) (template_type) (qualified_identifier)] @name body: (_)) @definition.class
(struct_specifier name: [(template_type) (qualified_identifier)] @name body: (_)) @definition.struct
(namespace_definition name: (_) @name) @definition.namespace
(function_definition declarator: (function_declarator declarator:
  [(field_identifier) (destructor_name) (operator_name)] @name)) @definition.method
(function_definition declarator: (reference_declarator (function_declarator declarator:
  [(field_identifier) (operator_name)] @name))) @definition.method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator:
  [(field_identifier) (operator_name)] @name))) @definition.method
(function_definition declarator: (reference_declarator (function_declarator declarator:
  (identifier) @name))) @definition.function
(function_definition declarator: (function_declarator declarator:
  (qualified_identifier scope: (_) @container name: [(identifier) (destructor_name) (operator_name)] @name))) @definition.method
(function_definition declarator: (reference_declarator (function_declarator declarator:
  (qualified_identifier scope: (_) @container name: [(identifier) (operator_name)] @name)))) @definition.method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator:
  (qualified_identifier scope: (_) @container name: [(identifier) (operator_name)] @name)))) @definition.method
(function_definition declarator: (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier
  scope: (_) @container name: (qualified_identifier scope: (_) @container name: (identifier) @name))))) @definition.method
(function_definition declarator: (function_declarator declarator: (qualified_identifier
  scope: (_) @container name: (qualified_identifier scope: (_) @container
    name: [(identifier) (destructor_name) (operator_name)] @name)))) @definition.method
(function_definition declarator: (function_declarator declarator:
  (template_function name: (identifier) @name))) @definition.function
(function_definition declarator: (operator_cast) @name) @definition.method
(field_declaration_list [(field_declaration declarator: (function_declarator declarator:
    [(field_identifier) (operator_name)] @name))
  (field_declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name)))
  (field_declaration declarator: (reference_declarator (function_declarator declarator:
    [(field_identifier) (operator_name)] @name)))
  (declaration declarator: (function_declarator declarator: [(identifier) (destructor_name)] @name))] @definition.method)
(declaration_list (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(declaration_list (declaration declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @definition.function)
(declaration_list (declaration declarator: (reference_declarator
  (function_declarator declarator: (identifier) @name))) @definition.function)
(declaration_list (declaration declarator: [(identifier) @name
  (init_declarator declarator: (identifier) @name)]) @definition.variable)
(template_declaration (declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.function)
(alias_declaration name: (type_identifier) @name) @definition.type
(concept_definition name: (identifier) @name) @definition.type
(template_declaration (_) @inner) @outer

; Imports
(preproc_include path: (_) @module) @import

; References
(call_expression function: [(identifier) @reference.call (field_expression field: (field_identifier) @reference.call)])
(parameter_declaration type: [(type_identifier) @reference.type (struct_specifier name: (type_identifier) @reference.type)])
(declaration type: [(type_identifier) @reference.type (struct_specifier name: (type_identifier) @reference.type !body)])
(field_declaration type: [(type_identifier) @reference.type (struct_specifier name: (type_identifier) @reference.type !body)])
(cast_expression type: (type_descriptor type: [(type_identifier) @reference.type
  (struct_specifier name: (type_identifier) @reference.type)]))
(sizeof_expression type: (type_descriptor type: [(type_identifier) @reference.type
  (struct_specifier name: (type_identifier) @reference.type)]))
(initializer_list (identifier) @reference.name)
(initializer_pair value: (identifier) @reference.name)
(argument_list (identifier) @reference.name)
(using_declaration [(identifier) (qualified_identifier)] @reference.name)
(call_expression function: [(qualified_identifier name: (identifier) @reference.call)
  (qualified_identifier name: (qualified_identifier name: (identifier) @reference.call))
  (template_function name: (identifier) @reference.call)
  (qualified_identifier name: (template_function name: (identifier) @reference.call))
  (field_expression field: (template_method name: (field_identifier) @reference.call))])
(new_expression type: [(type_identifier) @reference.call (template_type name: (type_identifier) @reference.call)])
(base_class_clause [(type_identifier) @reference.inherit (template_type name: (type_identifier) @reference.inherit)
  (qualified_identifier name: (type_identifier) @reference.inherit)])
(qualified_identifier name: (type_identifier) @reference.type)
(template_type name: (type_identifier) @reference.type)
(template_argument_list (type_descriptor type: (type_identifier) @reference.type))
