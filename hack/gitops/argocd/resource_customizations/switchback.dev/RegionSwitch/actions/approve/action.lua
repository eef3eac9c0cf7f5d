-- Argo CD does not tell a script who is asking: its own audit log does. So the approval is by `argocd`.
local os = require("os")
local approval = { by = "argocd", at = os.date("!%Y-%m-%dT%XZ") }
if actionParams ~= nil and actionParams.comment ~= nil and actionParams.comment ~= "" then
  approval.comment = actionParams.comment
end
obj.spec.approvals = obj.spec.approvals or {}
obj.spec.approvals[#obj.spec.approvals + 1] = approval
return obj
