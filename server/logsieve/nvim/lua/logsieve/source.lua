--- From a line of a log to the code that it names.
local M = {}

--- `gf` in a log, or a view of one, knows the paths of other machines.
---@param bufnr integer
function M.attach(bufnr)
  vim.keymap.set('n', 'gf', M.follow, { buffer = bufnr, desc = 'Go to the code that this line names' })
end

--- Go to what is named under the cursor, or else on its line; several places go into the quickfix list.
function M.follow()
  local logsieve = require('logsieve')
  local bufnr = vim.api.nvim_get_current_buf()
  local client = logsieve.client(bufnr)
  if not client then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  logsieve.ask(bufnr, 'textDocument/definition', params, function(result)
    local found = vim.islist(result) and result or { result }
    if #found == 0 then
      M.builtin()
    elseif #found == 1 then
      vim.cmd("normal! m'")
      vim.lsp.util.show_document(found[1], client.offset_encoding, { reuse_win = true, focus = true })
    else
      local items = vim.lsp.util.locations_to_items(found, client.offset_encoding)
      vim.fn.setqflist({}, ' ', { title = 'What may be meant', items = items })
      vim.cmd.copen()
    end
  end)
end

--- What `gf` does elsewhere.
function M.builtin()
  local done, problem = pcall(vim.cmd, 'normal! gf')
  if not done then
    require('logsieve').tell((tostring(problem):gsub('^.-(E%d+)', '%1')), 'WARN')
  end
end

return M
