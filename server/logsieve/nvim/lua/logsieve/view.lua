--- The reduced log as a read-only buffer, whose lines lead back to the log.
local M = {}

-- Neovim takes only names with an authority ("scheme://") for URIs; the server's have none ("logsieve:/x").
---@param uri string
local function name_of(uri)
  return (uri:gsub('^logsieve:/+', 'logsieve:///'))
end

---@param name string
local function uri_of(name)
  return (name:gsub('^logsieve:/+', 'logsieve:/'))
end

---@param bufnr integer
function M.open(bufnr)
  local params = { uri = vim.uri_from_bufnr(bufnr) }
  require('logsieve').ask(bufnr, 'logsieve/reducedView', params, function(result)
    local view = vim.fn.bufadd(name_of(result.uri))
    local window = vim.fn.bufwinid(view)
    if window ~= -1 then
      vim.api.nvim_set_current_win(window)
      vim.cmd.edit()
    else
      vim.cmd.sbuffer(view)
    end
  end)
end

--- Fill a buffer whose name is the URI of a view.
---@param view integer
function M.read(view)
  local uri = uri_of(vim.api.nvim_buf_get_name(view))
  local log = uri:match('[?&]uri=([^&]+)') -- quoted twice, as VS Code needs it
  vim.b[view].logsieve_source = log and vim.uri_to_bufnr(vim.uri_decode(vim.uri_decode(log))) or nil
  local option = vim.bo[view]
  option.buftype = 'nofile'
  option.bufhidden = 'hide'
  option.swapfile = false
  option.modifiable = false
  option.filetype = 'log'
  for _, key in ipairs({ '<CR>', 'gd' }) do
    vim.keymap.set('n', key, M.back, { buffer = view, desc = 'Go to this line of the log' })
  end
  local logsieve = require('logsieve')
  logsieve.ask(logsieve.source(view), 'workspace/textDocumentContent', { uri = uri }, function(content)
    if not vim.api.nvim_buf_is_valid(view) then
      return
    end
    option.modifiable = true
    vim.api.nvim_buf_set_lines(view, 0, -1, false, vim.split((content.text:gsub('\n$', '')), '\n'))
    option.modifiable = false
    option.modified = false
  end)
end

--- From the cursor's line in a view to the line of the log it shows.
function M.back()
  local logsieve = require('logsieve')
  local view = vim.api.nvim_get_current_buf()
  local source = logsieve.source(view)
  local params = {
    textDocument = { uri = uri_of(vim.api.nvim_buf_get_name(view)) },
    position = { line = vim.api.nvim_win_get_cursor(0)[1] - 1, character = 0 },
  }
  logsieve.ask(source, 'textDocument/definition', params, function(result)
    local location = vim.islist(result) and result[1] or result
    if not location then
      logsieve.tell('this line stands for lines that were left out')
      return
    end
    vim.lsp.util.show_document(location, logsieve.client(source).offset_encoding, { reuse_win = true, focus = true })
    vim.cmd('normal! zvzz')
  end)
end

--- The log behind a view has changed.
---@param uri string
function M.refresh(uri)
  local view = vim.fn.bufnr('^' .. vim.fn.escape(name_of(uri), '*?[]{},\\^$.') .. '$')
  if view ~= -1 and vim.api.nvim_buf_is_loaded(view) then
    M.read(view)
  end
end

return M
