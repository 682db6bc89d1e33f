--- Views as read-only buffers: the reduced log, and windows of logs too large to be opened. Their lines lead to the log.
local M = {}

M.BUDGETS = { '500', '1000', '2000', '4000', '8000', '16000', '32000' }

--- How long what opens a view waits for its text, so that whatever moves the cursor next finds its line.
local WAIT = 1000 -- milliseconds

local KEYS = {
  reduced = {
    { '<CR>', 'gd', desc = 'Go to this line of the log, or show the lines that were left out here' },
    { 'za', '<Tab>', desc = 'Show the lines that were left out here, or hide them again', expands = true },
  },
  window = {
    { '<CR>', 'gd', desc = 'Go to the lines before or after, from the first or last line' },
    { '[[', desc = 'Show earlier lines of the log', row = 0 },
    { ']]', desc = 'Show later lines of the log', row = -1 },
  },
}
local HINTS = { reduced = '<CR> the line in the log   za what was left out', window = '[[ earlier   ]] later' }

---@param uri string
---@return string? 'reduced' or 'window'
local function kind_of(uri)
  return uri:match('^logsieve://(%a+)/')
end

--- The log that a view shows, as its URI.
---@param view integer
---@return string?
function M.log(view)
  local uri = vim.api.nvim_buf_get_name(view)
  local log = kind_of(uri) and uri:match('[?&]uri=([^&]+)')
  return log and vim.uri_decode(vim.uri_decode(log)) -- quoted twice, as VS Code needs it
end

---@param bufnr integer
---@param budget? integer tokens; default: the setting's
---@param log? string another one of the same archive
function M.open(bufnr, budget, log)
  local params = { uri = log or vim.uri_from_bufnr(bufnr), budget = budget }
  require('logsieve').ask(bufnr, 'logsieve/reducedView', params, function(result)
    local start = { line = result.line, character = 0 }
    M.show({ uri = result.uri, range = { start = start, ['end'] = start } }, require('logsieve').client(bufnr))
  end)
end

--- The reduced log at another budget, which is asked for where none is given.
---@param bufnr integer
---@param budget? string
function M.budget(bufnr, budget)
  if budget then
    local tokens = budget:match('^%d+$') and tonumber(budget)
    if tokens then
      M.open(bufnr, tokens)
    else
      require('logsieve').tell(('a budget is a number of tokens, not %s'):format(budget), 'ERROR')
    end
    return
  end
  vim.ui.select(M.BUDGETS, { prompt = 'LogSieve: tokens of the reduced log' }, function(chosen)
    if chosen then
      M.open(bufnr, tonumber(chosen))
    end
  end)
end

--- The window for a place: one that shows it, or another part of the same log or archive; else a new one beside a view, or
--- this one.
---@param target integer
---@return integer?
local function window_for(target)
  local here = vim.api.nvim_get_current_win()
  local windows = { here, unpack(vim.api.nvim_tabpage_list_wins(0)) }
  local function showing(wanted)
    return vim.iter(windows):find(function(window)
      return wanted(vim.api.nvim_win_get_buf(window))
    end)
  end
  local name = vim.api.nvim_buf_get_name(target)
  return showing(function(bufnr)
    return bufnr == target
  end) or (kind_of(name) and showing(function(bufnr)
    local same = kind_of(vim.api.nvim_buf_get_name(bufnr)) == kind_of(name)
    return same and require('logsieve.jobs').belong(M.log(target), M.log(bufnr))
  end)) or (kind_of(name) ~= 'reduced' and vim.bo.buftype == '' and here or nil)
end

--- Show a place that the server named.
---@param location lsp.Location
---@param client vim.lsp.Client
function M.show(location, client)
  local target = vim.uri_to_bufnr(location.uri)
  vim.cmd("normal! m'")
  local window = window_for(target)
  if window then
    vim.api.nvim_set_current_win(window)
    vim.api.nvim_set_current_buf(target)
  else
    vim.cmd.sbuffer({ tostring(target), mods = { silent = true } })
  end
  if location.range.start.line < vim.api.nvim_buf_line_count(target) then
    vim.lsp.util.show_document(location, client.offset_encoding, { reuse_win = true, focus = true })
    vim.cmd('normal! zvzz')
  else
    vim.b[target].logsieve_line = location.range.start.line -- the text is late
  end
end

--- Show a line of a log, wherever that is: in the log itself, or in a window of one too large to be opened.
---@param bufnr integer the log, or a view of it
---@param number integer from 1
function M.line(bufnr, number)
  local logsieve = require('logsieve')
  logsieve.ask(bufnr, 'logsieve/locate', { uri = M.log(bufnr) or vim.uri_from_bufnr(bufnr), line = number - 1 }, function(result)
    M.show(result.location, logsieve.client(bufnr))
  end)
end

--- Fill a buffer whose name is the URI of a view.
---@param view integer
function M.read(view)
  local kind = kind_of(vim.api.nvim_buf_get_name(view))
  if not kind or not M.log(view) then
    return
  end
  local option = vim.bo[view]
  option.buftype = 'nofile'
  option.bufhidden = 'hide'
  option.swapfile = false
  option.modifiable = false
  option.filetype = 'log'
  for _, key in ipairs(KEYS[kind]) do
    for _, keys in ipairs(key) do
      vim.keymap.set('n', keys, function()
        if key.expands then
          M.expand()
        else
          M.follow(key.row)
        end
      end, { buffer = view, desc = key.desc })
    end
  end
  local done = false
  M.fill(view, function()
    done = true
  end)
  vim.wait(WAIT, function()
    return done
  end, 5)
end

--- The line that a view was opened on before its text was there: by us, or by the quickfix list.
---@param view integer
---@return integer?
local function late(view)
  local line = vim.b[view].logsieve_line
  if not line and vim.api.nvim_buf_line_count(view) == 1 then
    local list = vim.fn.getqflist({ idx = 0, items = 0 })
    local entry = list.items[list.idx]
    return entry and entry.bufnr == view and entry.lnum or nil
  end
  vim.b[view].logsieve_line = nil
  return line and line + 1
end

local text ---@type string to be put into a view

---@param view integer
function M.put(view)
  local option = vim.bo[view]
  option.modifiable = true
  vim.api.nvim_buf_set_lines(view, 0, -1, false, vim.split((text:gsub('\n$', '')), '\n'))
  option.modifiable = false
  option.modified = false
end

--- Do what changes the rows of a view; where a window shows a line of the log at its cursor, it stays there.
---@param view integer
---@param after integer[] the log's line of each row then
---@param change fun()
local function stay(view, after, change)
  local before = require('logsieve.marks').lines(view)
  local row_of, seen = {}, {} ---@type table<integer, integer>, table<integer, vim.fn.winsaveview.ret>
  for row, line in ipairs(after) do
    row_of[line] = row
  end
  for _, window in ipairs(vim.fn.win_findbuf(view)) do
    seen[window] = vim.api.nvim_win_call(window, vim.fn.winsaveview)
  end
  change()
  for window, at in pairs(seen) do
    local line = before[at.lnum]
    local row = line and line >= 0 and row_of[line]
    if row then
      at.topline, at.lnum = math.max(1, at.topline + row - at.lnum), row
      vim.api.nvim_win_call(window, function()
        vim.fn.winrestview(at)
      end)
    end
  end
end

--- Ask for the text of a view and put it in.
---@param view integer
---@param filled? fun()
function M.fill(view, filled)
  local logsieve = require('logsieve')
  local uri = vim.api.nvim_buf_get_name(view)
  local client = logsieve.client(view)
  logsieve.ask(view, 'logsieve/view', { uri = uri }, function(content)
    if not vim.api.nvim_buf_is_loaded(view) then
      return
    end
    local line = late(view)
    if vim.b[view].logsieve_client then -- a new server is attached first: Neovim forgets a buffer that changes without any
      vim.lsp.buf_attach_client(view, client.id)
    end
    text = content.text
    -- Entries of the quickfix list, and marks, stand for the lines that come, not for those that were there.
    stay(view, content.lines, function()
      vim.cmd(("lockmarks lua require'logsieve.view'.put(%d)"):format(view))
    end)
    require('logsieve.marks').draw(view, content.lines)
    if line then
      for _, window in ipairs(vim.fn.win_findbuf(view)) do
        pcall(vim.api.nvim_win_set_cursor, window, { line, 0 })
      end
    end
    vim.b[view].logsieve_client = client.id
    require('logsieve.jobs').on_read(M.log(view), client)
    vim.lsp.buf_attach_client(view, client.id) -- what is known of the log's lines is known of the view's
    if kind_of(uri) == 'reduced' then -- the findings of a window are its diagnostics
      require('logsieve.marks').findings(view)
    end
    for _, window in ipairs(vim.fn.win_findbuf(view)) do
      M.on_window(window)
    end
    if filled then
      filled()
    end
  end)
end

--- From a line of a view, the cursor's if none is given (0: the first, -1: the last), to what it leads to.
---@param row? integer
function M.follow(row)
  local logsieve = require('logsieve')
  local view = vim.api.nvim_get_current_buf()
  local uri, lines = vim.api.nvim_buf_get_name(view), require('logsieve.marks').lines(view)
  row = row == -1 and #lines or row and row + 1 or vim.api.nvim_win_get_cursor(0)[1]
  local line = lines[row]
  if line == -1 and kind_of(uri) == 'reduced' then
    M.expand()
    return
  elseif line == -1 then -- the lines before a window, or after it
    line = row == 1 and (lines[2] or 1) - 1 or lines[row - 1] + 1
  end
  logsieve.ask(view, 'logsieve/locate', { uri = M.log(view), line = line }, function(result)
    if result.location.uri ~= uri then
      M.show(result.location, logsieve.client(view))
    else
      logsieve.tell(row == 1 and 'this is the beginning of the log' or 'this is shown already, up to the end of the log')
    end
  end)
end

--- Show in place what the cursor's line of a reduced log stands for, or hide what was shown that way.
function M.expand()
  local logsieve = require('logsieve')
  local view, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  local params = { uri = vim.api.nvim_buf_get_name(view), line = vim.api.nvim_win_get_cursor(window)[1] - 1 }
  logsieve.ask(view, 'logsieve/expand', params, function(result)
    if result.line == vim.NIL or not result.line then
      logsieve.tell('nothing was left out here')
      return
    end
    M.fill(view, function()
      if vim.api.nvim_win_is_valid(window) and vim.api.nvim_win_get_buf(window) == view then
        vim.api.nvim_win_set_cursor(window, { result.line + 1, 0 })
      end
    end)
  end)
end

local users_status ---@type boolean? whether there is a status line of the user's

--- What is said above and below a view, and its line numbers, which are those of the log and not those of the window.
---@param window integer
function M.on_window(window)
  local view = vim.api.nvim_win_get_buf(window)
  local kind, name = vim.api.nvim_buf_get_name(view):match('^logsieve://(%a+)/([^?]*)')
  if not HINTS[kind] then
    return
  end
  local title = vim.uri_decode(name)
  if kind == 'reduced' then
    title = title:gsub('%.reduced%.log$', '') .. require('logsieve.marks').summary(view)
  end
  local option = vim.wo[window][0]
  option.winbar = (' %%<%s%%=%%#LogSieveHint#%s '):format(title:gsub('%%', '%%%%'), HINTS[kind])
  if users_status == nil then -- asked before we set one ourselves
    users_status = vim.api.nvim_get_option_info2('statusline', {}).was_set
  end
  if not users_status then -- Neovim's own would show the URI
    option.statusline = ('%%<%s%%=%%-14.(%%l,%%c%%V%%) %%P'):format(vim.uri_decode(name):gsub('%%', '%%%%'))
  end
  option.number = false
  option.relativenumber = false
end

--- A buffer has got a client. If it is a new server's, it is asked for the text of those views whose server has ended, so
--- that it knows of them.
---@param client vim.lsp.Client
function M.on_attach(client)
  for _, view in ipairs(vim.api.nvim_list_bufs()) do
    local before = vim.api.nvim_buf_is_loaded(view) and M.log(view) and vim.b[view].logsieve_client
    if before and not vim.lsp.get_client_by_id(before) then
      vim.b[view].logsieve_client = client.id
      M.fill(view)
    end
  end
end

--- The log behind a view has changed.
---@param uri string
function M.refresh(uri)
  local view = vim.uri_to_bufnr(uri)
  if vim.api.nvim_buf_is_loaded(view) then
    M.fill(view)
  end
end

return M
