import type { ComponentOrder } from '../api/regional-service.ts';
import type { Component } from '../api/service-class.ts';
import { computeNeeded } from './capacity.ts';
import { hash32 } from './name.ts';
import { computePairs, type PairZones } from './pairs.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface LayoutInput {
  /** Load that the region must be able to carry, what may move in included. */
  readonly agents: number;
  /** Zones of the region; their order does not matter. */
  readonly zones: readonly string[];
  /** Name of the service. It shifts single pairs of different services to different zones; the same key, the same zones. */
  readonly key?: string;
}

export type Layout = { readonly ok: true; readonly order: ComponentOrder } | Refusal;

/** Bounds of `ComponentOrder`. */
const MAX_INSTANCES = 10_000;
const MAX_PAIRS = 1000;

type Counts = Pick<ComponentOrder, 'layout' | 'needed' | 'instances' | 'zones' | 'pairs'>;
type CountsOf = (component: Component, needed: number, zones: readonly string[]) => Counts;

interface Shape {
  readonly counts: CountsOf;
  readonly leastZones: 1 | 2;
  /** What the pattern promises, as a message says it. */
  readonly promise: string;
}

const total = (zones: Counts['zones']): number => zones.reduce((sum, { instances }) => sum + instances, 0);

/** `count` instances as evenly as they go; earlier zones have one more. */
function spread(needed: number, instances: number, zones: readonly string[]): Counts {
  const least = Math.floor(instances / zones.length);
  const more = instances % zones.length;
  const perZone = zones.map((zone, index) => ({ zone, instances: index < more ? least + 1 : least }));
  return { layout: 'Spread', needed, instances, zones: perZone };
}

/** Instances of the pairs by zone, in the order of the names. */
function countByZone(pairs: readonly PairZones[]): Counts['zones'] {
  const counts = new Map<string, number>();
  for (const zone of pairs.flatMap(({ a, b }) => [a, b]).sort()) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return [...counts].map(([zone, instances]) => ({ zone, instances }));
}

/** Any instance of an A-A pair does the work of its pair, so after a zone is lost every pair still carries its share. */
function activePairs(needed: number, pairCount: number, zones: readonly string[]): Counts {
  const perZone = countByZone(computePairs(pairCount, zones));
  return { layout: 'PerZone', needed, instances: total(perZone), zones: perZone };
}

function backupPairs(needed: number, pairCount: number, zones: readonly string[]): Counts {
  const pairs = computePairs(pairCount, zones);
  const perZone = countByZone(pairs);
  return { layout: 'Pairs', needed, instances: total(perZone), zones: perZone, pairs };
}

/**
 * ceil(N / (Z-1)) in each of Z zones: without any one of them N are left. That is more than N in all for every N and
 * Z (Z × N/(Z-1) > N), so at least N+1 as the pattern says.
 */
function survivingZone(needed: number, zones: readonly string[]): Counts {
  const perZone = Math.ceil(needed / (zones.length - 1));
  return {
    layout: 'PerZone',
    needed,
    instances: perZone * zones.length,
    zones: zones.map((zone) => ({ zone, instances: perZone })),
  };
}

const SINGLE: Shape = {
  counts: (_c, needed, zones) => spread(needed, 1, zones),
  leastZones: 1,
  promise: 'A puts one instance in any zone',
};
const PAIR_A_A: Shape = {
  counts: (_c, needed, zones) => activePairs(needed, 1, zones),
  leastZones: 2,
  promise: 'A-A puts two instances in two zones',
};
const PAIR_A_B: Shape = {
  counts: (_c, needed, zones) => backupPairs(needed, 1, zones),
  leastZones: 2,
  promise: 'A-B puts two slots in two zones',
};
const POOL_ZONE: Shape = {
  counts: (_c, needed, zones) => survivingZone(needed, zones),
  leastZones: 2,
  promise: 'N+1 that survives a zone keeps N in the other zones',
};
const POOL_INSTANCE: Shape = {
  counts: (_c, needed, zones) => spread(needed, needed + 1, zones),
  leastZones: 1,
  promise: 'N+1 that survives an instance puts N+1 in any zones',
};
const POOL_A_A: Shape = {
  counts: (_c, needed, zones) => activePairs(needed, needed + 1, zones),
  leastZones: 2,
  promise: 'each A-A pair of the pool stands in two zones',
};
const POOL_A_B: Shape = {
  counts: (_c, needed, zones) => backupPairs(needed, needed + 1, zones),
  leastZones: 2,
  promise: 'each A-B pair of the pool stands in two zones',
};

function shapeOf(component: Component): Shape {
  switch (component.pattern) {
    case 'A':
      return SINGLE;
    case 'A-A':
      return PAIR_A_A;
    case 'A-B':
      return PAIR_A_B;
    case 'N+1':
      return poolShapeOf(component);
  }
}

function poolShapeOf({ of, survives }: Component): Shape {
  switch (of) {
    case 'A-A':
      return POOL_A_A;
    case 'A-B':
      return POOL_A_B;
    case 'Instance':
      return survives === 'Zone' ? POOL_ZONE : POOL_INSTANCE;
  }
}

/**
 * Single pairs take the two zones that rank highest for their service (rendezvous hashing): services spread over three
 * zones and more, and a new zone moves only the pairs that rank it first or second. Pools are balanced by themselves.
 */
function orderZones(component: Component, { zones, key = '' }: LayoutInput): string[] {
  const sorted = [...new Set(zones)].sort();
  if (component.pattern === 'N+1' || component.pattern === 'A') return sorted;
  const rank = (zone: string) => hash32(`${key}/${component.name}/${zone}`);
  return sorted.sort((x, y) => rank(y) - rank(x));
}

function tooMany(component: Component, counts: { instances: number; pairs: number }): Refusal | undefined {
  if (counts.instances <= MAX_INSTANCES && counts.pairs <= MAX_PAIRS) return undefined;
  const [count, limit, what] =
    counts.pairs > MAX_PAIRS ? [counts.pairs, MAX_PAIRS, 'pairs'] : [counts.instances, MAX_INSTANCES, 'instances'];
  return refuse(
    'CapacityExceeded',
    `component ${component.name} would need at least ${count} ${what} in one region, at most ${limit} can be ordered: raise agentsPerInstance`,
  );
}

/**
 * How many instances of a component a region runs, and in which zones (design: "Placement"): `A` one, `A-A` and `A-B` a
 * pair in two zones, `N+1` a pool with a spare. Refused with `NotEnoughZones` or `CapacityExceeded`, with the numbers.
 */
export function layoutComponent(component: Component, input: LayoutInput): Layout {
  const shape = shapeOf(component);
  const zones = orderZones(component, input);
  const needed = computeNeeded(component, input.agents);
  if (zones.length < shape.leastZones) {
    const message = `component ${component.name}: ${shape.promise}; it needs ${shape.leastZones} zones, the region has ${zones.length}`;
    return refuse('NotEnoughZones', message);
  }
  // Before anything is laid out: a load without bound must not cost time without bound.
  const early = tooMany(component, { instances: needed + 1, pairs: component.of === 'Instance' ? 0 : needed + 1 });
  if (early) return early;
  const counts = shape.counts(component, needed, zones);
  const late = tooMany(component, { instances: counts.instances, pairs: counts.pairs?.length ?? 0 });
  if (late) return late;
  const { name, pattern, writeBearing, template } = component;
  return { ok: true, order: { name, pattern, ...counts, writeBearing, template } };
}
