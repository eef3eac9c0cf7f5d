import type { Reason } from '../api/conditions.ts';
import type { ComponentOrder } from '../api/regional-service.ts';
import { isServing, type NodeFacts, type PodFact, zoneOf } from './facts.ts';

export interface ComponentRedundancy {
  readonly name: string;
  /** Instances ordered, spares and backup slots included. */
  readonly planned: number;
  /** Instances that serve or could serve now. */
  readonly ready: number;
  /** Of those, by zone; every zone of the order is there. */
  readonly zones: readonly { readonly zone: string; readonly ready: number }[];
  /** Whether what really runs would survive the loss that the pattern promises to survive. */
  readonly met: boolean;
  readonly reason: Extract<Reason, 'AsDeclared' | 'InstancesMissing' | 'SpreadViolated'>;
  readonly message: string;
}

/**
 * What carries a share of the load: an instance, or an A-B pair. It lives while one of its places does; a place whose
 * zone is not known (undefined) proves nothing about the loss of a zone.
 */
type Unit = readonly (string | undefined)[];

const survives = (unit: Unit, lost: string): boolean => unit.some((zone) => zone !== undefined && zone !== lost);

function unitsOf(order: ComponentOrder, serving: readonly PodFact[], nodes: NodeFacts): Unit[] {
  if (order.layout !== 'Pairs') return serving.map((pod) => [zoneOf(pod, nodes)]);
  const pairs = new Map<number, (string | undefined)[]>();
  for (const pod of serving) {
    const pair = pod.pair ?? 0;
    pairs.set(pair, [...(pairs.get(pair) ?? []), zoneOf(pod, nodes)]);
  }
  return [...pairs.values()];
}

interface Pledge {
  /** Units that must live now. */
  readonly alive: number;
  /** Units that must live without any one zone; 0 where the pattern promises nothing about zones. */
  readonly withoutZone: number;
}

/**
 * What the order promises, in units. `Spread` has no promise about zones (`A`, and pools that survive an instance).
 * A pool has a unit to spare: N+1 must live, so that N are left without any one. Single pairs have none: of `A-B` the
 * one pair is its own spare.
 */
function pledgeOf({ layout, needed, instances, pairs }: ComponentOrder): Pledge {
  const units = layout === 'Pairs' ? (pairs?.length ?? 0) : instances;
  return { alive: Math.min(needed + 1, units), withoutZone: layout === 'Spread' ? 0 : needed };
}

/** The zone without which fewest units are left, of all zones that hold anything or should; first by name of equals. */
function worstZone(order: ComponentOrder, units: readonly Unit[]): { zone: string; left: number } | undefined {
  const zones = new Set(order.zones.map(({ zone }) => zone));
  for (const zone of units.flat()) if (zone !== undefined) zones.add(zone);
  return [...zones]
    .map((zone) => ({ zone, left: units.filter((unit) => survives(unit, zone)).length }))
    .sort((x, y) => x.left - y.left || (x.zone < y.zone ? -1 : 1))[0];
}

function judge(order: ComponentOrder, units: readonly Unit[]): Pick<ComponentRedundancy, 'met' | 'reason' | 'message'> {
  const pledge = pledgeOf(order);
  const what = order.layout === 'Pairs' ? 'pairs' : 'instances';
  const { name } = order;
  if (units.length < pledge.alive) {
    const message = `${name}: ${what} ready: ${units.length}, at least ${pledge.alive} must be`;
    return { met: false, reason: 'InstancesMissing', message };
  }
  const worst = worstZone(order, units);
  if (worst && worst.left < pledge.withoutZone) {
    const message = `${name}: ${what} left without zone ${worst.zone}: ${worst.left}, needed: ${pledge.withoutZone}`;
    return { met: false, reason: 'SpreadViolated', message };
  }
  return {
    met: true,
    reason: 'AsDeclared',
    message: `${name}: ${what} ready: ${units.length}, needed: ${order.needed}`,
  };
}

/** Judges one component by the pods that really run: those that serve, in the zones of their nodes. */
export function computeRedundancy(
  order: ComponentOrder,
  pods: readonly PodFact[],
  nodes: NodeFacts,
): ComponentRedundancy {
  const serving = pods.filter((pod) => pod.component === order.name && isServing(pod, nodes));
  const inZone = (zone: string) => serving.filter((pod) => zoneOf(pod, nodes) === zone).length;
  return {
    name: order.name,
    planned: order.instances,
    ready: serving.length,
    zones: order.zones.map(({ zone }) => ({ zone, ready: inZone(zone) })),
    ...judge(order, unitsOf(order, serving, nodes)),
  };
}
