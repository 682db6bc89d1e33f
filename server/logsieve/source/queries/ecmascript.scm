(function_declaration name: (identifier) @name body: (_) @body) @function
(generator_function_declaration name: (identifier) @name body: (_) @body) @function
(function_expression name: (identifier) @name body: (_) @body) @function
(method_definition name: (_) @name body: (_) @body) @function
(variable_declarator name: (identifier) @name value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
(assignment_expression left: (_) @name right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
(pair key: (_) @name value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @function
; describe("x", () => {}), it.only("x", function () {})
(call_expression
  function: [(identifier) @how (member_expression object: (identifier) @how) (call_expression function: (member_expression object: (identifier) @how))]
  arguments: (arguments . [(string) (template_string)] @name [(arrow_function body: (_) @body) (function_expression body: (_) @body)])
  (#any-of? @how "describe" "context" "suite" "it" "test" "specify" "Deno" "QUnit" "Scenario")) @test
