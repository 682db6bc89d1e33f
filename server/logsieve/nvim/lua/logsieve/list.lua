--- The findings in the quickfix list, root cause first.
local M = {}

local TYPES = { error = 'E', warning = 'W', info = 'I' }

---@param bufnr integer
function M.open(bufnr)
  local logsieve = require('logsieve')
  logsieve.ask(bufnr, 'logsieve/findings', { uri = vim.uri_from_bufnr(bufnr) }, function(result)
    local items = vim.tbl_map(function(finding)
      local start = finding.location.range.start
      return {
        bufnr = vim.uri_to_bufnr(finding.location.uri),
        lnum = start.line + 1,
        col = start.character + 1,
        type = TYPES[finding.severity],
        text = finding.title,
        user_data = { line = finding.line + 1, category = finding.category, count = finding.count },
      }
    end, result.findings)
    if #items == 0 then
      logsieve.tell('nothing was found in this log')
      return
    end
    local title = 'LogSieve: ' .. vim.fs.basename(require('logsieve.view').log(bufnr) or vim.api.nvim_buf_get_name(bufnr))
    local text = "v:lua.require'logsieve.list'.text"
    vim.fn.setqflist({}, ' ', { title = title, items = items, quickfixtextfunc = text })
    vim.cmd('botright copen')
  end)
end

--- A line of the list: where in the log, of which kind, and what. The names of windows would say less.
---@param info {id: integer, start_idx: integer, end_idx: integer}
---@return string[]
function M.text(info)
  local items = vim.fn.getqflist({ id = info.id, items = 0 }).items
  return vim
    .iter(items)
    :slice(info.start_idx, info.end_idx)
    :map(function(item)
      local about = item.user_data
      local count = about.count > 1 and (' (%d times)'):format(about.count) or ''
      return ('%9d %s %-12s %s%s'):format(about.line, item.type, about.category, item.text, count)
    end)
    :totable()
end

return M
