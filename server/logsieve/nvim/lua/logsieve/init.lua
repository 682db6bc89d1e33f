--- What the other modules share: finding the client, asking it, and talking to the user.
local M = {}

M.VERSION = '0.1.0' -- that of the program these files came with

M.MISSING = 'the language server does not run for this buffer; :LogSieve restart starts it, :checkhealth logsieve says more'

local PATIENCE = 5000 -- milliseconds in which a server ends by itself

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

--- The log, or the view of one, that a buffer is about: itself, what an explanation was made of, what a list leads to.
---@param bufnr integer
---@return integer
function M.source(bufnr)
  if vim.bo[bufnr].buftype == 'quickfix' then
    local wanted, list = { idx = 0, items = 0 }, vim.fn.getloclist(0, { idx = 0, items = 0 })
    list = #list.items > 0 and list or vim.fn.getqflist(wanted)
    local entry = list.items[list.idx]
    return entry and entry.bufnr > 0 and entry.bufnr or bufnr
  end
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

--- A log that had no name was written to a file: it has that name now, as it would have got it from Neovim.
---@param bufnr integer
---@param path string
function M.saved(bufnr, path)
  vim.schedule(function() -- the writing must be over
    if vim.api.nvim_buf_is_valid(bufnr) and vim.startswith(vim.api.nvim_buf_get_name(bufnr), 'untitled:///') then
      vim.api.nvim_buf_set_name(bufnr, path)
      vim.api.nvim_buf_call(bufnr, function()
        vim.cmd('silent write!') -- without which Neovim takes the file for another's
      end)
    end
  end)
end

--- The client of a buffer; of a view that is new, the one that serves its log.
---@param bufnr integer
---@return vim.lsp.Client?
function M.client(bufnr)
  local log = require('logsieve.view').log(bufnr)
  return vim.lsp.get_clients({ name = 'logsieve', bufnr = bufnr })[1] or (log and M.start(log))
end

--- The client that serves a log by its URI: one that has it, one that runs already, or a new one.
---@param uri string
---@return vim.lsp.Client?
function M.start(uri)
  local clients = vim.lsp.get_clients({ name = 'logsieve' })
  for _, client in ipairs(clients) do
    for bufnr in pairs(client.attached_buffers) do
      if vim.uri_from_bufnr(bufnr) == uri then
        return client
      end
    end
  end
  if clients[1] then
    return clients[1]
  end
  local config = vim.deepcopy(vim.lsp.config.logsieve)
  local path = vim.startswith(uri, 'file:') and vim.uri_to_fname(uri) or nil
  config.root_dir = path and vim.fs.root(path, { '.logsieve', '.git' }) or nil
  local id = vim.lsp.start(config, { attach = false })
  return id and vim.lsp.get_client_by_id(id)
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
    M.tell(M.MISSING, 'ERROR')
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
  local view = require('logsieve.view')
  require('logsieve.jobs').on_status(status)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      goto continue
    end
    if view.log(bufnr) == status.uri then
      vim.b[bufnr].logsieve_status = status
      for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
        view.on_window(window)
      end
    elseif vim.uri_from_bufnr(bufnr) == status.uri then
      vim.b[bufnr].logsieve_status = status
      for _, window in ipairs(status.busy and {} or vim.fn.win_findbuf(bufnr)) do
        require('logsieve.folds').on_window(bufnr, window)
        require('logsieve.colours').on_window(window)
      end
    end
    ::continue::
  end
end

--- Start the servers anew. The logs are read again, and what shows them comes back.
function M.restart()
  local function clients()
    return vim.lsp.get_clients({ name = 'logsieve' })
  end
  for _, force in ipairs({ false, true }) do
    for _, client in ipairs(clients()) do
      client:stop(force)
    end
    vim.wait(PATIENCE, function()
      return #clients() == 0
    end, 10)
  end
  vim.lsp.enable('logsieve')
  local view = require('logsieve.view')
  local loaded = vim.iter(vim.api.nvim_list_bufs()):filter(vim.api.nvim_buf_is_loaded):totable() ---@type integer[]
  local is_open = vim.iter(loaded):any(function(bufnr)
    return vim.b[bufnr].logsieve_status ~= nil and not view.log(bufnr)
  end)
  local first = vim.iter(loaded):find(view.log)
  if first and not is_open then -- views come back with the first buffer that gets a server
    view.fill(first)
  end
end

--- How a log stands: "failed: 2 errors, 1 warning".
---@param status logsieve.Status
---@return string
function M.summary(status)
  if status.busy then
    return 'reading the log'
  end
  local function count(number, word)
    return ('%d %s%s'):format(number, word, number == 1 and '' or 's')
  end
  return ('%s: %s, %s'):format(status.verdict, count(status.errors, 'error'), count(status.warnings, 'warning'))
end

--- For 'statusline'; nothing where no log is read.
---@return string
function M.statusline()
  return vim.b.logsieve_status and M.summary(vim.b.logsieve_status) or ''
end

return M
