--- :checkhealth logsieve
local M = {}

function M.check()
  local health = vim.health
  health.start('logsieve')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 or newer is needed, this is ' .. tostring(vim.version()))
    return
  end
  local config = vim.lsp.config.logsieve
  local command = type(config.cmd) == 'table' and config.cmd[1] or 'logsieve'
  if vim.fn.executable(command) == 0 then
    health.error(('`%s` is not an executable on the PATH'):format(command), {
      'pip install <path to the LogSieve checkout>, in an environment whose programs Neovim sees',
      "or name it: vim.lsp.config('logsieve', { cmd = { '/path/to/logsieve', 'lsp' } })",
    })
  else
    local run = vim.system({ command, '--version' }, { text = true }):wait(10000)
    if run.code == 0 then
      health.ok(('%s: %s'):format(vim.fn.exepath(command), vim.trim(run.stdout)))
    else
      health.error(('`%s --version` failed: %s'):format(command, vim.trim(run.stderr or '')))
    end
  end
  local enabled = vim.lsp._enabled_configs and vim.lsp._enabled_configs.logsieve
  if vim.lsp.is_enabled then
    enabled = vim.lsp.is_enabled('logsieve')
  end
  if enabled then
    health.ok('switched on')
  else
    health.warn('not switched on', { "vim.lsp.enable('logsieve')" })
  end
  local clients = vim.lsp.get_clients({ name = 'logsieve' })
  local logs = 0
  for _, client in ipairs(clients) do
    for bufnr in pairs(client.attached_buffers) do
      logs = logs + (require('logsieve.view').log(bufnr) and 0 or 1)
    end
  end
  health.info(('%d server(s) running for %d log(s)'):format(#clients, logs))
  local endpoint = vim.tbl_get(config.settings or {}, 'logsieve', 'llm', 'endpoint') or ''
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

return M
