import type { IUGroup } from '../api/iu-group.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Balance } from '../api/service-class.ts';
import type { Drained, ServiceInstance } from '../api/service-instance.ts';
import type { Ramped, TrafficPolicy } from '../api/traffic.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { type DrainOrder, nextDrains, nextStepInMs, shareOf } from '../decide/drain.ts';
import { isReplaced } from '../decide/leaving.ts';
import { restraintsOn } from '../decide/manual-switch.ts';
import { nextRampInMs, nextRamps, rampShare } from '../decide/ramp.ts';
import { homeRegions } from '../decide/tiers.ts';
import { computeWeights, type RegionWeight } from '../decide/weights.ts';
import { keyOf } from '../kube/object.ts';
import type { InstanceFacts } from '../report/instance.ts';
import type { HubContext } from './context.ts';
import { diagnosisPolicy, isHubSuspect } from './diagnose.ts';
import { isServing } from './instance-view.ts';
import { unitOf } from './region-link.ts';

/** How the traffic of a service is shared by its regions now. */
export interface TrafficShares {
  readonly weights: RegionWeight[];
  /** Regions that get less than their usual share; null: none does. */
  readonly drains: readonly Drained[] | null;
  /** Regions that serve again and get their share back in steps; null: none does. */
  readonly ramps: readonly Ramped[] | null;
  /** When the shares change by themselves, in milliseconds; undefined: they do not. */
  readonly nextInMs: number | undefined;
}

/** Undefined for a service that is active in one region only. */
export function trafficSharesOf(
  context: Pick<HubContext, 'clock' | 'groups' | 'isolatedAt' | 'standings'>,
  facts: InstanceFacts,
  policy?: TrafficPolicy,
): TrafficShares | undefined {
  const { instance, leaving = [], orders, plan, regionStates } = facts;
  if (!plan.ok || plan.mode !== 'Active') return undefined;
  const now = context.clock.now().wallMs;
  const regions = plan.regions.map(({ region }) => region);
  const { drains: before = [], ramps: ramped = [], weights: last } = instance.status ?? {};
  const drains = nextDrains(regions, before, drainOrdersFor(context, instance), now);
  const serving = new Set(regions.filter((region) => keepsCallers(regionStates.get(region), orders.get(region))));
  // What has no place any more goes on serving until what has one does.
  const areAllThere = isReplaced(
    regions.map((region) => ({
      isHealthy: regionStates.get(region) === 'Healthy',
      isServing: isServing(regionStates.get(region), orders.get(region)),
    })),
  );
  const staying = areAllThere ? [] : leaving;
  const group = context.groups.store.get(instance.spec.iuGroupRef.name);
  const isSuspect = group !== undefined && isHubSuspect(context, group);
  const home = homeOf(group, instance, regions, plan.balance);
  const drained = new Set([...before, ...drains].map(({ region }) => region));
  // A reserve has no share to come back to: it takes over at once.
  const sharing = home ? regions.filter((region) => home.has(region)) : regions;
  const ramps = policy ? nextRamps({ regions: sharing, serving, drained, last, before: ramped }, policy, now) : [];
  const left = new Map(ramps.map((ramp): [string, number] => [ramp.region, rampShare(ramp, now)]));
  for (const each of drains) left.set(each.region, Math.min(shareOf(each, now), left.get(each.region) ?? 100));
  const ofDrains = drains.map((each) => nextStepInMs(each, now)).filter((ms) => ms !== undefined);
  // No event tells that a hub trusts itself again.
  const ofSuspicion = isSuspect ? [diagnosisPolicy(group).failureThresholdMs] : [];
  const steps = [...ofSuspicion, ...ofDrains, ...ramps.map((ramp) => nextRampInMs(ramp, now))];
  return {
    weights: computeWeights(
      [...regions, ...leaving].slice(0, MOST_WEIGHTS),
      // A hub that suspects itself does not know who serves.
      isSuspect ? new Set() : new Set([...serving, ...staying]),
      last,
      left,
      home && new Set([...home, ...staying]),
    ),
    drains: drains.length > 0 ? drains : null,
    ramps: ramps.length > 0 ? ramps : null,
    nextInMs: steps.length > 0 ? Math.min(...steps) : undefined,
  };
}

/**
 * A region that the hub cannot ask for everything serves on: what it said last counts, until it is lost. Else each agent
 * that is started anew, and each link of the hub that falls silent, would send all callers elsewhere.
 */
const keepsCallers = (state: RegionState | undefined, order: RegionalService | undefined): boolean =>
  (state === 'Healthy' || state === 'Degraded') && order?.status?.phase === 'Active';

/** Bound of `status.weights`. */
const MOST_WEIGHTS = 9;

/** The regions that come first, by how the tenants of the service share the load; undefined: all alike. */
function homeOf(
  group: IUGroup | undefined,
  { spec }: ServiceInstance,
  regions: readonly string[],
  balance: Balance = 'Even',
): ReadonlySet<string> | undefined {
  const geographyOf = (region: string) => group && unitOf(group, region)?.geography;
  return homeRegions(spec, balance, regions, geographyOf);
}

/** Undefined while the RegionSwitches are not read: one of them may ask for what is being done. */
function drainOrdersFor(
  { standings }: Pick<HubContext, 'standings'>,
  instance: ServiceInstance,
): readonly DrainOrder[] | undefined {
  const standing = standings.get(instance.spec.iuGroupRef.name);
  return standing && restraintsOn(standing, keyOf(instance)).keptEmpty.flatMap(({ drain }) => drain ?? []);
}
