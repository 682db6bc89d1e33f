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

for group, standard in pairs({
  LogSieveNumber = 'LineNr', -- the log's line numbers in a view
  LogSieveGap = 'Folded', -- what stands for lines that were left out
  LogSieveCause = 'DiagnosticError', -- the root cause in a view
  LogSieveError = 'DiagnosticError',
  LogSieveWarn = 'DiagnosticWarn',
  LogSieveFoldCount = 'Number', -- how many lines a fold has
  LogSieveHint = 'Comment', -- keys, and words beside the text
  ['@lsp.mod.error.log'] = 'LogSieveError', -- semantic tokens: levels
  ['@lsp.mod.warning.log'] = 'LogSieveWarn',
}) do
  vim.api.nvim_set_hl(0, group, { link = standard, default = true })
end

---@class logsieve.Command
---@field about string
---@field run fun(bufnr: integer, argument?: string)
---@field arguments? fun(): string[] to be completed
---@type table<string, logsieve.Command>
local subcommands = {
  alwaysanerror = {
    about = 'a rule: lines like this are errors',
    run = function(bufnr)
      require('logsieve.rules').run(bufnr, 'alwaysAnError')
    end,
  },
  budget = {
    about = 'the reduced log at another budget',
    arguments = function()
      return require('logsieve.view').BUDGETS
    end,
    run = function(bufnr, budget)
      require('logsieve.view').budget(bufnr, budget)
    end,
  },
  copy = {
    about = 'copy the reduced log',
    run = function(bufnr)
      require('logsieve.copy').reduced(bufnr)
    end,
  },
  explain = {
    about = 'ask a language model why it failed',
    run = function(bufnr)
      require('logsieve.explain').explain(bufnr)
    end,
  },
  fold = {
    about = 'close all noise',
    run = function(bufnr)
      local log = require('logsieve.view').log(bufnr)
      require('logsieve.folds').close(log and vim.uri_to_bufnr(log) or bufnr)
    end,
  },
  forget = {
    about = 'take back the consent to send to an endpoint',
    run = function(bufnr)
      require('logsieve.explain').forget(bufnr)
    end,
  },
  hide = {
    about = 'a rule: lines like this are noise',
    run = function(bufnr)
      require('logsieve.rules').run(bufnr, 'hideLines')
    end,
  },
  list = {
    about = 'the findings in the quickfix list',
    run = function(bufnr)
      require('logsieve.list').open(bufnr)
    end,
  },
  loclist = {
    about = 'the findings in the location list',
    run = function(bufnr)
      require('logsieve.list').open(bufnr, true)
    end,
  },
  next = {
    about = 'the next failure',
    run = function(bufnr)
      require('logsieve.jump').failure(bufnr, 1)
    end,
  },
  nextsection = {
    about = 'the next section',
    run = function(bufnr)
      require('logsieve.jump').section(bufnr, 1)
    end,
  },
  notanerror = {
    about = 'a rule: this is not an error',
    run = function(bufnr)
      require('logsieve.rules').run(bufnr, 'notAnError')
    end,
  },
  pick = {
    about = 'choose from the findings',
    run = function(bufnr)
      require('logsieve.list').pick(bufnr)
    end,
  },
  prev = {
    about = 'the previous failure',
    run = function(bufnr)
      require('logsieve.jump').failure(bufnr, -1)
    end,
  },
  prevsection = {
    about = 'the previous section',
    run = function(bufnr)
      require('logsieve.jump').section(bufnr, -1)
    end,
  },
  undorule = {
    about = 'take the last rule back',
    run = function(bufnr)
      require('logsieve.rules').run(bufnr, 'undoRule')
    end,
  },
  view = {
    about = 'the reduced log',
    run = function(bufnr)
      require('logsieve.view').open(bufnr)
    end,
  },
}
local names = vim.fn.sort(vim.tbl_keys(subcommands))

---@param name string
---@param argument? string
local function run(name, argument)
  local command = subcommands[name]
  if not command then
    local message = ('no such command: %s (one of %s)'):format(name, table.concat(names, ', '))
    require('logsieve').tell(message, 'ERROR')
  elseif argument and not command.arguments then
    require('logsieve').tell(('%s takes no argument'):format(name), 'ERROR')
  else
    command.run(require('logsieve').source(vim.api.nvim_get_current_buf()), argument)
  end
end

vim.api.nvim_create_user_command('LogSieve', function(call)
  if call.fargs[1] then
    run(call.fargs[1], call.fargs[2])
    return
  end
  local function described(name)
    return ('%-13s %s'):format(name, subcommands[name].about)
  end
  vim.ui.select(names, { prompt = 'LogSieve', format_item = described }, function(name)
    if name then
      run(name)
    end
  end)
end, {
  nargs = '*',
  desc = 'Read a log',
  complete = function(start, line)
    local name = line:match('LogSieve%s+(%S+)%s')
    local arguments = name and subcommands[name] and subcommands[name].arguments
    local offered = arguments and arguments() or not name and names or {}
    return vim.tbl_filter(function(word)
      return vim.startswith(word, start)
    end, offered)
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
  desc = 'Lead from a log to the code, and show repeats and waiting',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'logsieve' then
      require('logsieve.source').attach(event.buf)
      vim.lsp.inlay_hint.enable(true, { bufnr = event.buf })
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
      require('logsieve.colours').on_window(vim.api.nvim_get_current_win())
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
