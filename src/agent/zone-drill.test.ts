import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent, aPod, nodesIn } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { LABELS } from '../api/labels.ts';
import type { Emptiness, KeptEmpty, RegionalService } from '../api/regional-service.ts';
import type { PodFact } from '../decide/facts.ts';
import type { ServicePicture } from '../observe/service-picture.ts';
import type { AgentContext } from './context.ts';
import { emptinessOf, lookAtZone } from './zone-drill.ts';

/** An A-B pair: slot a in zone `a`, which is to be empty, slot b in zone `b`. */
const PAIR = anOrderedComponent({
  pattern: 'A-B',
  layout: 'Pairs',
  zones: [
    { zone: 'a', instances: 1 },
    { zone: 'b', instances: 1 },
  ],
  pairs: [{ a: 'a', b: 'b' }],
});
const KEPT: KeptEmpty = { zone: 'a', seconds: 60, until: '2026-01-01T00:01:00Z', regionSwitch: 'd' };
const orderWith = (keptEmpty: KeptEmpty | undefined, told?: Emptiness): RegionalService => {
  const order = anOrder('store', [PAIR], keptEmpty ? { keptEmpty } : {});
  return told ? { ...order, status: { observedGeneration: 1, keptEmpty: told } } : order;
};
const slotA = (more: Partial<PodFact> = {}) => aPod('pod-a', { zone: 'a', slot: 'a', pair: 0, ...more });
const slotB = (more: Partial<PodFact> = {}) => aPod('pod-b', { zone: 'b', slot: 'b', pair: 0, ...more });
const pictureOf = (selected: 'a' | 'b', pods: readonly PodFact[]): ServicePicture =>
  partOf<ServicePicture>('picture', {
    pods,
    nodes: nodesIn(['a', 'b']),
    services: [
      {
        metadata: { labels: { [LABELS.component]: 'main', [LABELS.pair]: '0' } },
        spec: { selector: { [LABELS.slot]: selected } },
      },
    ],
  });

let clock: ManualClock;
let context: AgentContext;
let events: string[];
const newAgent = (): AgentContext =>
  partOf<AgentContext>('context', {
    clock,
    emptiness: new Map(),
    events: { record: ({ note }: { note: string }) => events.push(note) },
    log: () => undefined,
  });
const look = (order: RegionalService, selected: 'a' | 'b', ...pods: readonly PodFact[]) => {
  const decided = lookAtZone(context, order, pictureOf(selected, pods), 1000);
  return [decided?.state, emptinessOf(context, order)?.notServingMilliseconds];
};

beforeEach(() => {
  clock = new ManualClock();
  events = [];
  context = newAgent();
});

describe('a region that keeps a zone empty', () => {
  it('measures how long a pair served nobody between its slots, on its own clock', async () => {
    const order = orderWith(KEPT);
    expect(look(order, 'a', slotA(), slotB())).toEqual(['Emptying', 0]);
    await clock.advance(500);
    expect(look(order, 'a', slotA({ terminating: true }), slotB())).toEqual(['Emptying', 0]);
    await clock.advance(1800);
    expect(look(order, 'a', slotB())).toEqual(['Emptying', 0]);
    await clock.advance(200);
    expect(look(order, 'b', slotB())).toEqual(['Empty', 2000]);
    await clock.advance(5000);
    expect(look(order, 'b', slotB())).toEqual(['Empty', 2000]);
    expect(events).toEqual([]);
  });

  it('gives it back at its time without a word from anybody, and not before', async () => {
    const order = orderWith(KEPT);
    look(order, 'b', slotB());
    await clock.advance(59_999);
    expect(look(order, 'b', slotB())[0]).toBe('Empty');
    await clock.advance(1);
    expect(look(order, 'b', slotB())[0]).toBe('Filled');
    expect(events).toEqual([]);
  });

  it('gives it back for good when the other slot fails, and says so once', async () => {
    const order = orderWith(KEPT);
    look(order, 'b', slotB());
    expect(look(order, 'b')[0]).toBe('Filled');
    expect(look(order, 'b', slotA(), slotB())[0]).toBe('Filled');
    expect(events).toEqual(['zone a is given back: main: of pair 0 the slot in the other zone is not ready']);
    expect(emptinessOf(context, order)?.message).toContain('is given back: main');
  });

  it('is taken up by the next agent where the one before left it, with what it measured and how long it was', async () => {
    const first = orderWith(KEPT);
    look(first, 'b', slotB());
    await clock.advance(40_000);
    const told = { ...emptinessOf(context, first), notServingMilliseconds: 700 } as Emptiness;
    context = newAgent();
    const order = orderWith(KEPT, told);
    expect(look(order, 'b', slotB({ readinessAgeMs: 0 }))).toEqual(['Empty', 700]);
    await clock.advance(21_000);
    expect(look(order, 'b', slotB())[0]).toBe('Filled');
  });

  it('does not begin again under the next agent what was given back', () => {
    const told: Emptiness = {
      regionSwitch: 'd',
      zone: 'a',
      state: 'Filled',
      message: 'x',
      sinceTime: '2026-01-01T00:00:00Z',
      notServingMilliseconds: 0,
    };
    expect(look(orderWith(KEPT, told), 'b', slotA(), slotB())[0]).toBe('Filled');
    expect(look(orderWith({ ...KEPT, regionSwitch: 'next' }, told), 'b', slotA(), slotB())[0]).toBe('Emptying');
  });

  it('counts from now when the clock of the agent before was ahead of its own', async () => {
    const told: Emptiness = {
      regionSwitch: 'd',
      zone: 'a',
      state: 'Empty',
      message: 'x',
      sinceTime: '2026-01-01T01:00:00Z',
      notServingMilliseconds: 0,
    };
    const order = orderWith(KEPT, told);
    expect(look(order, 'b', slotB())[0]).toBe('Empty');
    await clock.advance(61_000);
    expect(look(order, 'b', slotB())[0]).toBe('Filled');
  });

  it('says nothing of it when the order does not', () => {
    look(orderWith(KEPT), 'b', slotB());
    const order = orderWith(undefined);
    expect(look(order, 'b', slotB())).toEqual([undefined, undefined]);
    expect([emptinessOf(context, order), context.emptiness.size]).toEqual([null, 0]);
  });
});
