--- Asking a language model why the log failed: what is sent is shown first, the answer streams into a Markdown buffer.
local M = {}

--- Explanations under way, by the id their chunks carry.
---@type table<string, integer> id to buffer
local streams = {}
local count = 0
local marks = vim.api.nvim_create_namespace('logsieve.explain')

--- What goes on, above the answer.
---@param bufnr integer
---@param text string
local function status(bufnr, text)
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    vim.wo[window][0].winbar = text:gsub('%%', '%%%%'):gsub('\n', ' ')
  end
end

--- Make what the log does not bear out stand out: the server has marked it in words.
---@param bufnr integer
local function highlight(bufnr)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)) do
    for start, after in line:gmatch('()%*%(not .-%)%*()') do
      vim.api.nvim_buf_set_extmark(bufnr, marks, row - 1, start - 1, {
        end_col = after - 1,
        hl_group = 'DiagnosticWarn',
        sign_text = '!',
        sign_hl_group = 'DiagnosticSignWarn',
      })
    end
  end
end

---@param bufnr integer
---@param text string
---@param from? integer first line that is replaced, from 0; default: all
local function replace(bufnr, text, from)
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, from or 0, -1, false, vim.split(text, '\n'))
  vim.bo[bufnr].modifiable = false
end

---@param bufnr integer
---@param text string
local function append(bufnr, text)
  if vim.api.nvim_buf_is_valid(bufnr) then
    replace(bufnr, vim.api.nvim_buf_get_lines(bufnr, -2, -1, false)[1] .. text, -2)
  end
end

---@param text string
---@param filetype string
---@param source integer
---@return integer
local function scratch(text, filetype, source)
  vim.cmd.new()
  local bufnr = vim.api.nvim_get_current_buf()
  local option = vim.bo[bufnr]
  option.buftype = 'nofile'
  option.bufhidden = 'wipe'
  option.swapfile = false
  option.filetype = filetype
  vim.b[bufnr].logsieve_source = source
  vim.wo[0][0].wrap = true
  replace(bufnr, text)
  return bufnr
end

--- Ask for leave in front of the exact payload.
---@param preview {endpoint: string, model: string, payload: string, terms: string}
---@param source integer
---@return 'once'|'always'|nil
local function consents(preview, source)
  local shown = scratch(preview.payload, 'json', source)
  vim.cmd.redraw()
  local question = ('LogSieve: send this to %s, model %s? %s'):format(preview.endpoint, preview.model, preview.terms)
  local choice = vim.fn.confirm(question, '&Send once\n&Always here\n&Cancel', 3)
  vim.api.nvim_buf_delete(shown, { force = true })
  return ({ 'once', 'always' })[choice]
end

--- From a line of an explanation to the line of the log it names: a link (`#L41`), `L41`, "line 41" or `41 | ...`; from a
--- link to the code to the code.
function M.follow()
  local bufnr = vim.api.nvim_get_current_buf()
  local text, column = vim.api.nvim_get_current_line(), vim.api.nvim_win_get_cursor(0)[2] + 1
  local source = vim.b[bufnr].logsieve_source
  local own = require('logsieve.view').log(source) or vim.uri_from_bufnr(source)
  for first, uri, number, last in text:gmatch('()%b[]%((file:[^%s()]*)#L(%d+)%)()') do
    if uri ~= own and first <= column and column < last then
      local at = { line = tonumber(number) - 1, character = 0 }
      vim.lsp.util.show_document({ uri = uri, range = { start = at, ['end'] = at } }, 'utf-16', { focus = true })
      return
    end
  end
  text = text:gsub('%b[]%((file:[^%s()]*)#L%d+%)', function(uri)
    return uri ~= own and '' or nil
  end)
  local best, distance
  for _, pattern in ipairs({ '()%f[%w]L(%d+)', '()%f[%w][Ll]ines? (%d+)', '()%f[%d](%d+)[ \t]*|' }) do
    for at, number in text:gmatch(pattern) do
      if not best or math.abs(at - column) < distance then
        best, distance = tonumber(number), math.abs(at - column)
      end
    end
  end
  if not best or best < 1 then
    require('logsieve').tell('no line of the log is named here')
    return
  end
  require('logsieve.view').line(source, best)
end

---@param bufnr integer
---@param finding? integer
---@param preview {payload: string, model: string}
---@param agreed 'once'|'always'
local function send(bufnr, finding, preview, agreed)
  local logsieve = require('logsieve')
  count = count + 1
  local id = ('%d-%d'):format(vim.fn.getpid(), count)
  local answer = scratch('', 'markdown', bufnr)
  for _, key in ipairs({ '<CR>', 'gd' }) do
    vim.keymap.set('n', key, M.follow, { buffer = answer, desc = 'Go to the line of the log that is named here' })
  end
  streams[id] = answer
  local request
  local function stop()
    local client = logsieve.client(bufnr)
    if streams[id] and client and request then
      streams[id] = nil
      client:cancel_request(request)
      status(answer, 'stopped')
    end
  end
  status(answer, preview.model .. ' explains; <C-c> stops it')
  local params = { uri = vim.uri_from_bufnr(bufnr), finding = finding, id = id, payload = preview.payload }
  params.consent, params.remember = true, agreed == 'always'
  request = logsieve.ask(bufnr, 'logsieve/explain', params, function(result)
    streams[id] = nil
    if not vim.api.nvim_buf_is_valid(answer) then
      return
    end
    if result.text ~= '' then
      replace(answer, result.header .. '\n\n' .. result.text) -- what has streamed, its quotes now checked against the log
    end
    if result.error and result.error ~= vim.NIL then
      append(answer, '\n\n**The answer ended with an error:**\n\n    ' .. result.error:gsub('\n', ' ') .. '\n')
    end
    highlight(answer)
    status(answer, '')
    if result.unverified > 0 then
      logsieve.tell(('%d of the answer\'s quotes are not in the log'):format(result.unverified), 'WARN')
    end
  end)
  vim.keymap.set('n', '<C-c>', stop, { buffer = answer, desc = 'Stop the explanation' })
  vim.api.nvim_create_autocmd('BufWipeout', { buffer = answer, once = true, callback = stop })
end

--- Explain the failure, or one finding of it.
---@param bufnr integer
---@param finding? integer
function M.explain(bufnr, finding)
  local logsieve = require('logsieve')
  local params = { uri = vim.uri_from_bufnr(bufnr), finding = finding }
  logsieve.ask(bufnr, 'logsieve/explainPreview', params, function(preview)
    if preview.problem and preview.problem ~= vim.NIL then
      logsieve.tell(preview.problem, 'ERROR')
      return
    end
    local agreed = preview.consented and 'always' or consents(preview, bufnr)
    if agreed then
      send(bufnr, finding, preview, agreed)
    end
  end)
end

--- Ask anew about an endpoint that was agreed to.
---@param bufnr integer
function M.forget(bufnr)
  local logsieve = require('logsieve')
  logsieve.ask(bufnr, 'logsieve/consent', vim.empty_dict(), function(known)
    if #known.endpoints == 0 then
      logsieve.tell('nothing is remembered; each send is asked about')
      return
    end
    vim.ui.select(known.endpoints, { prompt = 'Ask again before sending to' }, function(endpoint)
      if endpoint then
        vim.cmd.redraw() -- the list goes: a message below it would have Neovim ask for <CR>
        logsieve.ask(bufnr, 'logsieve/consent', { endpoint = endpoint, granted = false }, function()
          logsieve.tell(('sending to %s is asked about again'):format(endpoint))
        end)
      end
    end)
  end)
end

---@param note {id: string, text: string}
function M.on_note(note)
  if streams[note.id] then
    status(streams[note.id], note.text .. ' (<C-c> stops it)')
  end
end

---@param chunk {id: string, text: string}
function M.on_chunk(chunk)
  if streams[chunk.id] then
    append(streams[chunk.id], chunk.text)
  end
end

return M
