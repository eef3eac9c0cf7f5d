-- Runs a script as Argo CD does: `arg[1]` is the file of the script, `arg[2]` a file that returns obj and actionParams. What is
-- open is `base`, `table`, `package`, and of `os` only `time` and `date`, by `require` (util/lua/lua.go, oslib_safe.go there).
local format, gsub, byte, concat = string.format, string.gsub, string.byte, table.concat
local write, exit, setmeta = io.write, os.exit, setmetatable
local time, date, frozen = os.time, os.date, os.getenv("LUA_NOW")

local safe = {
  time = function(parts)
    return parts == nil and frozen ~= nil and tonumber(frozen) or time(parts)
  end,
  date = function(text, at)
    if at == nil and frozen ~= nil then
      at = tonumber(frozen)
    end
    if at == nil then
      return date(text)
    end
    return date(text, at)
  end,
}
local script = assert(loadfile(arg[1]))
obj, actionParams = assert(loadfile(arg[2]))()

local closed = { "string", "math", "io", "os", "debug", "coroutine", "channel", "arg" }
for _, name in ipairs(closed) do
  _G[name] = nil
  package.loaded[name] = nil
end
package.preload.os = function()
  return safe
end
getmetatable("").__index = nil

local function quote(text)
  return '"' .. gsub(text, '[%c"\\]', function(char)
    return format("\\u%04x", byte(char))
  end) .. '"'
end
local function encode(value)
  if type(value) == "string" then
    return quote(value)
  end
  if type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  -- An empty table is an empty list, as in Argo CD.
  if #value > 0 or next(value) == nil then
    for index, item in ipairs(value) do
      parts[index] = encode(item)
    end
    return "[" .. concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do
    parts[#parts + 1] = quote(key) .. ":" .. encode(item)
  end
  return "{" .. concat(parts, ",") .. "}"
end

local ok, result = pcall(script)
if not ok then
  write('{"error":' .. quote(tostring(result)) .. "}")
  return
end
write('{"result":' .. encode(result) .. "}")
