--- The language server: switched on by `vim.lsp.enable('logsieve')`, changed by `vim.lsp.config('logsieve', { ... })`.
return {
  cmd = { 'logsieve', 'lsp' },
  filetypes = { 'log', 'text' },
  root_dir = function(bufnr, on_dir)
    if require('logsieve').named(bufnr) then
      on_dir(vim.fs.root(bufnr, { '.logsieve', '.git' }))
    end
  end,
  -- Text files are triaged where the server recognises a log in them; `plaintext` is the protocol's word for them.
  get_language_id = function(_, filetype)
    return filetype == 'text' and 'plaintext' or filetype
  end,
  settings = { logsieve = vim.empty_dict() },
  init_options = {
    commands = {
      'logsieve.copyReduced',
      'logsieve.copyFinding',
      'logsieve.openReduced',
      'logsieve.explain',
      'logsieve.findSimilar',
      'logsieve.showLine',
    },
    numbers = false, -- of the log's lines: they stand beside a view's text, not in it
    trusted = false,
  },
  capabilities = {
    textDocument = {
      codeLens = { dynamicRegistration = true },
    },
    workspace = {
      foldingRange = { refreshSupport = true },
      textDocumentContent = { dynamicRegistration = true },
    },
  },
  before_init = function(params, config)
    params.initializationOptions.settings = (config.settings or {}).logsieve
  end,
  on_exit = vim.schedule_wrap(function(_, _, client_id)
    require('logsieve.lens').on_exit(client_id)
  end),
  handlers = {
    ['client/registerCapability'] = function(err, params, context)
      params.registrations = vim.tbl_filter(function(registration)
        local is_lens = registration.method == 'textDocument/codeLens'
        if is_lens then -- not Neovim's business, which takes "]" in a pattern for a mistake
          require('logsieve.lens').register(registration, context.client_id)
        end
        return not is_lens
      end, params.registrations)
      return vim.lsp.handlers['client/registerCapability'](err, params, context)
    end,
    ['client/unregisterCapability'] = function(err, params, context)
      params.unregisterations = vim.tbl_filter(function(registration)
        local is_lens = registration.method == 'textDocument/codeLens'
        if is_lens then
          require('logsieve.lens').unregister(registration.id, context.client_id)
        end
        return not is_lens
      end, params.unregisterations)
      return vim.lsp.handlers['client/unregisterCapability'](err, params, context)
    end,
    -- Neovim 0.11 ends these messages with a line end, and so asks for Enter.
    ['window/showMessage'] = function(_, params)
      local levels = { 'ERROR', 'WARN' }
      require('logsieve').tell((params.message:gsub('^LogSieve: ', '')), levels[params.type])
    end,
    ['logsieve/status'] = function(_, status)
      require('logsieve').on_status(status)
    end,
    ['logsieve/explainChunk'] = function(_, chunk)
      require('logsieve.explain').on_chunk(chunk)
    end,
    ['logsieve/explainNote'] = function(_, note)
      require('logsieve.explain').on_note(note)
    end,
    ['workspace/foldingRange/refresh'] = function(_, _, context)
      require('logsieve.folds').refresh(context.client_id)
      return vim.NIL
    end,
    ['workspace/textDocumentContent/refresh'] = function(_, params)
      require('logsieve.view').refresh(params.uri)
      return vim.NIL
    end,
  },
}
