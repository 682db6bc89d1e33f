--- What is there before a log is opened: the file type, the :LogSieve command and the commands of code actions.
if vim.g.loaded_logsieve then
  return
end
vim.g.loaded_logsieve = true

-- Neovim names only a few kinds of *.log; all others are plain logs. The low priority leaves its own kinds alone.
vim.filetype.add({
  pattern = {
    ['.*%.[Ll][Oo][Gg]'] = { 'log', { priority = -math.huge } },
    ['.*%.log%.txt'] = { 'log', { priority = 1 } },
  },
})

---@type table<string, fun(bufnr: integer)>
local subcommands = {
  copy = function(bufnr)
    require('logsieve.copy').reduced(bufnr)
  end,
  view = function(bufnr)
    require('logsieve.view').open(bufnr)
  end,
  explain = function(bufnr)
    require('logsieve.explain').explain(bufnr)
  end,
  forget = function(bufnr)
    require('logsieve.explain').forget(bufnr)
  end,
  next = function(bufnr)
    require('logsieve.jump').go(bufnr, 1)
  end,
  prev = function(bufnr)
    require('logsieve.jump').go(bufnr, -1)
  end,
  list = function(bufnr)
    require('logsieve.list').open(bufnr)
  end,
  fold = function(bufnr)
    local log = require('logsieve.view').log(bufnr)
    require('logsieve.folds').close(log and vim.uri_to_bufnr(log) or bufnr)
  end,
}

vim.api.nvim_create_user_command('LogSieve', function(call)
  local name = call.fargs[1]
  if not subcommands[name] then
    local names = vim.fn.sort(vim.tbl_keys(subcommands))
    require('logsieve').tell(('no such command: %s (one of %s)'):format(name, table.concat(names, ', ')), 'ERROR')
    return
  end
  subcommands[name](require('logsieve').source(vim.api.nvim_get_current_buf()))
end, {
  nargs = 1,
  desc = 'Read a log: copy, view, list, explain, forget, next, prev, fold',
  complete = function(start)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, start)
    end, vim.fn.sort(vim.tbl_keys(subcommands)))
  end,
})

vim.api.nvim_create_user_command('LogSieveTriageFile', function(call)
  require('logsieve.triage').file(call.args)
end, { nargs = '?', complete = 'file', desc = 'Open the reduced log of a file of any size' })

-- The server offers these as code actions; their arguments are the log's URI and the index of a finding.
---@param run fun(bufnr: integer, finding?: integer)
local function on_log(run)
  return function(command)
    local arguments = command.arguments
    local here = vim.api.nvim_get_current_buf()
    local is_view = require('logsieve.view').log(here) == arguments[1] -- the log itself may be open nowhere
    run(is_view and here or vim.uri_to_bufnr(arguments[1]), arguments[2] ~= vim.NIL and arguments[2] or nil)
  end
end

vim.lsp.commands['logsieve.copyReduced'] = on_log(function(bufnr)
  require('logsieve.copy').reduced(bufnr)
end)
vim.lsp.commands['logsieve.copyFinding'] = on_log(function(bufnr, finding)
  require('logsieve.copy').reduced(bufnr, finding)
end)
vim.lsp.commands['logsieve.openReduced'] = on_log(function(bufnr)
  require('logsieve.view').open(bufnr)
end)
vim.lsp.commands['logsieve.explain'] = on_log(function(bufnr, finding)
  require('logsieve.explain').explain(bufnr, finding)
end)

local group = vim.api.nvim_create_augroup('logsieve', {})
vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'logsieve://*',
  desc = 'Fill a view',
  callback = function(event)
    require('logsieve.view').read(event.buf)
  end,
})
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'Lead from a log to the code',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'logsieve' then
      require('logsieve.source').attach(event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd('LspRequest', {
  group = group,
  desc = 'Close noise once the folds are there',
  callback = function(event)
    local request = event.data.request
    if request.type == 'complete' and request.method == 'textDocument/foldingRange' then
      require('logsieve.folds').on_ranges(event.buf, event.data.client_id)
    end
  end,
})
vim.api.nvim_create_autocmd('BufWinEnter', {
  group = group,
  desc = 'Fold a log that is shown in another window; put a title above a view',
  callback = function(event)
    if vim.startswith(event.match, 'logsieve://') then
      require('logsieve.view').on_window(vim.api.nvim_get_current_win())
    elseif vim.b[event.buf].logsieve_status then
      require('logsieve.folds').on_window(event.buf, vim.api.nvim_get_current_win())
    end
  end,
})
vim.api.nvim_create_autocmd('WinNew', {
  group = group,
  desc = 'Leave the folds of a split as they are',
  callback = function()
    require('logsieve.folds').on_split(vim.api.nvim_get_current_win())
  end,
})
