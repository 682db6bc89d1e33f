--- :checkhealth logsieve
local M = {}

local health = vim.health
local INSTALL = 'pip install <path to the LogSieve checkout>'
local TAIL = 65536 -- bytes of the log that are looked at
local PATIENCE = 10000 -- milliseconds

---@param program string[] the command without its arguments
---@param ... string
---@return {code: integer, out: string[], problems: string[]} what it said, without empty lines
local function run(program, ...)
  local done, job = pcall(vim.system, vim.list_extend(vim.list_slice(program), { ... }), { text = true })
  local result = done and job:wait(PATIENCE) or { code = -1, stderr = tostring(job) }
  local function lines(text)
    return vim.split(text or '', '\n', { trimempty = true })
  end
  return { code = result.code, out = lines(result.stdout), problems = lines(result.stderr) }
end

local function neovim()
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
    return true
  end
  health.error('this is Neovim ' .. tostring(vim.version()), { 'install Neovim 0.11 or newer' })
  return false
end

--- The program, what it is and whether it fits the plugin.
---@param cmd any that of the configuration
---@return string[]? program
local function server(cmd)
  if type(cmd) ~= 'table' then
    health.info('the server is started by a function, which is not checked')
    return nil
  end
  local program = {} ---@type string[]
  for _, word in ipairs(cmd) do
    if word == 'lsp' then
      break
    end
    table.insert(program, word)
  end
  if vim.fn.executable(program[1]) == 0 then
    health.error(('`%s` is not an executable on the PATH'):format(program[1]), {
      INSTALL .. ', in an environment whose programs Neovim sees',
      "or name it: vim.lsp.config('logsieve', { cmd = { '/path/to/logsieve', 'lsp' } })",
    })
    return nil
  end
  local asked = run(program, '--version')
  local version = asked.code == 0 and (asked.out[1] or ''):match('^logsieve (%S+)')
  if not version then
    local said = asked.problems[#asked.problems] or asked.out[1] or 'nothing'
    health.error(('`%s --version` says: %s'):format(table.concat(program, ' '), said), { 'install it anew: ' .. INSTALL })
    return nil
  end
  local plugin = require('logsieve').VERSION
  if version == plugin then
    health.ok(('logsieve %s: %s'):format(version, vim.fn.exepath(program[1])))
  else
    local folder = run(program, 'nvim-path').out[1] or 'that `logsieve nvim-path` prints'
    health.error(('the program is logsieve %s, these files of Neovim are of %s'):format(version, plugin), {
      "'runtimepath' must have the program's folder: " .. folder,
      'or the program is an old one: ' .. INSTALL,
    })
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = 'logsieve' })) do
    local running = vim.tbl_get(client, 'server_info', 'version')
    if running ~= version then
      health.warn(('the server that runs is logsieve %s, the program %s'):format(running, version), {
        ':LogSieve restart',
      })
    end
  end
  return program
end

local function running()
  local enabled = vim.lsp._enabled_configs and vim.lsp._enabled_configs.logsieve
  if vim.lsp.is_enabled then
    enabled = vim.lsp.is_enabled('logsieve')
  end
  if enabled then
    health.ok('switched on')
  else
    health.warn('not switched on', { "vim.lsp.enable('logsieve')" })
  end
  local clients, logs = vim.lsp.get_clients({ name = 'logsieve' }), 0
  for _, client in ipairs(clients) do
    for bufnr in pairs(client.attached_buffers) do
      logs = logs + (require('logsieve.view').log(bufnr) and 0 or 1)
    end
  end
  health.info(('%d server(s) running for %d log(s)'):format(#clients, logs))
end

--- What the server complained of since Neovim was started.
---@param cmd any
local function log(cmd)
  local path = vim.lsp.log.get_filename()
  local file = io.open(path, 'rb')
  local found = {} ---@type string[]
  if file then
    file:seek('set', math.max(0, file:seek('end') - TAIL))
    local since = os.date('%Y-%m-%d %H:%M:%S', vim.g.loaded_logsieve)
    local mark = ('\t"rpc"\t%s\t"stderr"\t'):format(vim.inspect(type(cmd) == 'table' and cmd[1] or ''))
    for line in file:read('*a'):gmatch('[^\n]+') do
      local time = line:match('^%[%u+%]%[([^%]]+)%]')
      local _, last = line:find(mark, 1, true)
      if time and time >= since and last then
        vim.list_extend(found, vim.split(line:sub(last + 1):gsub('^"', ''):gsub('"$', ''), '\\n', { trimempty = true }))
      end
    end
    file:close()
  end
  if #found == 0 then
    health.ok('the server has complained of nothing; its log: ' .. path)
  else
    health.warn(('the server has complained, last of: %s'):format(found[#found]), {
      'its log says more: ' .. path,
      'if it does not work any more: :LogSieve restart',
    })
  end
end

---@param program string[]
---@param config vim.lsp.Config
local function packs(program, config)
  local listed = run(program, 'packs')
  for _, problem in ipairs(listed.problems) do
    health.error((problem:gsub('^logsieve: %a+: ', '')), { 'mend or delete it; `logsieve packs --check FILE` says whether it is fine' })
  end
  local all = vim.tbl_filter(function(line)
    return line:find('%d rules? ') ~= nil
  end, listed.out)
  local own = vim.tbl_filter(function(line)
    return not vim.endswith(line, 'built in')
  end, all)
  health.ok(('%d packs, %d of them your own'):format(#all, #own))
  for _, folder in ipairs(vim.tbl_get(config, 'settings', 'logsieve', 'packs', 'folders') or {}) do
    if vim.fn.isdirectory(vim.fn.expand(folder)) == 0 then
      health.warn(('`packs.folders` names %s, which is no folder'):format(folder), { 'make it, or take it out' })
    end
  end
  local theirs = vim.fs.root(0, '.logsieve/packs')
  if theirs and not vim.tbl_get(config, 'init_options', 'trusted') then
    health.info(('%s/packs is not read, see :help logsieve-trust'):format(theirs))
  end
end

---@param program string[]
local function extras(program)
  for _, line in ipairs(run(program, 'about').out) do
    if line:find('^%l+ %(.*%): ') then
      (line:find(': installed$') and health.ok or health.info)(line)
    end
  end
end

---@param config vim.lsp.Config
local function optional(config)
  local endpoint = vim.tbl_get(config, 'settings', 'logsieve', 'llm', 'endpoint') or ''
  if endpoint == '' then
    health.info(':LogSieve explain is off: settings.logsieve.llm.endpoint is empty')
  else
    health.info(':LogSieve explain asks ' .. endpoint)
  end
  if vim.fn.has('clipboard') == 1 then
    health.ok(':LogSieve copy reaches the clipboard')
  else
    health.warn('no clipboard: :LogSieve copy fills the unnamed register', { ':help clipboard' })
  end
end

function M.check()
  health.start('logsieve')
  if not neovim() then
    return
  end
  local config = vim.lsp.config.logsieve
  local program = server(config.cmd)
  running()
  log(config.cmd)
  if program then
    health.start('logsieve: packs')
    packs(program, config)
  end
  health.start('logsieve: what may be missing')
  if program then
    extras(program)
  end
  optional(config)
end

return M
