--- A log's escape sequences: hidden, and what they colour in their colours. Nothing is kept but the colours in use.
local M = {}

local LONGEST = 4000 -- bytes of a line that are looked at
local MOST = 500 -- different colours; logs decide how many there are

local space = vim.api.nvim_create_namespace('logsieve.colours')

-- The sixteen colours where the scheme sets no |terminal-config|: VS Code's, which can be read on dark and light.
-- stylua: ignore
local SIXTEEN = {
  [0] = '#555555', '#cd3131', '#0d9a5e', '#a8890b', '#2472c8', '#bc3fbc', '#0e8fad', '#8c8c8c',
  '#767676', '#f14c4c', '#14a86a', '#b5960d', '#3b8eea', '#d670d6', '#1697b5', '#a5a5a5',
}
local LEVELS = { [0] = 0, 95, 135, 175, 215, 255 } -- of the cube of 216 colours

---@param index integer 0 to 255
---@return string
local function indexed(index)
  if index < 16 then
    return vim.g['terminal_color_' .. index] or SIXTEEN[index]
  elseif index < 232 then
    local cube = index - 16
    local red, green, blue = LEVELS[math.floor(cube / 36)], LEVELS[math.floor(cube / 6) % 6], LEVELS[cube % 6]
    return ('#%02x%02x%02x'):format(red, green, blue)
  end
  local grey = 8 + 10 * (index - 232)
  return ('#%02x%02x%02x'):format(grey, grey, grey)
end

---@class logsieve.Look
---@field fg? string
---@field bg? string
---@field bold? boolean
---@field italic? boolean
---@field underline? boolean

--- Codes that set one thing, or take it away.
---@type table<integer, [string, true?]>
-- stylua: ignore
local PLAIN = {
  [1] = { 'bold', true }, [3] = { 'italic', true }, [4] = { 'underline', true },
  [22] = { 'bold' }, [23] = { 'italic' }, [24] = { 'underline' }, [39] = { 'fg' }, [49] = { 'bg' },
}
--- Codes of colours by their tens; the last digit is one of eight colours, from 90 on of the eight bright ones.
local PLACES = { [3] = 'fg', [4] = 'bg', [9] = 'fg', [10] = 'bg' }

--- The look after a sequence of SGR ("Select Graphic Rendition") parameters.
---@param look logsieve.Look
---@param parameters string such as "36;1"
---@return logsieve.Look
local function after(look, parameters)
  local codes = vim.tbl_map(function(code)
    return math.min(tonumber(code) or 0, 999) -- of hundreds of digits there are numbers that are none
  end, vim.split(parameters, '[;:]'))
  look = vim.deepcopy(look)
  local at = 1
  while codes[at] do
    local code = codes[at]
    local tens, digit = math.floor(code / 10), code % 10
    local place = PLACES[tens]
    if code == 0 then
      look = {}
    elseif PLAIN[code] then
      local what, value = unpack(PLAIN[code])
      look[what] = value
    elseif place and digit < 8 then
      look[place] = indexed(digit + (tens < 9 and 0 or 8))
    elseif (code == 38 or code == 48) and codes[at + 1] == 5 then
      look[place] = indexed((codes[at + 2] or 0) % 256)
      at = at + 2
    elseif (code == 38 or code == 48) and codes[at + 1] == 2 then
      local red, green, blue = codes[at + 2] or 0, codes[at + 3] or 0, codes[at + 4] or 0
      look[place] = ('#%02x%02x%02x'):format(red % 256, green % 256, blue % 256)
      at = at + 4
    end
    at = at + 1
  end
  return look
end

local started = false
local groups, count = {}, 0 ---@type table<string, string>, integer
local missing = {} ---@type table<string, logsieve.Look>

--- Define the colours that were met for the first time: while the screen is drawn that would mix up those there are.
local function define()
  for name, look in pairs(missing) do
    vim.api.nvim_set_hl(0, name, look)
    groups[name] = name
  end
  missing = {}
  vim.cmd.redraw({ bang = true })
end

---@param look logsieve.Look
---@return string? group nil where there is nothing to see, or not yet
local function group_of(look)
  if next(look) == nil then
    return nil
  end
  local name = ('LogSieveColour_%s_%s_%s%s%s'):format(
    (look.fg or ''):gsub('%W', ''),
    (look.bg or ''):gsub('%W', ''),
    look.bold and 'b' or '',
    look.italic and 'i' or '',
    look.underline and 'u' or ''
  )
  if not groups[name] and not missing[name] and count < MOST then
    if next(missing) == nil then
      vim.schedule(define)
    end
    count = count + 1
    missing[name] = look
  end
  return groups[name]
end

--- Where the next escape sequence of a line is: its first byte, its last, and its parameters if it is about looks.
---@param line string
---@param from integer
---@return integer?, integer?, string?
local function next_sequence(line, from)
  local start = line:find('\27', from, true)
  if not start then
    return nil
  end
  local _, last, parameters, final = line:find('^%[([0-?]*)[ -/]*([@-~])', start + 1)
  if last then
    return start, last, final == 'm' and parameters:match('^[%d;:]*$') or nil
  end
  for _, pattern in ipairs({ '^%][^\7\27]*\7', '^%][^\7\27]*\27\\', '^[ -/]*[0-Z\\^-~]' }) do
    _, last = line:find(pattern, start + 1)
    if last then
      return start, last, nil
    end
  end
  return start, start, nil
end

---@param bufnr integer
---@param row integer from 0
local function draw(bufnr, row)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1]
  if not line or not line:find('\27', 1, true) then
    return
  end
  line = line:sub(1, LONGEST)
  local look, from = {}, 1
  while from <= #line do
    local start, last, parameters = next_sequence(line, from)
    local group = group_of(look)
    local stop = start and start - 1 or #line
    if group and stop >= from then
      local mark = { end_col = stop, hl_group = group, ephemeral = true, priority = 90 }
      vim.api.nvim_buf_set_extmark(bufnr, space, row, from - 1, mark)
    end
    if not start then
      return
    end
    vim.api.nvim_buf_set_extmark(bufnr, space, row, start - 1, { end_col = last, conceal = '', ephemeral = true })
    look = parameters and after(look, parameters) or look
    from = last + 1
  end
end

--- Draw in all windows that show logs; views have no sequences.
local function start()
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = vim.api.nvim_create_augroup('logsieve.colours', {}),
    callback = function()
      groups, count = {}, 0
    end,
  })
  vim.api.nvim_set_decoration_provider(space, {
    on_win = function(_, _, bufnr)
      return vim.b[bufnr].logsieve_status ~= nil and vim.bo[bufnr].buftype ~= 'nofile'
    end,
    on_line = function(_, _, bufnr, row)
      draw(bufnr, row)
    end,
  })
end

--- Hide the sequences in a window that shows a log. 'conceallevel' 0 shows them.
---@param window integer
function M.on_window(window)
  if not started then
    started = true
    start()
  end
  local bufnr = vim.api.nvim_win_get_buf(window)
  if vim.w[window].logsieve_concealed ~= bufnr then -- once: the user may have made up their mind
    vim.w[window].logsieve_concealed = bufnr
    vim.wo[window][0].conceallevel = 2
    vim.wo[window][0].concealcursor = 'nc'
  end
end

return M
