--- Folding: the ranges and their texts are the server's (|vim.lsp.foldexpr()|); noise is closed once in each window.
local M = {}

--- Windows in which a buffer's noise has been closed: closed[window][bufnr].
---@type table<integer, table<integer, true>>
local closed = {}

--- Of those in which it is to be closed again: the first lines of noise that the user had opened, opened[window][bufnr].
---@type table<integer, table<integer, table<integer, true>>>
local opened = {}

--- What says nothing in a buffer, as it was last closed.
---@type table<integer, {start: integer, ['end']: integer}[]> by buffer; lines from 0, inclusive
local noise = {}

local EXPRESSION = 'v:lua.vim.lsp.foldexpr()'

--- Fold by the server's ranges in one window. Sections stay open, which is why 'foldlevel' is high.
---
--- Only the expression is set here, and evaluated once, which makes Neovim ask for the ranges: 'foldmethod' waits for
--- them (|on_ranges()|), because the expression is costly for each line of a log as long as there are none.
---@param bufnr integer
---@param window integer
function M.on_window(bufnr, window)
  if (closed[window] or {})[bufnr] then
    return
  end
  local option = vim.wo[window][0]
  if option.foldexpr == EXPRESSION and option.foldmethod == 'expr' then
    M.on_ranges(bufnr)
    return
  end
  option.foldexpr = EXPRESSION
  option.foldtext = "v:lua.require'logsieve.folds'.text()"
  option.foldlevel = 99
  vim.api.nvim_win_call(window, function()
    vim.lsp.foldexpr(1)
  end)
end

--- For 'foldtext': of noise how many lines, why, and what is worst in it; of all else its first line and how many.
---@return [string, string][]
function M.text()
  local text = vim.lsp.foldtext()
  local count, why = text:match('^([%d,]+ lines)(: .*)$')
  if count and text ~= vim.fn.getline(vim.v.foldstart) then
    local reason, worst = why:match('^(.*)( %(worst: %a+%))$')
    local group = worst and (worst:find('warning') and 'LogSieveWarn' or 'LogSieveError')
    return { { count, 'LogSieveFoldCount' }, { reason or why, 'Folded' }, worst and { worst, group } or nil }
  end
  text = text:gsub('\27%[[%d;]*%a', ''):gsub('\t', '    ')
  return { { text, 'Folded' }, { ('  %d lines'):format(vim.v.foldend - vim.v.foldstart + 1), 'LogSieveFoldCount' } }
end

--- A window made by splitting has the folds of the one it was split from, open or closed.
---@param window integer
function M.on_split(window)
  local from = vim.fn.win_getid(vim.fn.winnr('#'))
  local bufnr = vim.api.nvim_win_get_buf(window)
  vim.schedule(function() -- ":new" and the like split too, and then show something else
    if vim.api.nvim_win_is_valid(window) and vim.api.nvim_win_get_buf(window) == bufnr and (closed[from] or {})[bufnr] then
      closed[window] = { [bufnr] = true }
    end
  end)
end

--- Close what says nothing in the windows where that has not been done yet, after ranges have arrived.
---@param bufnr integer
---@param client_id? integer
function M.on_ranges(bufnr, client_id)
  local client = require('logsieve').client(bufnr)
  if not client or (client_id and client.id ~= client_id) then
    return
  end
  vim.schedule(function() -- Neovim takes the ranges in after telling that they are there
    for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
      local option = vim.wo[window][0]
      if option.foldexpr == EXPRESSION and option.foldmethod ~= 'expr' then
        option.foldmethod = 'expr'
      end
    end
  end)
  if vim.tbl_get(client.settings, 'logsieve', 'foldOnOpen') == false then
    return
  end
  local windows = vim.tbl_filter(function(window)
    return not (closed[window] or {})[bufnr]
  end, vim.fn.win_findbuf(bufnr))
  if #windows > 0 then
    M.close(bufnr, windows)
  end
end

--- Folds go when a text is read anew, or its server ends. They are closed again when they are back, but for what the user
--- has opened.
---@param bufnr integer
function M.on_lost(bufnr)
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    if (closed[window] or {})[bufnr] then
      closed[window][bufnr] = nil
      opened[window] = opened[window] or {}
      opened[window][bufnr] = vim.api.nvim_win_call(window, function()
        local starts = {} ---@type table<integer, true>
        for _, range in ipairs(noise[bufnr] or {}) do
          if vim.fn.foldlevel(range.start + 1) > 0 and vim.fn.foldclosed(range.start + 1) == -1 then
            starts[range.start] = true
          end
        end
        return starts
      end)
    end
  end
end

--- Close all noise of a log.
---@param bufnr integer the log, or a view of it
---@param windows? integer[] those where that has not been done yet; default: all that show it
function M.close(bufnr, windows)
  local log = require('logsieve.view').log(bufnr)
  local uri = log or vim.uri_from_bufnr(bufnr)
  bufnr = log and vim.uri_to_bufnr(log) or bufnr
  require('logsieve').ask(bufnr, 'logsieve/noise', { uri = uri }, function(result)
    noise[bufnr] = result.noise
    for _, window in ipairs(windows or vim.fn.win_findbuf(bufnr)) do
      local left = windows and (opened[window] or {})[bufnr] or {}
      local is_done = windows and (closed[window] or {})[bufnr] -- by another answer
      if not is_done and vim.api.nvim_win_is_valid(window) and vim.api.nvim_win_get_buf(window) == bufnr then
        local done = vim.api.nvim_win_call(window, function()
          return M.close_ranges(result.noise, left)
        end)
        if done > 0 then
          closed[window] = closed[window] or {}
          closed[window][bufnr] = true
          opened[window] = nil
        end
      end
    end
  end)
end

--- Close the folds of the current window that cover exactly these ranges.
---@param ranges {start: integer, ['end']: integer}[] lines from 0, inclusive
---@param left table<integer, true> the first lines of those that stay open
---@return integer how many are as they should be
function M.close_ranges(ranges, left)
  local done = 0
  for _, range in ipairs(ranges) do
    local first, last = range.start + 1, range['end'] + 1
    local stays = left[range.start]
    if not stays and vim.fn.foldlevel(first) > 0 and vim.fn.foldclosed(first) == -1 then
      vim.cmd(('%dfoldclose'):format(first))
      if vim.fn.foldclosed(first) ~= first or vim.fn.foldclosedend(first) ~= last then
        vim.cmd(('%dfoldopen'):format(first)) -- another fold, around or inside, was closed instead
      end
    end
    if vim.fn.foldclosed(first) == first or (stays and vim.fn.foldlevel(first) > 0) then
      done = done + 1
    end
  end
  return done
end

--- The server's ranges have changed. Neovim 0.12 has no handler for this; announcing an opened document makes it ask again.
---@param client_id integer
function M.refresh(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  for bufnr in pairs(client and client.attached_buffers or {}) do
    vim.api.nvim_exec_autocmds('LspNotify', {
      buffer = bufnr,
      modeline = false,
      data = { client_id = client_id, method = 'textDocument/didOpen', params = {} },
    })
  end
end

return M
