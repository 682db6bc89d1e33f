--- Copying the reduced log, or one finding of it.
local M = {}

--- The clipboard where there is one, and always the unnamed register.
---@param bufnr integer
---@param finding? integer
function M.reduced(bufnr, finding)
  local logsieve = require('logsieve')
  local params = { uri = vim.uri_from_bufnr(bufnr), finding = finding }
  logsieve.ask(bufnr, 'logsieve/reduce', params, function(excerpt)
    vim.fn.setreg('"', excerpt.text, 'V')
    if vim.fn.has('clipboard') == 1 then
      vim.fn.setreg('+', excerpt.text, 'V')
    end
    local kept = 0
    for _, run in ipairs(excerpt.lines) do
      kept = kept + run[2] - run[1] + 1
    end
    local kinds = {} ---@type table<string, true>
    for _, found in ipairs(excerpt.redacted) do
      kinds[found.kind] = true
    end
    local redacted = next(kinds) and ', redacted: ' .. table.concat(vim.tbl_keys(kinds), ', ') or ''
    local all = kept
    for _, gap in ipairs(excerpt.omitted) do
      all = all + gap.lines
    end
    logsieve.tell(('copied %d of %d lines, about %d tokens%s'):format(kept, all, excerpt.tokens, redacted))
  end)
end

return M
