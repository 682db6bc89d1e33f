(function_definition declarator: (_) @name body: (compound_statement) @body) @function
(struct_specifier name: (type_identifier) @name body: (_) @body) @class
