-- Asks for it by annotation, which is not in Git: no difference, and nothing that self-healing takes back. The operator
-- carries a nonce out once, and nothing that has expired. `Approve` is what is asked for.
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

local nonce = "argocd-approve-" .. os.time()
local request = '{"nonce":"' .. nonce .. '","type":"Approve","expiresAt":"' .. at(900) .. '"'
-- Argo CD does not tell a script who is asking: its own audit log does.
request = request .. ',"by":"argocd"'
local metadata = obj.metadata
metadata.annotations = metadata.annotations or {}
metadata.annotations["switchback.dev/request"] = request .. "}"
metadata.annotations["switchback.dev/request-reason"] = param("reason") or "approve by Argo CD"
return obj
