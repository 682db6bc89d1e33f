--- The findings in the quickfix or the location list, or to choose from; root cause first.
local M = {}

local TYPES = { error = 'E', warning = 'W', info = 'I' }

--- The name of the log that a buffer shows, or of its archive.
---@param bufnr integer
---@return string
local function name_of(bufnr)
  local log = require('logsieve.view').log(bufnr)
  return log and require('logsieve.jobs').archive(log)
    or vim.fs.basename(vim.uri_decode(log or vim.api.nvim_buf_get_name(bufnr)))
end

---@param bufnr integer
---@param found fun(findings: table[]) of an archive those of all its logs; `place` names each's log there and its line
local function findings(bufnr, found)
  local logsieve, jobs = require('logsieve'), require('logsieve.jobs')
  local log = require('logsieve.view').log(bufnr)
  local logs = log and jobs.of(log)
  local all, name_width, digits = {}, 0, 0

  ---@param at integer
  local function gather(at)
    local each = logs and logs[at]
    if at > (logs and #logs or 1) then
      if #all == 0 then
        logsieve.tell('nothing was found in this log')
        return
      end
      for _, finding in ipairs(all) do
        local blanks = (' '):rep(name_width - vim.fn.strdisplaywidth(finding.job))
        finding.place = finding.job .. blanks .. ('%' .. digits .. 'd'):format(finding.line + 1)
      end
      found(all)
      return
    end
    local uri = each ~= log and each or vim.uri_from_bufnr(bufnr) -- of the log that is shown: where it is shown
    logsieve.ask(bufnr, 'logsieve/findings', { uri = uri }, function(result)
      for _, finding in ipairs(result.findings) do
        finding.job = each and jobs.name(each) .. ' ' or ''
        name_width = math.max(name_width, vim.fn.strdisplaywidth(finding.job))
        digits = math.max(digits, #tostring(finding.line + 1))
        table.insert(all, finding)
      end
      gather(at + 1)
    end)
  end
  gather(1)
end

--- Where in the log, of which kind, and what. The names of windows would say less.
---@param kind string
---@param finding {place: string, category: string, count: integer}
---@param title string
---@return string
local function described(kind, finding, title)
  local count = finding.count > 1 and (' (%d times)'):format(finding.count) or ''
  return ('%s %s %-12s %s%s'):format(finding.place, kind, finding.category, title, count)
end

--- Fill and open the quickfix list, or the location list of the window.
---@param bufnr integer
---@param is_local? boolean
function M.open(bufnr, is_local)
  local window = vim.api.nvim_get_current_win()
  findings(bufnr, function(all)
    local items = vim.tbl_map(function(finding)
      local start = finding.location.range.start
      return {
        bufnr = vim.uri_to_bufnr(finding.location.uri),
        lnum = start.line + 1,
        col = start.character + 1,
        type = TYPES[finding.severity],
        text = finding.title,
        user_data = { place = finding.place, category = finding.category, count = finding.count },
      }
    end, all)
    local what = {
      title = 'LogSieve: ' .. name_of(bufnr),
      items = items,
      quickfixtextfunc = "v:lua.require'logsieve.list'.text",
    }
    if is_local and vim.api.nvim_win_is_valid(window) then
      vim.fn.setloclist(window, {}, ' ', what)
      vim.api.nvim_set_current_win(window)
      vim.cmd.lopen()
    else
      vim.fn.setqflist({}, ' ', what)
      vim.cmd('botright copen')
    end
  end)
end

--- The lines of a list.
---@param info {quickfix: 0|1, winid: integer, id: integer, start_idx: integer, end_idx: integer}
---@return string[]
function M.text(info)
  local wanted = { id = info.id, items = 0 }
  local list = info.quickfix == 1 and vim.fn.getqflist(wanted) or vim.fn.getloclist(info.winid, wanted)
  return vim
    .iter(list.items)
    :slice(info.start_idx, info.end_idx)
    :map(function(item)
      return described(item.type, item.user_data, item.text)
    end)
    :totable()
end

--- Choose one through |vim.ui.select()| and go there.
---@param bufnr integer
function M.pick(bufnr)
  findings(bufnr, function(all)
    vim.ui.select(all, {
      prompt = 'LogSieve: ' .. name_of(bufnr),
      kind = 'logsieve',
      format_item = function(finding)
        return described(TYPES[finding.severity], finding, finding.title)
      end,
    }, function(finding)
      if finding then
        require('logsieve.view').show(finding.location, require('logsieve').client(bufnr))
      end
    end)
  end)
end

return M
