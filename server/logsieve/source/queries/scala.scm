(function_definition name: (_) @name body: (_) @body) @function
(class_definition name: (identifier) @name body: (_) @body) @class
(object_definition name: (identifier) @name body: (_) @body) @class
(trait_definition name: (identifier) @name body: (_) @body) @class
(enum_definition name: (identifier) @name body: (_) @body) @class
; test("x") { ... }
(call_expression
  function: (call_expression function: (identifier) @how arguments: (arguments . (string) @name))
  arguments: (_) @body
  (#any-of? @how "test" "it" "describe" "property")) @test
; "x" should "y" in { ... }
(infix_expression left: (_) @name operator: (identifier) @how right: (block) @body (#any-of? @how "in" "should" "when" "can" "must")) @test
