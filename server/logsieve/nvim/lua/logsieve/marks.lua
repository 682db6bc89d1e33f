--- What is drawn into views beside their text: the log's line numbers, gaps, and what was found.
local M = {}

local numbers = vim.api.nvim_create_namespace('logsieve.numbers')
local findings = vim.api.nvim_create_namespace('logsieve.findings')

--- The log's line of each row of a view, from 0; -1 for rows that stand for others.
---@type table<integer, integer[]>
local rows = {}

---@param view integer
---@return integer[]
function M.lines(view)
  return rows[view] or {}
end

--- Number the rows of a view, all drawn anew.
---@param view integer
---@param lines integer[]
function M.draw(view, lines)
  if not rows[view] then
    vim.api.nvim_create_autocmd('BufWipeout', {
      buffer = view,
      once = true,
      callback = function()
        rows[view] = nil
      end,
    })
  end
  rows[view] = lines
  vim.api.nvim_buf_clear_namespace(view, numbers, 0, -1)
  local width = #tostring(vim.iter(lines):fold(0, math.max) + 1)
  for row, line in ipairs(lines) do
    local number = line < 0 and ('%' .. width .. 's '):format('⋯') or ('%' .. width .. 'd '):format(line + 1)
    vim.api.nvim_buf_set_extmark(view, numbers, row - 1, 0, {
      virt_text = { { number, line < 0 and 'LogSieveGap' or 'LogSieveNumber' } },
      virt_text_pos = 'inline',
      right_gravity = false,
      line_hl_group = line < 0 and 'LogSieveGap' or nil,
    })
  end
end

--- Mark what was found: a sign and a colour, and words beside the root cause.
---@param view integer
function M.findings(view)
  require('logsieve').ask(view, 'logsieve/findings', { uri = vim.api.nvim_buf_get_name(view) }, function(result)
    if not vim.api.nvim_buf_is_loaded(view) then
      return
    end
    vim.api.nvim_buf_clear_namespace(view, findings, 0, -1)
    local row_of = {} ---@type table<integer, integer>
    for row, line in ipairs(M.lines(view)) do
      row_of[line] = row - 1
    end
    for index, finding in ipairs(result.findings) do
      local kind = ({ error = 'Error', warning = 'Warn' })[finding.severity]
      local row = row_of[finding.line]
      local text = kind and row and vim.api.nvim_buf_get_lines(view, row, row + 1, false)[1]
      if text then
        vim.api.nvim_buf_set_extmark(view, findings, row, 0, {
          end_col = #text,
          hl_group = index == 1 and 'LogSieveCause' or 'LogSieve' .. kind,
          sign_text = kind:sub(1, 1),
          sign_hl_group = 'DiagnosticSign' .. kind,
          virt_text = index == 1 and { { '  root cause', 'LogSieveHint' } } or nil,
          priority = 200 - math.min(index, 100), -- where two are on one line, the worse is seen
        })
      end
    end
  end)
end

--- How much of the log a reduced view shows.
---@param view integer
---@return string
function M.summary(view)
  local shown = 0
  for _, line in ipairs(M.lines(view)) do
    shown = shown + (line < 0 and 0 or 1)
  end
  local status = vim.b[view].logsieve_status
  local log = require('logsieve.view').log(view)
  local of = status or (log and vim.b[vim.uri_to_bufnr(log)].logsieve_status)
  return of and (': %d of %d lines'):format(shown, of.lines) or ''
end

return M
