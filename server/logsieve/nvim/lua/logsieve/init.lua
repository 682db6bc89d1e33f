--- What the other modules share: finding the client, asking it, and talking to the user.
local M = {}

---@class logsieve.Status
---@field uri string
---@field verdict 'failed'|'passed'|'unknown'
---@field errors integer
---@field warnings integer
---@field lines integer
---@field noiseLines integer
---@field title? string
---@field busy boolean

---@param message string
---@param level? 'INFO'|'WARN'|'ERROR'
function M.tell(message, level)
  vim.notify('LogSieve: ' .. message, vim.log.levels[level or 'INFO'])
end

--- The log a buffer is about: itself, or what a reduced view or an explanation was made of.
---@param bufnr integer
---@return integer
function M.source(bufnr)
  return vim.b[bufnr].logsieve_source or bufnr
end

--- A log in a buffer without a name (piped, pasted) gets one, because Neovim tells documents apart by it.
---@param bufnr integer
---@return boolean whether the buffer is one to be read
function M.named(bufnr)
  if vim.api.nvim_buf_get_name(bufnr) == '' then
    if vim.bo[bufnr].filetype ~= 'log' then
      return false
    end
    vim.api.nvim_buf_set_name(bufnr, ('untitled:///%d.log'):format(bufnr))
  end
  return true
end

---@param bufnr integer
---@return vim.lsp.Client?
function M.client(bufnr)
  return vim.lsp.get_clients({ name = 'logsieve', bufnr = bufnr })[1]
end

--- Ask the server about a log; `answered` gets the result (nil for null), errors are told to the user.
---@param bufnr integer
---@param method string
---@param params table `textDocument.uri` or `uri` included
---@param answered fun(result: any)
---@return integer? request id
function M.ask(bufnr, method, params, answered)
  local client = M.client(bufnr)
  if not client then
    M.tell('the language server does not run for this buffer; see :checkhealth logsieve', 'ERROR')
    return
  end
  local _, id = client:request(method, params, function(err, result)
    if err then
      M.tell(err.message, 'ERROR')
    else
      answered(result ~= vim.NIL and result or nil)
    end
  end, bufnr)
  return id
end

--- `vim.b.logsieve_status` serves status lines; its first arrival sets up folding.
---@param status logsieve.Status
function M.on_status(status)
  local bufnr = vim.uri_to_bufnr(status.uri)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    return
  end
  vim.b[bufnr].logsieve_status = status
  if not status.busy then
    for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
      require('logsieve.folds').on_window(bufnr, window)
    end
  end
end

--- For 'statusline': "failed: 2 errors, 1 warning", or nothing where no log is read.
---@return string
function M.statusline()
  local status = vim.b.logsieve_status
  if not status then
    return ''
  end
  if status.busy then
    return 'reading the log'
  end
  local function count(number, word)
    return ('%d %s%s'):format(number, word, number == 1 and '' or 's')
  end
  return ('%s: %s, %s'):format(status.verdict, count(status.errors, 'error'), count(status.warnings, 'warning'))
end

return M
