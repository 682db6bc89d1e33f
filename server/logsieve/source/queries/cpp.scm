(function_definition declarator: (_) @name body: [(compound_statement) (try_statement)] @body) @function
(class_specifier name: (_) @name body: (_) @body) @class
(struct_specifier name: (_) @name body: (_) @body) @class
(namespace_definition name: (_) @name body: (_) @body) @class
; TEST_CASE("x") {}, which is a call and a block to the grammar
((expression_statement (call_expression function: (identifier) @how arguments: (argument_list . (string_literal) @name))) @test
  . (compound_statement) @body
  (#any-of? @how "TEST_CASE" "SCENARIO" "SECTION" "GIVEN" "WHEN" "THEN" "SUBCASE" "TEMPLATE_TEST_CASE"))
