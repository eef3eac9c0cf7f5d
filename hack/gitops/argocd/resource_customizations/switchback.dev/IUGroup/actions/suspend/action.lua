-- Asks for it by annotation, which is not in Git: no difference, and nothing that self-healing takes back. The operator
-- carries a nonce out once, and nothing that has expired. `Freeze` is what is asked for.
local os = require("os")
local function param(name)
  if actionParams == nil or actionParams[name] == "" then
    return nil
  end
  return actionParams[name]
end
local function at(seconds)
  -- The clock of UTC read as local time, and written as local time: right in every time zone.
  return os.date("%Y-%m-%dT%XZ", os.time(os.date("!*t")) + seconds)
end
local function seconds(name, default)
  local number = tonumber(param(name) or default)
  if number == nil or number ~= number or number < 1 or number > 604800 or number % 1 ~= 0 then
    error("The parameter " .. name .. " must be a whole number of seconds, from 1 to 604800")
  end
  return number
end

local nonce = "argocd-suspend-" .. os.time()
local request = '{"nonce":"' .. nonce .. '","type":"Freeze","expiresAt":"' .. at(900) .. '"'
request = request .. ',"switchExpiresAt":"' .. at(seconds("seconds", 3600)) .. '"'
local metadata = obj.metadata
metadata.annotations = metadata.annotations or {}
metadata.annotations["switchback.dev/request"] = request .. "}"
metadata.annotations["switchback.dev/request-reason"] = param("reason") or "suspend by Argo CD"
return obj
