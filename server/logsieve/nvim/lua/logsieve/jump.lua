--- Walking from failure to failure and from section to section, in the order of the log and on into other open logs.
local M = {}

--- The other open logs, the next (1) or previous (-1) first.
---@param uri string a log
---@param direction 1|-1
---@return integer[] bufnrs
local function others(uri, direction)
  local here = vim.uri_to_bufnr(uri)
  local before, after = {}, {}
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local is_log = vim.api.nvim_buf_is_loaded(bufnr) and vim.b[bufnr].logsieve_status
    if is_log and bufnr ~= here and not require('logsieve.view').log(bufnr) then
      table.insert(bufnr < here and before or after, bufnr)
    end
  end
  local around = vim.list_extend(after, before)
  return direction == 1 and around or vim.iter(around):rev():totable()
end

--- The cursor's line in a buffer, from 0, where a window shows it.
---@param bufnr integer
---@return integer?
local function cursor(bufnr)
  local window = vim.fn.bufwinid(bufnr)
  return window ~= -1 and vim.api.nvim_win_get_cursor(window)[1] - 1 or nil
end

---@param failure table the result of `logsieve/failure`
---@param bufnr integer
local function show(failure, bufnr)
  local logsieve = require('logsieve')
  require('logsieve.view').show(failure.location, logsieve.client(bufnr))
  vim.api.nvim_echo({ { ('%d of %d: %s'):format(failure.number, failure.of, failure.title) } }, false, {})
end

--- Go to the next (1) or previous (-1) failure seen from the cursor: after the last one of a log to the next log of its
--- archive, or the next open one, that has any, or around the end of this one.
---@param bufnr integer
---@param direction 1|-1
function M.failure(bufnr, direction)
  local logsieve = require('logsieve')
  local jobs = require('logsieve.jobs')
  local uri = vim.uri_from_bufnr(bufnr)

  ---@param from integer
  ---@param to string
  local function enter(from, to)
    logsieve.ask(from, 'logsieve/failure', { uri = to, step = direction }, function(found) -- without a line: from an end
      show(found, from)
    end)
  end

  logsieve.ask(bufnr, 'logsieve/failure', { uri = uri, line = cursor(bufnr), step = direction }, function(failure)
    local log = require('logsieve.view').log(bufnr) or uri
    local job = failure.around
      and vim.iter(jobs.others(log, direction)):find(function(each)
        return (jobs.status(each) or { errors = 0 }).errors > 0
      end)
    local other = failure.around
      and vim.iter(others(log, direction)):find(function(each)
        return vim.b[each].logsieve_status.errors > 0
      end)
    if job and vim.startswith(uri, 'logsieve://reduced/') then
      logsieve.ask(bufnr, 'logsieve/reducedView', { uri = job }, function(view)
        enter(bufnr, view.uri)
      end)
    elseif job then
      enter(bufnr, job)
    elseif other then
      enter(other, vim.uri_from_bufnr(other))
    else
      show(failure, bufnr)
    end
  end)
end

--- Where the sections of a log begin and end, in the order of the log.
---@param symbols lsp.DocumentSymbol[]
---@param found? [integer, integer][]
---@return [integer, integer][]
local function sections(symbols, found)
  found = found or {}
  for _, symbol in ipairs(symbols) do
    if symbol.kind == vim.lsp.protocol.SymbolKind.Namespace then
      table.insert(found, { symbol.range.start.line, symbol.range['end'].line, symbol.name })
      sections(symbol.children or {}, found)
    end
  end
  return found
end

--- The rows on which sections begin: in a view, on which the first line of each is shown.
---@param bufnr integer
---@param found [integer, integer, string][]
---@return {row: integer, name: string}[] each row once
local function stops(bufnr, found)
  local lines = require('logsieve.marks').lines(bufnr)
  local is_view = require('logsieve.view').log(bufnr) ~= nil
  local rows, seen = {}, {}
  for _, section in ipairs(found) do
    local row = section[1] ---@type integer?
    if is_view then
      row = nil
      for index, line in ipairs(lines) do
        if line >= section[1] then
          row = line <= section[2] and index - 1 or nil
          break
        end
      end
    end
    if row and not seen[row] then
      seen[row] = true
      table.insert(rows, { row = row, name = section[3] })
    end
  end
  return rows
end

--- Go to the beginning of the next (1) or previous (-1) section, after the last one in the next open log that has any.
---@param bufnr integer
---@param direction 1|-1
---@param tried? integer how many other logs had none
function M.section(bufnr, direction, tried)
  local logsieve, view = require('logsieve'), require('logsieve.view')
  local log = view.log(bufnr) or vim.uri_from_bufnr(bufnr)
  logsieve.ask(bufnr, 'textDocument/documentSymbol', { textDocument = { uri = log } }, function(symbols)
    local here = not tried and cursor(bufnr) or (direction == 1 and -1 or math.huge)
    local found = stops(bufnr, sections(symbols or {}))
    local best
    for _, stop in ipairs(found) do
      if (stop.row - here) * direction > 0 and (not best or (best.row - stop.row) * direction > 0) then
        best = stop
      end
    end
    local around = others(log, direction)
    if best then
      local at = { line = best.row, character = 0 }
      view.show({ uri = vim.uri_from_bufnr(bufnr), range = { start = at, ['end'] = at } }, logsieve.client(bufnr))
      vim.api.nvim_echo({ { best.name } }, false, {})
    elseif (tried or 0) < #around then
      M.section(around[1], direction, (tried or 0) + 1)
    else
      logsieve.tell(direction == 1 and 'no further section' or 'no earlier section')
    end
  end)
end

return M
