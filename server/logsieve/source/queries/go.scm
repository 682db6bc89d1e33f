(function_declaration name: (identifier) @name body: (block) @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [(type_identifier) @of (pointer_type (type_identifier) @of) (generic_type type: (type_identifier) @of) (pointer_type (generic_type type: (type_identifier) @of))]))
  name: (field_identifier) @name body: (block) @body) @function
(type_declaration (type_spec name: (type_identifier) @name type: (struct_type) @body)) @class
; t.Run("x", func(t *testing.T) {})
(call_expression
  function: (selector_expression field: (field_identifier) @how)
  arguments: (argument_list . (interpreted_string_literal) @name (func_literal body: (block) @body))
  (#eq? @how "Run")) @test
