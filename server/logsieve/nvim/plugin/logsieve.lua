--- What is there before a log is opened: the file type, the :LogSieve command and the commands of code actions.
if vim.g.loaded_logsieve then
  return
end
vim.g.loaded_logsieve = os.time() -- for :checkhealth: what came before is no complaint of this session's

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

---@class logsieve.Row
---@field about string what is said of it where commands are offered
---@field module? string of `logsieve.`, else that itself
---@field call string its function, which gets the buffer, and `with` or the argument that was typed
---@field with? any
---@field offers? string the module's list of arguments; without it the command takes none
---@field words? boolean the rest of what was typed is one argument
---@type table<string, logsieve.Row>
-- stylua: ignore
local subcommands = {
  alwaysanerror = { about = 'a rule: lines like this are errors', module = 'rules', call = 'run', with = 'alwaysAnError' },
  budget = { about = 'the reduced log at another budget', module = 'view', call = 'budget', offers = 'BUDGETS' },
  copy = { about = 'copy the reduced log', module = 'copy', call = 'reduced' },
  explain = { about = 'ask a language model why it failed', module = 'explain', call = 'explain' },
  fold = { about = 'close all noise', module = 'folds', call = 'close' },
  forget = { about = 'take back the consent to send to an endpoint', module = 'explain', call = 'forget' },
  hide = { about = 'a rule: lines like this are noise', module = 'rules', call = 'run', with = 'hideLines' },
  jobs = { about = 'choose from the logs of the archive', module = 'jobs', call = 'pick' },
  list = { about = 'the findings in the quickfix list', module = 'list', call = 'open' },
  loclist = { about = 'the findings in the location list', module = 'list', call = 'open', with = true },
  next = { about = 'the next failure', module = 'jump', call = 'failure', with = 1 },
  nextsection = { about = 'the next section', module = 'jump', call = 'section', with = 1 },
  notanerror = { about = 'a rule: this is not an error', module = 'rules', call = 'run', with = 'notAnError' },
  pick = { about = 'choose from the findings', module = 'list', call = 'pick' },
  prev = { about = 'the previous failure', module = 'jump', call = 'failure', with = -1 },
  prevsection = { about = 'the previous section', module = 'jump', call = 'section', with = -1 },
  restart = { about = 'start the language server anew', call = 'restart' },
  search = { about = 'the lines that say about that', module = 'search', call = 'words', words = true },
  similar = { about = 'the lines like this one', module = 'search', call = 'similar' },
  undorule = { about = 'take the last rule back', module = 'rules', call = 'run', with = 'undoRule' },
  view = { about = 'the reduced log', module = 'view', call = 'open' },
}
local names = vim.fn.sort(vim.tbl_keys(subcommands))

---@param row {module?: string, call: string}
---@param ... any
local function call(row, ...)
  require(row.module and 'logsieve.' .. row.module or 'logsieve')[row.call](...)
end

---@param name string
---@param argument? string
local function run(name, argument)
  local row = subcommands[name]
  if not row then
    local message = ('no such command: %s (one of %s)'):format(name, table.concat(names, ', '))
    require('logsieve').tell(message, 'ERROR')
  elseif argument and not (row.offers or row.words) then
    require('logsieve').tell(('%s takes no argument'):format(name), 'ERROR')
  else
    call(row, require('logsieve').source(vim.api.nvim_get_current_buf()), argument or row.with)
  end
end

vim.api.nvim_create_user_command('LogSieve', function(typed)
  if typed.fargs[1] then
    run(typed.fargs[1], typed.args:match('^%S+%s+(.+)$'))
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
    local row = subcommands[name]
    local offered = row and row.offers and require('logsieve.' .. row.module)[row.offers] or not name and names or {}
    return vim.tbl_filter(function(word)
      return vim.startswith(word, start)
    end, offered)
  end,
})

vim.api.nvim_create_user_command('LogSieveTriageFile', function(call)
  require('logsieve.triage').file(call.args)
end, { nargs = '?', complete = 'file', desc = 'Open the reduced log of a file of any size' })

-- The server offers these as code actions and lenses; their arguments are the log's URI and, of one failure, its index; of
-- the last two a line.
for name, row in pairs({
  copyReduced = { module = 'copy', call = 'reduced' },
  copyFinding = { module = 'copy', call = 'reduced' },
  openReduced = { module = 'view', call = 'open' },
  explain = { module = 'explain', call = 'explain' },
  findSimilar = { module = 'search', call = 'similar' },
  showLine = { module = 'view', call = 'line' },
}) do
  vim.lsp.commands['logsieve.' .. name] = function(command)
    local log, which = unpack(command.arguments)
    local here = vim.api.nvim_get_current_buf()
    local is_view = require('logsieve.view').log(here) == log -- the log itself may be open nowhere
    call(row, is_view and here or vim.uri_to_bufnr(log), which ~= vim.NIL and which or nil)
  end
end

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
      require('logsieve.view').on_attach(client)
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
vim.api.nvim_create_autocmd({ 'BufReadPost', 'LspDetach' }, {
  group = group,
  desc = 'Close noise again when the folds are back, but what the user has opened',
  callback = function(event)
    require('logsieve.folds').on_lost(event.buf)
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
vim.api.nvim_create_autocmd('BufWritePost', {
  group = group,
  desc = 'Give a log without a name that of the file it is written to',
  callback = function(event)
    require('logsieve').saved(event.buf, event.match)
  end,
})
vim.api.nvim_create_autocmd('WinNew', {
  group = group,
  desc = 'Leave the folds of a split as they are',
  callback = function()
    require('logsieve.folds').on_split(vim.api.nvim_get_current_win())
  end,
})
