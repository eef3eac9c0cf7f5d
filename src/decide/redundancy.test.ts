import { describe, expect, it } from 'vitest';
import { aComponent, aPod, nodesIn } from '../../test/support/objects.ts';
import type { PodFact } from './facts.ts';
import { layoutComponent } from './layout.ts';
import { computeRedundancy } from './redundancy.ts';

const nodes = nodesIn(['a', 'b', 'c']);

function order(more: Record<string, unknown>, zones = ['a', 'b'], agents = 200) {
  const layout = layoutComponent(aComponent(more), { agents, zones });
  if (!layout.ok) throw new Error(layout.message);
  return layout.order;
}

/** Pods in zones: `aab` is two in a, one in b. */
const inZones = (zones: string): PodFact[] => [...zones].map((zone, i) => aPod(`pod-${i}`, { zone }));
/** Slots of pairs in zones: `ab b-` is a whole pair and a pair that has lost its slot a. */
const inPairs = (pairs: string): PodFact[] =>
  pairs
    .split(' ')
    .flatMap((zones, pair) =>
      [...zones].flatMap((zone, i) =>
        zone === '-' ? [] : [aPod(`pod-${pair}-${i}`, { zone, pair, slot: i === 0 ? 'a' : 'b' })],
      ),
    );

describe('computeRedundancy', () => {
  const pool = { agentsPerInstance: 100 };
  const spread = { ...pool, survives: 'Instance' };
  const pairs = { ...pool, of: 'A-B' };
  it.each([
    ['A runs', order({ pattern: 'A' }), inZones('b'), 'met: main: instances ready: 1, needed: 1'],
    ['A does not run', order({ pattern: 'A' }), [], 'InstancesMissing: main: instances ready: 0, at least 1 must be'],
    ['A-A in two zones', order({ pattern: 'A-A' }), inZones('ab'), 'met: main: instances ready: 2, needed: 1'],
    [
      'A-A has lost one',
      order({ pattern: 'A-A' }),
      inZones('b'),
      'InstancesMissing: main: instances ready: 1, at least 2 must be',
    ],
    [
      'A-A in one zone',
      order({ pattern: 'A-A' }),
      inZones('bb'),
      'SpreadViolated: main: instances left without zone b: 0, needed: 1',
    ],
    ['a pool whole in each zone', order(pool), inZones('aabb'), 'met: main: instances ready: 4, needed: 2'],
    [
      'a pool that has lost one instance keeps less than N without the other zone',
      order(pool),
      inZones('abb'),
      'SpreadViolated: main: instances left without zone b: 1, needed: 2',
    ],
    [
      'a pool over three zones has more than it needs',
      order(pool, ['a', 'b', 'c']),
      inZones('abc'),
      'met: main: instances ready: 3, needed: 2',
    ],
    [
      'a pool that survives an instance, crowded',
      order(spread),
      inZones('aaa'),
      'met: main: instances ready: 3, needed: 2',
    ],
    [
      'a pool that survives an instance, without its spare',
      order(spread),
      inZones('ab'),
      'InstancesMissing: main: instances ready: 2, at least 3 must be',
    ],
    ['A-B with both slots', order({ pattern: 'A-B' }), inPairs('ab'), 'met: main: pairs ready: 1, needed: 1'],
    [
      'A-B with one slot',
      order({ pattern: 'A-B' }),
      inPairs('a-'),
      'SpreadViolated: main: pairs left without zone a: 0, needed: 1',
    ],
    [
      'A-B with both slots in one zone',
      order({ pattern: 'A-B' }),
      inPairs('aa'),
      'SpreadViolated: main: pairs left without zone a: 0, needed: 1',
    ],
    ['A-B with none', order({ pattern: 'A-B' }), [], 'InstancesMissing: main: pairs ready: 0, at least 1 must be'],
    ['a pool of A-B pairs, whole', order(pairs), inPairs('ab ba ab'), 'met: main: pairs ready: 3, needed: 2'],
    [
      'a pool of A-B pairs that can spare a slot',
      order(pairs),
      inPairs('ab ba a-'),
      'met: main: pairs ready: 3, needed: 2',
    ],
    [
      'a pool of A-B pairs that has lost a pair',
      order(pairs),
      inPairs('ab ba --'),
      'InstancesMissing: main: pairs ready: 2, at least 3 must be',
    ],
    [
      'a pool of A-B pairs with two halves in one zone',
      order(pairs),
      inPairs('ab -a a-'),
      'SpreadViolated: main: pairs left without zone a: 1, needed: 2',
    ],
  ])('%s', (_name, given, pods, expected) => {
    const { met, reason, message } = computeRedundancy(given, pods, nodes);
    expect(`${met ? 'met' : reason}: ${message}`).toBe(expected);
  });

  it.each([
    ['is not ready', { ready: false }],
    ['is on its way out', { terminating: true }],
    ['has ended', { ended: true }],
    ['belongs to another component', { component: 'other' }],
  ])('does not count a pod that %s', (_name, more) => {
    const pods = [aPod('one', { zone: 'a', ...more }), aPod('two', { zone: 'b' })];
    expect(computeRedundancy(order({ pattern: 'A-A' }), pods, nodes)).toMatchObject({
      ready: 1,
      zones: [
        { zone: 'a', ready: 0 },
        { zone: 'b', ready: 1 },
      ],
      met: false,
    });
  });

  it('does not count pods on nodes that are lost', () => {
    const lost = nodesIn(['a', 'b'], { a: { ready: false } });
    expect(computeRedundancy(order({ pattern: 'A-A' }), inZones('ab'), lost)).toMatchObject({ ready: 1, met: false });
  });

  it('takes a pod on a node that it does not know for no proof of a second zone', () => {
    const given = computeRedundancy(order({ pattern: 'A-A' }), inZones('ax'), nodes);
    expect(given).toMatchObject({ ready: 2, met: false, reason: 'SpreadViolated' });
  });
});
