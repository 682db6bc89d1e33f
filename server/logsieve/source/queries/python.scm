(function_definition name: (identifier) @name body: (block . (expression_statement (string) @doc)?) @body) @function
(class_definition name: (identifier) @name body: (block . (expression_statement (string) @doc)?) @body) @class
