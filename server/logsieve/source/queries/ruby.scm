(method name: (_) @name body: (_)? @body) @function
(singleton_method name: (_) @name body: (_)? @body) @function
(class name: (_) @name body: (_)? @body) @class
(module name: (_) @name body: (_)? @body) @class
; it "x" do ... end, describe Pump do ... end
(call
  method: (identifier) @how
  arguments: (argument_list . (_) @name)
  block: [(do_block) (block)] @body
  (#any-of? @how "describe" "context" "it" "specify" "test" "should" "scenario" "feature" "example" "task")) @test
