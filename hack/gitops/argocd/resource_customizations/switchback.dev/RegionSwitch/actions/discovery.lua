local spec = obj.spec
local status = obj.status or {}
local isMoving = spec.type == "Failover" or spec.type == "Evacuate" or spec.type == "Switchback"
-- What the operator did by itself is a record: there is nothing to say yes or no to.
local isOpen = spec.trigger ~= "Automatic" and status.endTime == nil and not spec.abort
local approval = status.approval
local isWaiting = approval ~= nil and approval.grantedTime == nil and #(spec.approvals or {}) < 10

local actions = {}
actions["approve"] = {
  iconClass = "fa fa-fw fa-check",
  displayName = "Say yes to what waits for it",
  disabled = not (isOpen and isMoving and isWaiting),
  params = { { name = "comment", default = "" } },
}
-- After its end too: a region that was left is kept empty until then.
actions["abort"] = {
  iconClass = "fa fa-fw fa-ban",
  displayName = "Begin nothing more; end a freeze",
  disabled = spec.trigger == "Automatic" or spec.abort == true,
}
actions["suspend"] = {
  iconClass = "fa fa-fw fa-pause",
  displayName = "Begin nothing more until it is resumed",
  disabled = not (isOpen and isMoving) or spec.dryRun == true or spec.pause == true,
}
actions["resume"] = {
  iconClass = "fa fa-fw fa-play",
  displayName = "Go on",
  disabled = not (isOpen and spec.pause == true),
}
return actions
