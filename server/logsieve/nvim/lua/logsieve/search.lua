--- Search in a log, by words or like the cursor's line: what is found fills the location list, and more of it as it comes.
local M = {}

local CANCELLED = -32800 -- the protocol's RequestCancelled

local under_way ---@type {client: vim.lsp.Client, id: integer}? the one search at a time

--- A hit as an entry of a list.
---@param hit {location: lsp.Location, line: integer, text: string, count: integer}
local function entry(hit)
  local start = hit.location.range.start
  return {
    bufnr = vim.uri_to_bufnr(hit.location.uri),
    lnum = start.line + 1,
    col = start.character + 1,
    text = hit.text,
    user_data = { line = hit.line + 1, count = hit.count },
  }
end

--- The lines of the list: the log's own numbers, for windows have others.
---@param info {winid: integer, id: integer, start_idx: integer, end_idx: integer}
---@return string[]
function M.text(info)
  local items = vim.fn.getloclist(info.winid, { id = info.id, items = 0 }).items
  return vim
    .iter(items)
    :slice(info.start_idx, info.end_idx)
    :map(function(item)
      local count = item.user_data.count > 1 and (' (%d lines)'):format(item.user_data.count) or ''
      return ('%9d %s%s'):format(item.user_data.line, item.text, count)
    end)
    :totable()
end

--- Put what was found into the list of a window: into a new one, or into that of this id, if it is still the list.
---@param window integer
---@param found {text: string, hits: table[]}
---@param id? integer
---@return integer? id
local function fill(window, found, id)
  if not vim.api.nvim_win_is_valid(window) then
    return
  end
  local what = {
    title = 'LogSieve: like ' .. found.text,
    items = vim.tbl_map(entry, found.hits),
    quickfixtextfunc = "v:lua.require'logsieve.search'.text",
    id = id,
  }
  if id then
    local list = vim.fn.getloclist(window, { id = 0, idx = 0, items = 0 })
    if list.id ~= id then
      return -- the user has another one by now
    end
    local chosen = list.items[list.idx]
    for index, item in ipairs(what.items) do -- where the user has gone down the list already, the choice stays
      if chosen and item.bufnr == chosen.bufnr and item.lnum == chosen.lnum then
        what.idx = index
      end
    end
    vim.fn.setloclist(window, {}, 'r', what)
    return id
  end
  vim.fn.setloclist(window, {}, ' ', what)
  if vim.api.nvim_get_current_win() == window then
    vim.cmd.lopen()
  else
    vim.api.nvim_win_call(window, vim.cmd.lopen) -- the user has gone on elsewhere
  end
  return vim.fn.getloclist(window, { id = 0 }).id
end

--- Look for something, in place of what is looked for now.
---@param bufnr integer
---@param what {text?: string, line?: integer}
local function find(bufnr, what)
  local logsieve = require('logsieve')
  local client = logsieve.client(bufnr)
  if not client then
    logsieve.tell(logsieve.MISSING, 'ERROR')
    return
  end
  M.stop()
  local window = vim.api.nvim_get_current_win()
  local params = vim.tbl_extend('error', what, { uri = vim.uri_from_bufnr(bufnr), meaning = false })

  ---@param id? integer of the list that is there already
  local function ask(id)
    local request ---@type integer?
    local _, number = client:request('logsieve/search', params, function(err, found)
      if under_way and under_way.id == request then
        under_way = nil
      end
      if err then
        if err.code ~= CANCELLED then
          logsieve.tell(err.message, 'ERROR')
        end
        return
      end
      if #found.hits > 0 then
        id = fill(window, found, id)
      end
      if found.more then
        params.meaning = true
        ask(id)
      elseif #found.hits == 0 then
        logsieve.tell('no line says that')
      end
    end, bufnr)
    request = number
    under_way = number and { client = client, id = number } or nil
  end
  ask()
end

--- Stop the search that is under way.
function M.stop()
  if under_way then
    under_way.client:cancel_request(under_way.id)
    under_way = nil
  end
end

--- Look for words, which are asked for if none are given.
---@param bufnr integer
---@param words? string
function M.words(bufnr, words)
  if words then
    find(bufnr, { text = words })
    return
  end
  vim.ui.input({ prompt = 'LogSieve: search for ' }, function(typed)
    if typed and vim.trim(typed) ~= '' then
      find(bufnr, { text = typed })
    end
  end)
end

--- Look for lines like one, the cursor's if none is given.
---@param bufnr integer
---@param line? integer from 0
function M.similar(bufnr, line)
  local window = vim.fn.bufwinid(bufnr)
  if not line and window == -1 then
    require('logsieve').tell('the log is shown in no window', 'ERROR')
    return
  end
  find(bufnr, { line = line or vim.api.nvim_win_get_cursor(window)[1] - 1 })
end

return M
