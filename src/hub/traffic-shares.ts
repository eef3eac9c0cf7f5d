import type { Drained, ServiceInstance } from '../api/service-instance.ts';
import { type DrainOrder, nextDrains, nextStepInMs, shareOf } from '../decide/drain.ts';
import { isReplaced } from '../decide/leaving.ts';
import { restraintsOn } from '../decide/manual-switch.ts';
import { homeRegions } from '../decide/tiers.ts';
import { computeWeights, type RegionWeight } from '../decide/weights.ts';
import { keyOf } from '../kube/object.ts';
import type { InstanceFacts } from '../report/instance.ts';
import type { HubContext } from './context.ts';
import { isServing } from './instance-view.ts';

/** How the traffic of a service is shared by its regions now. */
export interface TrafficShares {
  readonly weights: RegionWeight[];
  /** Regions that get less than their usual share; null: none does. */
  readonly drains: readonly Drained[] | null;
  /** When the shares change by themselves, in milliseconds; undefined: they do not. */
  readonly nextInMs: number | undefined;
}

/** Undefined for a service that is active in one region only. */
export function trafficSharesOf(
  context: Pick<HubContext, 'clock' | 'groups' | 'standings'>,
  facts: InstanceFacts,
): TrafficShares | undefined {
  const { instance, leaving = [], orders, plan, regionStates } = facts;
  if (!plan.ok || plan.mode !== 'Active') return undefined;
  const now = context.clock.now().wallMs;
  const regions = plan.regions.map(({ region }) => region);
  const { drains: before = [], weights: last } = instance.status ?? {};
  const drains = nextDrains(regions, before, drainOrdersFor(context, instance), now);
  const left = new Map(drains.map((drained): [string, number] => [drained.region, shareOf(drained, now)]));
  const serving = regions.filter((region) => isServing(regionStates.get(region), orders.get(region)));
  const steps = drains.map((drained) => nextStepInMs(drained, now)).filter((ms) => ms !== undefined);
  // What has no place any more goes on serving until what has one does.
  const areAllThere = isReplaced(
    regions.map((region) => ({
      isHealthy: regionStates.get(region) === 'Healthy',
      isServing: serving.includes(region),
    })),
  );
  const staying = areAllThere ? [] : leaving;
  const home = homeOf(context, instance, regions);
  return {
    weights: computeWeights(
      [...regions, ...leaving].slice(0, MOST_WEIGHTS),
      new Set([...serving, ...staying]),
      last,
      left,
      home && new Set([...home, ...staying]),
    ),
    drains: drains.length > 0 ? drains : null,
    nextInMs: steps.length > 0 ? Math.min(...steps) : undefined,
  };
}

/** Bound of `status.weights`. */
const MOST_WEIGHTS = 9;

/** The regions that come first, by how the tenants of the service share the load; undefined: all alike. */
function homeOf(
  { groups }: Pick<HubContext, 'groups'>,
  { spec }: ServiceInstance,
  regions: readonly string[],
): ReadonlySet<string> | undefined {
  const units = groups.store.get(spec.iuGroupRef.name)?.spec.infrastructureUnits;
  const geographyOf = (region: string) => units?.find((unit) => unit.region === region)?.geography;
  return homeRegions(spec.balancing, spec.primaryRegion, regions, geographyOf);
}

/** Undefined while the RegionSwitches are not read: one of them may ask for what is being done. */
function drainOrdersFor(
  { standings }: Pick<HubContext, 'standings'>,
  instance: ServiceInstance,
): readonly DrainOrder[] | undefined {
  const standing = standings.get(instance.spec.iuGroupRef.name);
  return standing && restraintsOn(standing, keyOf(instance)).keptEmpty.flatMap(({ drain }) => drain ?? []);
}
