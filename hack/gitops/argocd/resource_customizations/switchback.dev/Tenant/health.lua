-- Read in the order in which kstatus reads, so that Argo CD, Flux and Helm say the same. Only `base` and `table` are used:
-- Argo CD opens no other library for scripts in argocd-cm.
local health = { status = "Progressing", message = "Waiting for the operator to look at this generation" }
if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted"
  return health
end
if obj.status == nil or obj.status.conditions == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end
local function holds(type, status)
  return conditions[type] ~= nil and conditions[type].status == status
end
local function answer(status, type)
  health.status = status
  health.message = conditions[type].message
  return health
end
-- What only the yes of a person is missing for, or what a person has stopped.
local waits = { ApprovalRequired = true, AutomationOff = true, Frozen = true, Paused = true, ReadyToSwitchBack = true }
local function awaits(type)
  return holds(type, "True") and waits[conditions[type].reason] == true
end
-- Of a RegionSwitch: which of its steps is under way.
local function step()
  local steps = obj.status.steps or {}
  for number, one in ipairs(steps) do
    if one.state == "Running" then
      return "step " .. number .. "/" .. #steps .. " " .. one.name .. ", " .. one.done .. " of " .. one.total .. ": "
    end
  end
  return ""
end

if holds("Reconciling", "True") then
  if awaits("Held") then
    return answer("Suspended", "Held")
  end
  if awaits("Reconciling") then
    return answer("Suspended", "Reconciling")
  end
  answer("Progressing", "Reconciling")
  health.message = step() .. health.message
  return health
end
if holds("Stalled", "True") then
  return answer("Degraded", "Stalled")
end
if holds("Ready", "True") then
  answer("Healthy", "Ready")
  if holds("Held", "True") then
    health.message = health.message .. "; held: " .. conditions.Held.message
  end
  return health
end
if conditions.Ready ~= nil then
  return answer("Progressing", "Ready")
end
return health
