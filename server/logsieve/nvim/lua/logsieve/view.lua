--- Views as read-only buffers: the reduced log, and windows of logs too large to be opened. Their lines lead to the log.
local M = {}

--- How long what opens a view waits for its text, so that whatever moves the cursor next finds its line.
local WAIT = 1000 -- milliseconds

local KEYS = {
  reduced = { { '<CR>', 'gd', desc = 'Go to this line of the log' } },
  window = {
    { '<CR>', 'gd', desc = 'Go to the lines before or after, from the first or last line' },
    { '[[', desc = 'Show earlier lines of the log', row = 0 },
    { ']]', desc = 'Show later lines of the log', row = -1 },
  },
}
local HINTS = { reduced = '<CR> the line in the log', window = '[[ earlier   ]] later' }

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
function M.open(bufnr)
  require('logsieve').ask(bufnr, 'logsieve/reducedView', { uri = vim.uri_from_bufnr(bufnr) }, function(result)
    local start = { line = result.line, character = 0 }
    M.show({ uri = result.uri, range = { start = start, ['end'] = start } }, require('logsieve').client(bufnr))
  end)
end

--- The window for a place: one that shows it, or another part of the same log; else a new one beside a view, or this one.
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
  end) or (kind_of(name) == 'window' and showing(function(bufnr)
    return kind_of(vim.api.nvim_buf_get_name(bufnr)) == 'window' and M.log(bufnr) == M.log(target)
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
    vim.cmd.sbuffer(target)
  end
  if location.range.start.line < vim.api.nvim_buf_line_count(target) then
    vim.lsp.util.show_document(location, client.offset_encoding, { reuse_win = true, focus = true })
    vim.cmd('normal! zvzz')
  else
    vim.b[target].logsieve_line = location.range.start.line -- the text is late
  end
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
        M.follow(key.row)
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

--- Ask for the text of a view and put it in.
---@param view integer
---@param filled? fun()
function M.fill(view, filled)
  local logsieve = require('logsieve')
  local uri = vim.api.nvim_buf_get_name(view)
  local client = logsieve.client(view)
  logsieve.ask(view, 'workspace/textDocumentContent', { uri = uri }, function(content)
    if not vim.api.nvim_buf_is_loaded(view) then
      return
    end
    local line = late(view)
    text = content.text
    -- Entries of the quickfix list, and marks, stand for the lines that come, not for those that were there.
    vim.cmd(("lockmarks lua require'logsieve.view'.put(%d)"):format(view))
    if line then
      for _, window in ipairs(vim.fn.win_findbuf(view)) do
        pcall(vim.api.nvim_win_set_cursor, window, { line, 0 })
      end
    end
    vim.lsp.buf_attach_client(view, client.id) -- what is known of the log's lines is known of the view's
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
  row = row == -1 and vim.api.nvim_buf_line_count(view) - 1 or row or vim.api.nvim_win_get_cursor(0)[1] - 1
  local params = { textDocument = { uri = vim.api.nvim_buf_get_name(view) }, position = { line = row, character = 0 } }
  logsieve.ask(view, 'textDocument/definition', params, function(result)
    local location = vim.islist(result) and result[1] or result
    if location then
      M.show(location, logsieve.client(view))
    elseif kind_of(params.textDocument.uri) == 'reduced' then
      logsieve.tell('this line stands for lines that were left out')
    else
      logsieve.tell(row == 0 and 'this is the beginning of the log' or 'this is shown already, up to the end of the log')
    end
  end)
end

--- What is said above a view.
---@param window integer
function M.on_window(window)
  local uri = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window))
  local kind, name = uri:match('^logsieve://(%a+)/([^?]*)')
  if HINTS[kind] then
    local title = vim.uri_decode(name):gsub('%%', '%%%%')
    vim.wo[window][0].winbar = (' %%<%s%%=%%#Comment#%s '):format(title, HINTS[kind])
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
