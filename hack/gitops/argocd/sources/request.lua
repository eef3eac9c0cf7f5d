-- Asks for it by annotation, which is not in Git: no difference, and nothing that self-healing takes back. The operator
-- carries a nonce out once, and nothing that has expired. `@TYPE@` is what is asked for.
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
-- What a person typed becomes part of JSON only when it equals a name that stands in the spec: there is no library to
-- quote text with. The reason is an annotation of its own.
local function region()
  local wanted = param("region")
  for _, unit in ipairs(obj.spec.infrastructureUnits) do
    if unit.region == wanted then
      return ',"region":"' .. unit.region .. '"'
    end
  end
  error("Name a region of this IUGroup in the parameter region")
end
local function seconds(name, default)
  local number = tonumber(param(name) or default)
  if number == nil or number ~= number or number < 1 or number > 604800 or number % 1 ~= 0 then
    error("The parameter " .. name .. " must be a whole number of seconds, from 1 to 604800")
  end
  return number
end
local function staying(kind)
  return ',"drill":{"kind":"' .. kind .. '","staySeconds":' .. seconds("staySeconds", 300) .. "}"
end

local nonce = "argocd-@ACTION@-" .. os.time()
local request = '{"nonce":"' .. nonce .. '","type":"@TYPE@","expiresAt":"' .. at(900) .. '"'
@BODY@
local metadata = obj.metadata
metadata.annotations = metadata.annotations or {}
metadata.annotations["switchback.dev/request"] = request .. "}"
metadata.annotations["switchback.dev/request-reason"] = param("reason") or "@ACTION@ by Argo CD"
return obj
