import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aComponent, anOrder, anOrderedComponent, aPod, nodesIn } from '../../test/support/objects.ts';
import type { ComponentOrder } from '../api/regional-service.ts';
import { computeChildren } from './desired/children.ts';
import { isServing, type PodFact, zoneOf } from './facts.ts';
import { canSpareZone, decideEmptying, type EmptyingInput, idlePart } from './kept-empty.ts';
import { layoutComponent } from './layout.ts';
import type { Slot } from './slot.ts';

const ZONES = ['a', 'b', 'c'];
type Input = Parameters<typeof aComponent>[0];
function ordered(input: Input, zones: readonly string[] = ['a', 'b']): ComponentOrder {
  const layout = layoutComponent(aComponent(input), { agents: 1000, zones });
  if (!layout.ok) throw new Error(layout.message);
  return layout.order;
}
const POOL = ordered({ minInstances: 3 });
const PAIR = ordered({ pattern: 'A-B' });
/** Slot a of the pair stands in zone `a` or `b`, as the hash of its name wants. */
const [FIRST = { a: 'a', b: 'b' }] = PAIR.pairs ?? [];

describe('canSpareZone', () => {
  const spread = { survives: 'Instance', minInstances: 3 };
  it.each<[string, ComponentOrder[], string, string]>([
    ['a pool that survives a zone can', [POOL], 'a', 'Yes'],
    ['an A-A pair can', [ordered({ pattern: 'A-A' })], 'b', 'Yes'],
    ['an A-B pair can', [PAIR], 'a', 'Yes'],
    ['a pool that may move can', [ordered(spread)], 'a', 'Yes'],
    ['what has nothing there is not asked', [POOL], 'z', 'Untouched'],
    ['a pair of two other zones is not asked', [ordered({ pattern: 'A-B' }, ['b', 'c'])], 'a', 'Untouched'],
    ['a single instance cannot', [ordered({ pattern: 'A' })], 'a', 'No main: a single instance has no other one'],
    ['a pool with one zone cannot', [ordered(spread, ['a'])], 'a', 'No main: it has a place in this zone only'],
    [
      'a StatefulSet that may move cannot: it would stop before it starts elsewhere',
      [ordered({ ...spread, template: { workload: 'StatefulSet' } })],
      'a',
      'No main: instances of a StatefulSet',
    ],
    [
      'fixed counts that are too few elsewhere cannot',
      [
        anOrderedComponent({
          layout: 'PerZone',
          needed: 3,
          instances: 4,
          zones: [
            { zone: 'a', instances: 2 },
            { zone: 'b', instances: 2 },
          ],
        }),
      ],
      'a',
      'No main: 2 instances are planned in other zones, 3 are needed',
    ],
    ['one component that cannot is enough', [PAIR, ordered({ name: 'job', pattern: 'A' })], 'a', 'No job:'],
  ])('%s', (_, components, zone, told) => {
    const sparing = canSpareZone(components, zone);
    const text = sparing.kind === 'No' ? `No ${sparing.message}` : sparing.kind;
    expect(text.startsWith(told) ? told : text).toBe(told);
  });
});

const pod = (zone: string, more: Partial<PodFact> = {}): PodFact =>
  aPod(`pod-${zone}-${more.slot ?? ''}`, { zone, ...more });
const poolPods = (counts: Readonly<Record<string, number>>): PodFact[] =>
  Object.entries(counts).flatMap(([zone, count]) =>
    Array.from({ length: count }, (_, i) => aPod(`pod-${zone}-${i}`, { zone })),
  );
const slotPods = (more: { a?: Partial<PodFact>; b?: Partial<PodFact> } = {}): PodFact[] => [
  pod(FIRST.a, { slot: 'a', pair: 0, ...more.a }),
  pod(FIRST.b, { slot: 'b', pair: 0, ...more.b }),
];
const keptEmpty = { zone: 'a', seconds: 60, until: '2026-01-01T00:01:00Z', regionSwitch: 'd' };
const input = (more: Partial<EmptyingInput>): EmptyingInput => ({
  order: { keptEmpty },
  components: [POOL],
  pods: poolPods({ a: 3, b: 3 }),
  nodes: nodesIn(ZONES),
  selected: new Map(),
  before: undefined,
  elapsedMs: 0,
  settledMs: 1000,
  ...more,
});
const inPair = (more: Partial<EmptyingInput>, selected: Slot = 'a'): EmptyingInput =>
  input({
    order: { keptEmpty: { ...keptEmpty, zone: FIRST.a } },
    components: [PAIR],
    pods: slotPods(),
    selected: new Map([['main', [selected]]]),
    ...more,
  });
const was = (state: 'Waiting' | 'Emptying' | 'Empty' | 'Filled', regionSwitch = 'd') => ({
  before: { state, regionSwitch },
});

describe('decideEmptying', () => {
  it.each<[string, EmptyingInput, string]>([
    ['begins when the rest carries the load', input({}), 'Emptying: instances left in zone a: 3'],
    ['is done when nothing is left there', input({ ...was('Emptying'), pods: poolPods({ b: 3 }) }), 'Empty'],
    [
      'does not begin with one too few elsewhere',
      input({ pods: poolPods({ a: 3, b: 2 }) }),
      'Waiting: main: instances ready in other zones: 2',
    ],
    [
      'is given back with one too few elsewhere',
      input({ ...was('Empty'), pods: poolPods({ b: 2 }) }),
      'Filled: zone a is given back: main',
    ],
    [
      'is given back when the nodes elsewhere are lost',
      input({ ...was('Empty'), pods: poolPods({ b: 3 }), nodes: nodesIn(ZONES, { b: { ready: false } }) }),
      'Filled',
    ],
    ['is not begun again once it was given back', input(was('Filled')), 'Filled'],
    ['is begun by another drill', input(was('Filled', 'other')), 'Emptying'],
    [
      'ends at its time',
      input({ ...was('Empty'), pods: poolPods({ b: 3 }), elapsedMs: 60_000 }),
      'Filled: zone a was to be empty for at most 60 s',
    ],
    ['does not begin after its time', input({ elapsedMs: 60_000 }), 'Filled'],
    [
      'does not begin without the other slot',
      inPair({ pods: slotPods({ b: { ready: false } }) }),
      'Waiting: main: of pair 0',
    ],
    [
      'does not begin while the other slot is only just ready',
      inPair({ pods: slotPods({ b: { readinessAgeMs: 999 } }) }),
      'Waiting',
    ],
    ['begins with a slot that serves when the other one is ready', inPair({}), 'Emptying: instances left'],
    [
      'is not done while nobody is selected that serves',
      inPair({ ...was('Emptying'), pods: slotPods().slice(1) }),
      `Emptying: main does not serve yet without zone ${FIRST.a}`,
    ],
    [
      'is done when the other slot is selected',
      inPair({ ...was('Emptying'), pods: slotPods().slice(1) }, 'b'),
      'Empty',
    ],
    ['is given back when the other slot fails', inPair({ ...was('Empty'), pods: [] }, 'b'), 'Filled: zone'],
    ['asks every component', input({ components: [POOL, { ...PAIR, name: 'store' }] }), 'Waiting: store: of pair 0'],
    [
      'waits for good where a component cannot',
      input({ components: [ordered({ pattern: 'A' })] }),
      'Waiting: main: a single',
    ],
  ])('%s', (_, asked, told) => {
    const decided = decideEmptying(asked);
    const text = `${decided?.state}: ${decided?.message}`;
    expect(text.startsWith(told) ? told : text).toBe(told);
    expect(decided?.isInForce).toBe(decided?.state === 'Emptying' || decided?.state === 'Empty');
  });

  it('says nothing where nothing is to be empty, and sleeps to the end of its time', () => {
    expect(decideEmptying(input({ order: {} }))).toBeUndefined();
    expect(decideEmptying(input({ elapsedMs: 20_000 }))?.recheckAfterMs).toBe(40_000);
    expect(decideEmptying(input(was('Filled')))?.recheckAfterMs).toBeUndefined();
  });
});

/** Any layout over up to three zones, with pods that run or do not. */
const anyComponent = fc
  .record({
    input: fc.constantFrom<Input>(
      { minInstances: 3 },
      { pattern: 'A-A' },
      { pattern: 'A-B' },
      { of: 'A-B', minInstances: 2 },
      { of: 'A-A', minInstances: 2 },
      { survives: 'Instance', minInstances: 2 },
      { pattern: 'A' },
    ),
    zones: fc.constantFrom(['a', 'b'], ['a', 'b', 'c']),
  })
  .map(({ input: of, zones }) => ordered(of, zones));

function podsOf(component: ComponentOrder, alive: readonly boolean[]): PodFact[] {
  const places =
    component.layout === 'Pairs'
      ? (component.pairs ?? []).flatMap(({ a, b }, pair) => [
          { zone: a, pair, slot: 'a' as const },
          { zone: b, pair, slot: 'b' as const },
        ])
      : component.zones.flatMap(({ instances, zone }) => Array.from({ length: instances }, () => ({ zone })));
  return places.map((place, i) => aPod(`p-${i}`, { ...place, ready: alive[i % alive.length] ?? true }));
}

const least = ({ needed }: ComponentOrder) => Math.max(1, needed);
type Workloads = ReturnType<typeof computeChildren>['workloads'];

/** What is left without the zone, by layout: pairs keep a slot that serves, fixed counts keep what is needed. */
const KEEPS: Record<
  ComponentOrder['layout'],
  (component: ComponentOrder, workloads: Workloads, rest: PodFact[]) => void
> = {
  Pairs({ pairs = [] }, workloads, rest) {
    for (const pair of pairs.keys()) {
      const slots = workloads.filter(({ metadata }) => metadata.labels['switchback.dev/pair'] === `${pair}`);
      const kept = slots.filter(({ spec }) => spec.replicas > 0).length;
      expect(kept).toBeGreaterThan(0);
      if (kept < slots.length) expect(rest.some((one) => one.pair === pair)).toBe(true);
    }
  },
  PerZone(component, workloads, rest) {
    const isCut = workloads.some(({ spec }) => spec.replicas === 0);
    if (isCut) expect(rest.length).toBeGreaterThanOrEqual(least(component));
  },
  // It moves by its own upgrade, which takes nothing away before something new is ready.
  Spread(component, workloads) {
    expect(workloads.map(({ spec }) => spec.replicas)).toEqual([component.instances]);
    expect(workloads[0]?.spec).toMatchObject({ strategy: { rollingUpdate: { maxUnavailable: 0 } } });
  },
};

describe('a zone that is kept empty', () => {
  const any = fc.record({
    component: anyComponent,
    alive: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    lostNode: fc.option(fc.constantFrom('b', 'c'), { nil: undefined }),
    state: fc.constantFrom(undefined, 'Waiting' as const, 'Emptying' as const, 'Empty' as const),
  });

  it('never takes a component below what it needs, nor both slots of a pair, whatever runs and whatever came before', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(any, ({ alive, component, lostNode, state }) => {
        const pods = podsOf(component, alive);
        const nodes = nodesIn(ZONES, lostNode ? { [lostNode]: { ready: false } } : {});
        const before = state && { state, regionSwitch: 'd' };
        const { isInForce } = decideEmptying(input({ components: [component], pods, nodes, before })) ?? {};
        const emptyZone = isInForce ? 'a' : undefined;
        const how = { running: true, selected: new Map(), gate: undefined, emptyZone };
        const { workloads } = computeChildren(anOrder('s', [component]), how);
        seen.add(`${component.layout} ${isInForce}`);
        const rest = pods.filter((one) => isServing(one, nodes) && zoneOf(one, nodes) !== 'a');
        if (isInForce) KEEPS[component.layout](component, workloads, rest);
        else expect(workloads.every(({ spec }) => spec.replicas > 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
    for (const layout of ['PerZone', 'Pairs', 'Spread'])
      expect([...seen]).toEqual(expect.arrayContaining([`${layout} true`, `${layout} false`]));
  });
});

describe('idlePart', () => {
  it.each<[string, EmptyingInput, string | undefined]>([
    ['a pool with what it needs serves', input({ pods: poolPods({ b: 3 }) }), undefined],
    ['a pool with one fewer does not', input({ pods: poolPods({ b: 2 }) }), 'main'],
    ['a pair serves by the slot that is selected', inPair({}), undefined],
    [
      'a pair whose selected slot is on its way out does not',
      inPair({ pods: slotPods({ a: { terminating: true } }) }),
      'main',
    ],
  ])('%s', (_, picture, name) => {
    expect(idlePart(picture)).toBe(name);
  });
});
