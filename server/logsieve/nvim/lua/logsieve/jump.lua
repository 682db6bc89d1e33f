--- Walking from failure to failure, in the order of the log.
local M = {}

--- Go to the next (1) or previous (-1) failure seen from the cursor, around the end of the log.
---@param bufnr integer
---@param direction 1|-1
function M.go(bufnr, direction)
  local logsieve = require('logsieve')
  local window = vim.fn.bufwinid(bufnr)
  local line = window ~= -1 and vim.api.nvim_win_get_cursor(window)[1] - 1 or nil
  local params = { uri = vim.uri_from_bufnr(bufnr), line = line, step = direction }
  logsieve.ask(bufnr, 'logsieve/failure', params, function(failure)
    require('logsieve.view').show(failure.location, logsieve.client(bufnr))
    vim.api.nvim_echo({ { ('%d of %d: %s'):format(failure.number, failure.of, failure.title) } }, false, {})
  end)
end

return M
