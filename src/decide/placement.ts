import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { ComponentOrder } from '../api/regional-service.ts';
import type { Balance, CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { layoutComponent } from './layout.ts';
import { type Refusal, refuse } from './refusal.ts';
import { checkRegion, type RegionRefusal } from './regions.ts';
import { countStandby, standbyFor } from './standby.ts';
import { homeRegions } from './tiers.ts';

/** What a service is made of in one region, if it is active there. */
export interface RegionPlacement {
  readonly region: string;
  readonly components: readonly ComponentOrder[];
  /** All instances of all components, spares and backup slots included. */
  readonly planned: number;
  /** Of all components, those that run while it stands by there. Absent: none. */
  readonly standby?: number;
}

export interface Placement {
  readonly ok: true;
  readonly mode: CrossRegionMode;
  /** How an `Active` service shares its traffic; absent: `Even`. */
  readonly balance?: Balance;
  /** Regions with a place for the service, the primary one first, then by the order of the spec. */
  readonly regions: readonly RegionPlacement[];
  /** Secondary regions that the spec names and that have no place: the service is placed without them, and it is said. */
  readonly refusals: readonly RegionRefusal[];
}

/** The part of a ServiceInstance that placement looks at; a `DesiredInstance` fits too. */
export interface InstanceToPlace {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: ServiceInstance['spec'];
}
type Class = Pick<ServiceClass, 'metadata' | 'spec'>;
type Group = Pick<IUGroup, 'metadata' | 'spec'>;

/** What the kubelet and the agent may need on top of a grace period until a stop is seen, in seconds. */
const STOP_OVERHEAD_SECONDS = 2;

/**
 * A region that must stop (lost right, switch) has `stopBudgetSeconds`, after which others may start. `Active` services
 * need no right and are never stopped in a hurry, so their instances may take their time.
 */
export function checkStopBudget(serviceClass: Class, group: Group): Refusal | undefined {
  const { stopBudgetSeconds } = group.spec.timings;
  const limit = stopBudgetSeconds - STOP_OVERHEAD_SECONDS;
  if (serviceClass.spec.crossRegion.mode === 'Active') return undefined;
  const slow = serviceClass.spec.components.find(
    (c) => c.writeBearing && c.template.terminationGracePeriodSeconds > limit,
  );
  if (!slow) return undefined;
  const grace = slow.template.terminationGracePeriodSeconds;
  return refuse(
    'StopBudgetExceeded',
    `component ${slow.name} of ${serviceClass.metadata.name} may take ${grace} s to stop, but timings.stopBudgetSeconds of IU group ${group.metadata.name} is ${stopBudgetSeconds} and ${STOP_OVERHEAD_SECONDS} s of it are for seeing the stop: terminationGracePeriodSeconds must be at most ${limit}`,
  );
}

/**
 * The load that each of `regions` regions must be able to carry, in agents.
 *
 * `Active`: all regions share the load, and after the loss of any one the others carry it all: agents / (R - 1).
 * `Backup` and `None`: whichever region is active carries the whole load.
 */
export function loadPerRegion(mode: CrossRegionMode, agents: number, regions: number): number {
  return mode === 'Active' && regions > 1 ? Math.ceil(agents / (regions - 1)) : agents;
}

/**
 * The same where some regions come first (`homeRegions`): these share the load among them, and the others together carry
 * all of it when none of the first is left.
 */
function loadOf(region: string, units: Candidates['units'], serviceClass: Class, { spec }: InstanceToPlace): number {
  const { balance, mode } = serviceClass.spec.crossRegion;
  const regions = units.map((unit) => unit.region);
  const geographyOf = (name: string) => units.find((unit) => unit.region === name)?.geography;
  const home = mode === 'Active' ? homeRegions(spec, balance, regions, geographyOf) : undefined;
  if (!home) return loadPerRegion(mode, spec.agents, regions.length);
  const first = regions.filter((name) => home.has(name));
  if (home.has(region)) return loadPerRegion(mode, spec.agents, first.length);
  return Math.ceil(spec.agents / (regions.length - first.length));
}

type RegionLayout = ({ readonly ok: true } & RegionPlacement) | RegionRefusal;

function layoutRegion(unit: InfrastructureUnit, agents: number, name: string, { spec }: Class): RegionLayout {
  const components: ComponentOrder[] = [];
  for (const component of spec.components) {
    const layout = layoutComponent(component, { agents, zones: unit.zones, key: name });
    if (!layout.ok) return { ...layout, region: unit.region, message: `region ${unit.region}: ${layout.message}` };
    const standby = standbyFor(component, spec, layout.order.instances);
    components.push(standby ? { ...layout.order, standby } : layout.order);
  }
  const planned = components.reduce((sum, { instances }) => sum + instances, 0);
  const standby = countStandby(components);
  return { ok: true, region: unit.region, components, planned, ...(standby > 0 && { standby }) };
}

/** Regions of an instance by its spec, one each; a class that stays in one region has no secondary ones. */
function wantedRegions({ spec }: InstanceToPlace, mode: CrossRegionMode): string[] {
  return mode === 'None' ? [spec.primaryRegion] : [...new Set([spec.primaryRegion, ...spec.secondaryRegions])];
}

interface Candidates {
  readonly units: readonly InfrastructureUnit[];
  readonly refusals: readonly RegionRefusal[];
}

function chooseUnits(instance: InstanceToPlace, mode: CrossRegionMode, group: Group): Candidates {
  const limits = [{ of: `the tenants of ${instance.metadata.name}`, countries: instance.spec.countries }];
  const answers = wantedRegions(instance, mode).map((region) => checkRegion({ group, limits }, region));
  return {
    units: answers.flatMap((answer) => (answer.ok ? [answer.unit] : [])),
    refusals: answers.flatMap((answer) => (answer.ok ? [] : [answer])),
  };
}

interface Sizing {
  readonly regions: readonly RegionPlacement[];
  readonly refusals: readonly RegionRefusal[];
}

/** Sizes the regions together. One that has no room for the pattern leaves more load for the others, so they start again. */
function sizeRegions(units: Candidates['units'], instance: InstanceToPlace, serviceClass: Class): Sizing {
  const layouts = units.map((unit) => {
    const agents = loadOf(unit.region, units, serviceClass, instance);
    return layoutRegion(unit, agents, instance.metadata.name, serviceClass);
  });
  const refusals = layouts.flatMap((layout) => (layout.ok ? [] : [layout]));
  if (refusals.length === 0) {
    const regions = layouts.flatMap((layout) => (layout.ok ? [layout] : []));
    return { regions: regions.map(({ ok: _ok, ...placed }) => placed), refusals };
  }
  const refused = new Set(refusals.map(({ region }) => region));
  const rest = sizeRegions(
    units.filter((unit) => !refused.has(unit.region)),
    instance,
    serviceClass,
  );
  return { regions: rest.regions, refusals: [...refusals, ...rest.refusals] };
}

/**
 * Where a service has a place and how much of it. Sizes include the largest single failure that may move in. Refused as
 * a whole when its primary region has no place for it; a secondary region that has none is left out and named.
 */
export function placeInstance(instance: InstanceToPlace, serviceClass: Class, group: Group): Placement | Refusal {
  const { balance, mode } = serviceClass.spec.crossRegion;
  const overBudget = checkStopBudget(serviceClass, group);
  if (overBudget) return overBudget;
  const candidates = chooseUnits(instance, mode, group);
  const sized = sizeRegions(candidates.units, instance, serviceClass);
  const refusals = [...candidates.refusals, ...sized.refusals];
  const primary = refusals.find(({ region }) => region === instance.spec.primaryRegion);
  return primary ?? { ok: true, mode, balance, regions: sized.regions, refusals };
}
