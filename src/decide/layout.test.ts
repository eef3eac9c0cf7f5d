import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { component, zones } from '../../test/support/arbitraries.ts';
import { aComponent } from '../../test/support/objects.ts';
import type { ComponentOrder } from '../api/regional-service.ts';
import { regionalService } from '../api/regional-service.ts';
import { type Layout, layoutComponent } from './layout.ts';

const AB = ['a', 'b'];
const ABC = ['a', 'b', 'c'];

/** `layout needed/instances zone:count… [pairs]`, or the refusal. */
function textOf(layout: Layout): string {
  if (!layout.ok) return `${layout.reason}: ${layout.message}`;
  const { layout: kind, needed, instances, zones, pairs } = layout.order;
  const counts = zones.map(({ zone, instances }) => `${zone}:${instances}`).join(' ');
  const slots = pairs ? ` [${pairs.map(({ a, b }) => a + b).join(' ')}]` : '';
  return `${kind} ${needed}/${instances} ${counts}${slots}`;
}

describe('layoutComponent', () => {
  const pool = { agentsPerInstance: 100 };
  it.each([
    ['A is one instance that may stand anywhere', { pattern: 'A' }, 900, AB, 'Spread 1/1 a:1 b:0'],
    ['A-A is one instance in each of two zones', { pattern: 'A-A' }, 900, AB, 'PerZone 1/2 a:1 b:1'],
    ['A-A takes two of three zones', { pattern: 'A-A' }, 900, ABC, 'PerZone 1/2 b:1 c:1'],
    ['A-B is one pair in two zones', { pattern: 'A-B' }, 900, AB, 'Pairs 1/2 a:1 b:1 [ba]'],
    ['a pool in two zones is whole in each', pool, 900, AB, 'PerZone 9/18 a:9 b:9'],
    ['a pool in three zones has half of N in each', pool, 900, ABC, 'PerZone 9/15 a:5 b:5 c:5'],
    ['a pool of one is N+1 all the same', {}, 900, AB, 'PerZone 1/2 a:1 b:1'],
    [
      'a pool that survives an instance has one to spare',
      { ...pool, survives: 'Instance' },
      900,
      ABC,
      'Spread 9/10 a:4 b:3 c:3',
    ],
    [
      'a pool that survives an instance needs one zone only',
      { ...pool, survives: 'Instance' },
      900,
      ['a'],
      'Spread 9/10 a:10',
    ],
    ['a pool of A-A pairs has N+1 pairs', { ...pool, of: 'A-A' }, 200, AB, 'PerZone 2/6 a:3 b:3'],
    ['a pool of A-A pairs is balanced over three zones', { ...pool, of: 'A-A' }, 200, ABC, 'PerZone 2/6 a:2 b:2 c:2'],
    [
      'a pool of A-B pairs has N+1 pairs, active in turn',
      { ...pool, of: 'A-B' },
      200,
      AB,
      'Pairs 2/6 a:3 b:3 [ab ba ab]',
    ],
    [
      'a pool that survives a zone cannot stand in one',
      pool,
      900,
      ['a'],
      'NotEnoughZones: component main: N+1 that survives a zone keeps N in the other zones; it needs 2 zones, the region has 1',
    ],
    [
      'a pair cannot stand in one zone that is named twice',
      { pattern: 'A-B' },
      900,
      ['a', 'a'],
      'NotEnoughZones: component main: A-B puts two slots in two zones; it needs 2 zones, the region has 1',
    ],
    [
      'more instances than an order holds are refused',
      { agentsPerInstance: 1 },
      60_000,
      AB,
      'CapacityExceeded: component main would need at least 60001 instances in one region, at most 10000 can be ordered: raise agentsPerInstance',
    ],
    [
      'more pairs than an order holds are refused',
      { agentsPerInstance: 1, of: 'A-B' },
      1000,
      AB,
      'CapacityExceeded: component main would need at least 1001 pairs in one region, at most 1000 can be ordered: raise agentsPerInstance',
    ],
  ])('%s', (_name, more, agents, zones, expected) => {
    expect(textOf(layoutComponent(aComponent(more), { agents, zones }))).toBe(expected);
  });

  it('spreads single pairs of different services over all zones', () => {
    const first = Array.from({ length: 300 }, (_, i) => {
      const layout = layoutComponent(aComponent({ pattern: 'A-B' }), { agents: 1, zones: ABC, key: `service-${i}` });
      return layout.ok ? layout.order.pairs?.[0]?.a : undefined;
    });
    for (const zone of ABC) expect(first.filter((z) => z === zone).length).toBeGreaterThan(70);
  });
});

const agents = fc.integer({ min: 0, max: 2_000_000_000 });
const few = fc.integer({ min: 0, max: 2000 });
const instancesIn = (order: ComponentOrder, zone: string): number =>
  order.zones.find((z) => z.zone === zone)?.instances ?? 0;
const total = (order: ComponentOrder): number => order.zones.reduce((sum, z) => sum + z.instances, 0);

describe('layoutComponent, for any component, load and zones', () => {
  const componentOrder = regionalService.spec.shape.components.element;

  it('gives an order that the API accepts, or a refusal that names the component', () => {
    fc.assert(
      fc.property(component, agents, zones(), (c, load, all) => {
        const layout = layoutComponent(c, { agents: load, zones: all });
        if (layout.ok) expect(componentOrder.safeParse(layout.order).error).toBeUndefined();
        else expect(layout.message).toContain(c.name);
      }),
    );
  });

  it('does not depend on the order of the zones, and is the same each time', () => {
    fc.assert(
      fc.property(component, few, zones(), (c, load, all) => {
        const layout = layoutComponent(c, { agents: load, zones: all, key: 'k' });
        expect(layoutComponent(c, { agents: load, zones: all.toReversed(), key: 'k' })).toEqual(layout);
      }),
    );
  });

  it('counts what it places: never fewer than N+1 of a pool, and by zone what it says in all', () => {
    fc.assert(
      fc.property(component, few, zones(2), (c, load, all) => {
        const layout = layoutComponent(c, { agents: load, zones: all });
        if (!layout.ok) return;
        expect(total(layout.order)).toBe(layout.order.instances);
        if (c.pattern === 'N+1') expect(layout.order.instances).toBeGreaterThanOrEqual(layout.order.needed + 1);
      }),
    );
  });

  it('leaves N without any one zone, where the pattern promises it', () => {
    fc.assert(
      fc.property(component, few, zones(2), (c, load, all) => {
        const layout = layoutComponent(c, { agents: load, zones: all });
        if (!layout.ok || layout.order.layout === 'Spread') return;
        const { order } = layout;
        const leftWithout = (zone: string) =>
          order.pairs ? order.pairs.length : order.instances - instancesIn(order, zone);
        expect(Math.min(...all.map(leftWithout))).toBeGreaterThanOrEqual(order.needed);
        expect(order.pairs?.some(({ a, b }) => a === b) ?? false).toBe(false);
      }),
    );
  });

  it('takes nothing away from any zone when the load grows', () => {
    fc.assert(
      fc.property(component, few, few, zones(2), (c, load, more, all) => {
        const small = layoutComponent(c, { agents: load, zones: all });
        const large = layoutComponent(c, { agents: load + more, zones: all });
        if (!small.ok || !large.ok || small.order.layout === 'Spread') return;
        for (const zone of all)
          expect(instancesIn(large.order, zone)).toBeGreaterThanOrEqual(instancesIn(small.order, zone));
        expect(large.order.pairs?.slice(0, small.order.pairs?.length)).toEqual(small.order.pairs);
      }),
    );
  });

  it('adds nothing to any old zone when a zone is added', () => {
    fc.assert(
      fc.property(component, few, zones(3), (c, load, all) => {
        const sorted = all.toSorted();
        const before = layoutComponent(c, { agents: load, zones: sorted.slice(0, -1) });
        const after = layoutComponent(c, { agents: load, zones: sorted });
        if (!before.ok || !after.ok) return;
        for (const zone of sorted.slice(0, -1)) {
          expect(instancesIn(after.order, zone)).toBeLessThanOrEqual(instancesIn(before.order, zone));
        }
      }),
    );
  });
});
