--- Code lenses: above a test how often it failed in an open log.
---
--- The server does not get the buffers of code, nor do they get its hover, its folds and the like. What they are attached
--- to is a server inside Neovim, one for each LogSieve server, which has nothing but lenses and asks that one for them.
local M = {}

local LENS = 'textDocument/codeLens'

---@class logsieve.Lens
---@field client vim.lsp.Client the server inside
---@field registration? string the id under which the server told the files that have lenses
---@field paths table<string, true> these files

---@type table<integer, logsieve.Lens> by the id of the LogSieve server's client
local lenses = {}

--- The server inside.
---@param id integer of the LogSieve server's client
---@return fun(dispatchers: vim.lsp.rpc.Dispatchers): vim.lsp.rpc.PublicClient
local function inside(id)
  return function(dispatchers)
    local closing, count = false, 0
    return {
      request = function(method, params, answered)
        count = count + 1
        local server = vim.lsp.get_client_by_id(id)
        if method == 'initialize' then
          answered(nil, { capabilities = { codeLensProvider = vim.empty_dict() } })
        elseif method == LENS and server then
          server:request(method, params, answered)
        else
          answered(nil, method == LENS and {} or vim.NIL)
        end
        return true, count
      end,
      notify = function(method)
        if method == 'exit' then
          closing = true
          dispatchers.on_exit(0, 0)
        end
        return true
      end,
      is_closing = function()
        return closing
      end,
      terminate = function()
        closing = true
      end,
    }
  end
end

---@param client vim.lsp.Client
---@param bufnr integer
local function ask(client, bufnr)
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  client:request(LENS, params, vim.lsp.codelens.on_codelens, bufnr)
end

--- Neovim 0.12 asks by itself, once it has been told to; 0.11 only shows what was asked for.
local by_itself = vim.lsp.codelens.enable ~= nil

--- Show the lenses of a buffer if it has any.
---@param lens logsieve.Lens
---@param bufnr integer
local function attach(lens, bufnr)
  local has_any = lens.paths[vim.fs.normalize(vim.api.nvim_buf_get_name(bufnr))]
  if not has_any or vim.lsp.buf_is_attached(bufnr, lens.client.id) then
    return
  end
  vim.lsp.buf_attach_client(bufnr, lens.client.id)
  if by_itself then
    vim.lsp.codelens.enable(true, { bufnr = bufnr })
    return
  end
  ask(lens.client, bufnr)
  vim.api.nvim_create_autocmd({ 'BufEnter', 'BufWritePost', 'InsertLeave' }, {
    buffer = bufnr,
    desc = 'Show how often tests failed',
    callback = function()
      ask(lens.client, bufnr)
    end,
  })
end

--- Ask anew for all that is shown.
---@param lens logsieve.Lens
local function refresh(lens)
  if by_itself then
    vim.lsp.handlers['workspace/codeLens/refresh'](nil, nil, { client_id = lens.client.id })
    return
  end
  for bufnr in pairs(lens.client.attached_buffers) do
    ask(lens.client, bufnr)
  end
end

--- The server has lenses for some files.
---@param registration lsp.Registration
---@param id integer of its client
function M.register(registration, id)
  local lens = lenses[id]
  if not lens then
    local started = vim.lsp.start({ name = 'logsieve lenses', cmd = inside(id) }, { attach = false })
    lens = { client = assert(vim.lsp.get_client_by_id(assert(started))), paths = {} }
    lenses[id] = lens
    vim.api.nvim_create_autocmd('BufReadPost', {
      group = vim.api.nvim_create_augroup('logsieve.lens.' .. id, {}),
      desc = 'Show how often tests failed',
      callback = function(event)
        attach(lens, event.buf)
      end,
    })
  end
  lens.registration, lens.paths = registration.id, {}
  for _, filter in ipairs(registration.registerOptions.documentSelector) do
    lens.paths[vim.fs.normalize((filter.pattern:gsub('%[(.)%]', '%1')))] = true -- a path, what means more in it quoted
  end
  refresh(lens)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      attach(lens, bufnr)
    end
  end
end

--- The server has none any more, or others.
---@param id integer of the registration
---@param client_id integer
function M.unregister(id, client_id)
  local lens = lenses[client_id]
  if lens and lens.registration == id then
    lens.paths = {}
    refresh(lens)
  end
end

--- The server has ended, and with it what it knew.
---@param id integer of its client
function M.on_exit(id)
  local lens = lenses[id]
  if lens then
    lenses[id] = nil
    vim.api.nvim_del_augroup_by_name('logsieve.lens.' .. id)
    lens.client:stop()
  end
end

return M
