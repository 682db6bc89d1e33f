--- Triage by path: the reduced log of a file of any size, which is never opened itself.
local M = {}

local CANCELLED = -32800 -- the protocol's RequestCancelled

--- What is shown while a large file is read; leaving it stops that.
---@param name string
---@param stop fun()
---@return integer bufnr
local function waiting(name, stop)
  vim.cmd.new()
  local bufnr = vim.api.nvim_get_current_buf()
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.keymap.set('n', '<C-c>', '<Cmd>bwipeout<CR>', { buffer = bufnr, desc = 'Stop reading' })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = bufnr, once = true, callback = stop })
  M.on_progress(bufnr, name, 0)
  return bufnr
end

---@param bufnr integer
---@param name string
---@param percentage integer
function M.on_progress(bufnr, name, percentage)
  local bar = ('█'):rep(math.floor(percentage / 4)) .. ('░'):rep(25 - math.floor(percentage / 4))
  local text = { ('Reading %s'):format(name), ('%s %3d %%'):format(bar, percentage), '', '<C-c> stops' }
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, text)
end

--- Triage a file, or what the current buffer is about.
---@param path string
function M.file(path)
  local logsieve = require('logsieve')
  local uri = path ~= '' and vim.uri_from_fname(vim.fs.abspath(vim.fs.normalize(path)))
    or require('logsieve.view').log(0)
    or (vim.api.nvim_buf_get_name(0) ~= '' and vim.uri_from_bufnr(0))
  if not uri then
    logsieve.tell('which file? :LogSieveTriageFile path', 'ERROR')
    return
  end
  local client = logsieve.start(uri)
  if not client then
    logsieve.tell('the language server does not start; see :checkhealth logsieve', 'ERROR')
    return
  end
  local name = vim.fs.basename(vim.uri_to_fname(uri))
  local token = ('triage %s %d'):format(uri, vim.uv.hrtime())
  local request, progress
  local buffer = waiting(name, function()
    vim.api.nvim_del_autocmd(progress)
    if request then
      client:cancel_request(request)
    end
  end)
  local window = vim.api.nvim_get_current_win()
  progress = vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      local params = event.data.params
      if params.token == token and vim.api.nvim_buf_is_valid(buffer) then
        M.on_progress(buffer, name, params.value.percentage or 100)
      end
    end,
  })
  local _, id = client:request('logsieve/reducedView', { uri = uri, workDoneToken = token }, function(err, result)
    request = nil
    if not vim.api.nvim_buf_is_valid(buffer) then
      return -- given up
    end
    if err then
      vim.api.nvim_buf_delete(buffer, { force = true })
      if err.code ~= CANCELLED then
        logsieve.tell(err.message, 'ERROR')
      end
      return
    end
    require('logsieve.jobs').join(result.logs, client.id)
    local view = vim.fn.bufadd(result.uri)
    vim.b[view].logsieve_line = result.line
    vim.api.nvim_win_set_buf(window, view) -- which wipes the other
    vim.api.nvim_win_set_cursor(window, { math.min(result.line + 1, vim.api.nvim_buf_line_count(view)), 0 })
    vim.api.nvim_win_call(window, function()
      vim.cmd('normal! zz')
    end)
  end)
  request = id
end

return M
