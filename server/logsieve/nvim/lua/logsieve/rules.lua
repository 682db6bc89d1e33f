--- Rules for lines like that of the cursor, which the server writes; it says where.
local M = {}

--- Run one of the server's commands about the cursor's line, or about none.
---@param bufnr integer
---@param command 'notAnError'|'alwaysAnError'|'hideLines'|'undoRule'
function M.run(bufnr, command)
  local logsieve = require('logsieve')
  local window = vim.fn.bufwinid(bufnr)
  local arguments = {} ---@type any[]
  if command ~= 'undoRule' then
    if window == -1 then
      logsieve.tell('the log is shown in no window', 'ERROR')
      return
    end
    arguments = { vim.uri_from_bufnr(bufnr), vim.api.nvim_win_get_cursor(window)[1] - 1 }
  end
  local params = { command = 'logsieve.' .. command, arguments = arguments }
  logsieve.ask(bufnr, 'workspace/executeCommand', params, function(done)
    if command == 'undoRule' then
      logsieve.tell('taken back: ' .. vim.fs.basename(vim.uri_to_fname(done.uri)))
    end
  end)
end

return M
