--- The logs of an archive, which are triaged together: to choose from, to walk, and told of again by a server that is new.
local M = {}

---@type table<string, string[]> by log: those of its archive, failed ones first
local together = {}
---@type table<string, logsieve.Status> by log
local known = {}
---@type table<string, integer> by archive: the client that tells of its logs
local tellers = {}

--- The logs of the archive that one is in, itself included; nil where it is in none, or alone there.
---@param log string
---@return string[]?
function M.of(log)
  local logs = together[log]
  return logs and #logs > 1 and logs or nil
end

--- Whether two logs are one, or in one archive.
---@param log string
---@param other string?
---@return boolean
function M.belong(log, other)
  return log == other or (together[log] ~= nil and together[log] == together[other])
end

--- How one stands.
---@param log string
---@return logsieve.Status?
function M.status(log)
  return known[log]
end

--- The log's name in its archive.
---@param log string its URI
---@return string
function M.name(log)
  return vim.uri_decode(log:match('%%21/(.*)$'))
end

---@param log string
---@return string
local function archive_of(log)
  return (log:gsub('%%21/.*$', ''))
end

--- The name of the archive; nil for a log that is in none, or alone there.
---@param log string
---@return string?
function M.archive(log)
  return M.of(log) and vim.fs.basename(vim.uri_decode(archive_of(log)))
end

---@param status logsieve.Status
function M.on_status(status)
  if status.uri:find('%21/', 1, true) then
    known[status.uri] = status
  end
end

--- An archive has been read.
---@param logs string[]
---@param client_id integer
function M.join(logs, client_id)
  for _, log in ipairs(logs) do
    together[log] = logs
  end
  if #logs > 1 then
    tellers[archive_of(logs[1])] = client_id
    local failed = vim.iter(logs):filter(function(log)
      return known[log] and known[log].verdict == 'failed'
    end)
    local of = ('%d of %d logs in %s'):format(#failed:totable(), #logs, M.archive(logs[1]))
    require('logsieve').tell(of .. ' failed, see :LogSieve jobs')
  end
end

--- A view of a log was read by this client, which if it is a new one knows nothing yet of the other logs of its archive.
---@param log string
---@param client vim.lsp.Client
function M.on_read(log, client)
  local archive = M.of(log) and archive_of(log)
  if archive and tellers[archive] ~= client.id then
    tellers[archive] = client.id
    client:request('logsieve/reducedView', { uri = archive }, function() end)
  end
end

--- The others of its archive, the next (1) or previous (-1) first.
---@param log string
---@param direction 1|-1
---@return string[]
function M.others(log, direction)
  local logs = M.of(log) or {}
  local before, after, here = {}, {}, false
  for _, each in ipairs(logs) do
    here = here or each == log
    if each ~= log then
      table.insert(here and after or before, each)
    end
  end
  local around = vim.list_extend(after, before)
  return direction == 1 and around or vim.iter(around):rev():totable()
end

--- Choose one of its archive, and open its reduced log.
---@param bufnr integer a view of one of them
function M.pick(bufnr)
  local logsieve, view = require('logsieve'), require('logsieve.view')
  local logs = M.of(view.log(bufnr) or '')
  if not logs then
    logsieve.tell('this log is not one of several in an archive')
    return
  end
  vim.ui.select(logs, {
    prompt = 'LogSieve: ' .. M.archive(logs[1]),
    kind = 'logsieve',
    format_item = function(log)
      return ('%-32s %s'):format(known[log] and logsieve.summary(known[log]) or '', M.name(log))
    end,
  }, function(log)
    if log then
      view.open(bufnr, nil, log)
    end
  end)
end

return M
