(function_item name: (identifier) @name body: (block) @body) @function
(impl_item type: [(type_identifier) @name (generic_type type: (type_identifier) @name) (scoped_type_identifier name: (type_identifier) @name)] body: (_) @body) @class
(trait_item name: (type_identifier) @name body: (_) @body) @class
(struct_item name: (type_identifier) @name body: (_) @body) @class
(enum_item name: (type_identifier) @name body: (_) @body) @class
(mod_item name: (identifier) @name body: (_) @body) @class
(macro_definition name: (identifier) @name) @function
