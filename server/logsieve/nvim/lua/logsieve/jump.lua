--- Walking from failure to failure, in the order of the log.
local M = {}

--- Errors; where there is none, everything that was found.
---@param findings table[]
---@return table[] by position
local function failures(findings)
  local errors = vim.tbl_filter(function(finding)
    return finding.severity == 'error'
  end, findings)
  local chosen = #errors > 0 and errors or findings
  table.sort(chosen, function(a, b)
    return a.anchor < b.anchor
  end)
  return chosen
end

--- Go to the next (1) or previous (-1) failure seen from the cursor, around the end of the log.
---@param bufnr integer
---@param direction 1|-1
function M.go(bufnr, direction)
  local logsieve = require('logsieve')
  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    logsieve.tell('the log is not shown in a window', 'WARN')
    return
  end
  logsieve.ask(bufnr, 'logsieve/findings', { uri = vim.uri_from_bufnr(bufnr) }, function(result)
    if not vim.api.nvim_win_is_valid(window) or vim.api.nvim_win_get_buf(window) ~= bufnr then
      return
    end
    local found = failures(result.findings)
    if #found == 0 then
      logsieve.tell('nothing has failed in this log')
      return
    end
    local here = vim.api.nvim_win_get_cursor(window)[1] - 1
    local target = direction == 1 and 1 or #found
    for index = 1, #found do
      local at = direction == 1 and index or #found + 1 - index
      if (found[at].anchor - here) * direction > 0 then
        target = at
        break
      end
    end
    vim.api.nvim_set_current_win(window)
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(window, { found[target].anchor + 1, 0 })
    vim.cmd('normal! zvzz')
    vim.api.nvim_echo({ { ('%d of %d: %s'):format(target, #found, found[target].title) } }, false, {})
  end)
end

return M
