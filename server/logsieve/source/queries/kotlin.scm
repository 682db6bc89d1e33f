(function_declaration name: (identifier) @name (function_body) @body) @function
(secondary_constructor (block) @body) @function
(class_declaration name: (identifier) @name (class_body) @body) @class
(object_declaration name: (identifier) @name (class_body) @body) @class
(companion_object (class_body) @body) @class
