local units = obj.spec.infrastructureUnits or {}
local status = obj.status or {}
local hasOthers = #units > 1
local requests = #(status.requests or {})

-- The region that is lost, if one is: what a failover is asked for.
local lost = ""
for _, region in ipairs(status.regions or {}) do
  if region.state == "Lost" then
    lost = region.region
  end
end
local function asking(icon, name, disabled, ...)
  local params = { ... }
  params[#params + 1] = { name = "reason", default = "" }
  return { iconClass = "fa fa-fw " .. icon, displayName = name, disabled = disabled, params = params }
end
local function region(default)
  return { name = "region", default = default }
end

local actions = {}
actions["failover"] = asking("fa-bolt", "Fail over: leave a region that is lost", not hasOthers, region(lost))
actions["evacuate"] = asking("fa-right-from-bracket", "Evacuate: leave a healthy region", not hasOthers, region(""))
actions["switchback"] = asking("fa-house", "Switch back: go home to a region", status.switchback == nil, region(""))
actions["drill"] = asking(
  "fa-graduation-cap",
  "Drill: leave a region for a while and come home",
  not hasOthers,
  region(""),
  { name = "kind", default = "Region" },
  { name = "staySeconds", default = "300" }
)
actions["suspend"] = asking("fa-pause", "Freeze: nothing moves by itself", false, { name = "seconds", default = "3600" })
actions["resume"] = asking("fa-play", "End the freezes that were asked for here", requests == 0)
actions["approve"] = asking("fa-check", "Say yes to what was asked for here and waits for it", requests == 0)
actions["abort"] =
  asking("fa-ban", "Abort what was asked for here, and drills", requests == 0 and #(status.drills or {}) == 0)
return actions
