; What only JavaScript has, or writes in its own way.
(field_definition property: [(property_identifier) (private_property_identifier)] @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.method
(field_definition property: [(property_identifier) (private_property_identifier)] @name) @definition.field

(class_heritage [(identifier) @reference.inherit (member_expression property: (property_identifier) @reference.inherit)
  (call_expression arguments: (arguments (identifier) @reference.inherit))])
