import { describe, expect, it } from 'vitest';
import { aComponent, aPod, nodesIn } from '../../test/support/objects.ts';
import type { NodeFact, PodFact } from './facts.ts';
import { layoutComponent } from './layout.ts';
import { chooseEviction } from './spread.ts';

const MINUTE = 60_000;

function order(more: Record<string, unknown>, agents: number, zones = ['a', 'b']) {
  const layout = layoutComponent(aComponent(more), { agents, zones });
  if (!layout.ok) throw new Error(layout.message);
  return layout.order;
}
const spread = order({ survives: 'Instance', agentsPerInstance: 100 }, 300);
const inZones = (zones: string, more: Partial<PodFact> = {}): PodFact[] =>
  [...zones].map((zone, i) => aPod(`pod-${i}`, { zone, ...(i === 0 && more) }));

function textOf(pods: PodFact[], changes: Record<string, Partial<NodeFact>> = {}, given = spread): string {
  const zones = given.zones.map(({ zone }) => zone);
  const decision = chooseEviction({ order: given, pods, nodes: nodesIn(zones, changes), stableForMs: MINUTE });
  return decision.kind === 'Evict' ? `evict ${decision.pod.name}` : `keep ${decision.recheckAfterMs ?? ''}`.trim();
}

describe('chooseEviction', () => {
  it.each<[string, PodFact[], Record<string, Partial<NodeFact>>, string]>([
    ['evicts one from the crowded zone', inZones('aaaa'), {}, 'evict pod-0'],
    ['evicts the youngest one', inZones('bbba', { readinessAgeMs: 2 * MINUTE }), {}, 'evict pod-0'],
    ['leaves an even spread alone', inZones('aabb'), {}, 'keep'],
    [
      'waits until the zone has been back for long enough',
      inZones('aaaa'),
      { b: { readinessAgeMs: 20_000 } },
      'keep 40000',
    ],
    [
      'waits until the last instance has been ready for long enough',
      inZones('aaaa', { readinessAgeMs: 59_000 }),
      {},
      'keep 1000',
    ],
    ['waits while the zone is lost', inZones('aaaa'), { b: { ready: false } }, 'keep'],
    ['waits while the zone takes no pods', inZones('aaaa'), { b: { schedulable: false } }, 'keep'],
    ['waits while an instance is missing', inZones('aaa'), {}, 'keep'],
    ['waits while an instance is not ready', inZones('aaaa', { ready: false }), {}, 'keep'],
    ['evicts one at a time', [...inZones('aaaa'), aPod('leaving', { terminating: true })], {}, 'keep'],
    ['does not mind what has ended', [...inZones('aaaa'), aPod('done', { ended: true })], {}, 'evict pod-0'],
  ])('%s', (_name, pods, changes, expected) => {
    expect(textOf(pods, changes)).toBe(expected);
  });

  it('looks at all zones, also at those without an instance', () => {
    const three = order({ survives: 'Instance', agentsPerInstance: 100 }, 300, ['a', 'b', 'c']);
    expect(textOf(inZones('aabb'), {}, three)).toBe('evict pod-0');
  });

  it.each([
    ['a single instance', order({ pattern: 'A' }, 0), 'a'],
    ['instances that are bound to zones', order({ agentsPerInstance: 100 }, 200), 'aaab'],
  ])('never touches %s', (_name, given, zones) => {
    expect(textOf(inZones(zones), {}, given)).toBe('keep');
  });
});
