--- The reduced log for chat plugins, see |logsieve-chat|.
local M = {}

local PATIENCE = 60000 -- ms: a large log is analysed first

--- The log of the current buffer, or else the one that was looked at last.
---@return integer? bufnr
local function last()
  local best
  for _, info in ipairs(vim.fn.getbufinfo({ bufloaded = 1 })) do
    if vim.b[info.bufnr].logsieve_status and (not best or info.lastused >= best.lastused) then
      best = info
    end
  end
  local here = require('logsieve').source(vim.api.nvim_get_current_buf())
  return vim.b[here].logsieve_status and here or best and best.bufnr
end

--- The reduced log, with its line numbers and without its secrets; waits for it. Errors where there is none.
---@return {name: string, text: string}
function M.reduced()
  local bufnr = last()
  local client = bufnr and require('logsieve').client(bufnr)
  if not bufnr or not client then
    error('LogSieve: open a log first', 0)
  end
  local name = vim.fs.basename(require('logsieve.view').log(bufnr) or vim.uri_from_bufnr(bufnr))
  local params = { uri = vim.uri_from_bufnr(bufnr), tool = 'reduce', path = vim.uri_decode(name) }
  local answer, timeout = client:request_sync('logsieve/tool', params, PATIENCE, bufnr)
  if not answer or answer.err then
    error('LogSieve: ' .. (answer and answer.err.message or timeout or 'no answer'), 0)
  end
  return { name = params.path, text = vim.json.decode(answer.result.answer).text }
end

return M
