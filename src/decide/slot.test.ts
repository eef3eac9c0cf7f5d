import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aPod, nodesIn } from '../../test/support/objects.ts';
import type { PodFact } from './facts.ts';
import { chooseSlot, type Slot, type SlotInput } from './slot.ts';

const policy = { fencedByAgent: true, nodeLostAfterMs: 10_000, crashedAfterMs: 30_000, settledAfterMs: 5000 };
const a = (more: Partial<PodFact> = {}) => aPod('pod-a', { slot: 'a', zone: 'a', ...more });
const b = (more: Partial<PodFact> = {}) => aPod('pod-b', { slot: 'b', zone: 'b', ...more });
const notReady = { ready: false, readinessAgeMs: 1000 };
const allWell = nodesIn(['a', 'b']);
const zoneLost = (forMs: number) => nodesIn(['a', 'b'], { a: { ready: false, readinessAgeMs: forMs } });

const input = (more: Partial<SlotInput>): SlotInput => ({
  current: 'a',
  pods: [a(), b()],
  nodes: allWell,
  policy,
  ...more,
});
/** `slot reason [recheck] [-deleted]`. */
function textOf(more: Partial<SlotInput>): string {
  const { select, reason, deletePods, recheckAfterMs } = chooseSlot(input(more));
  const deleted = deletePods.map(({ name }) => `-${name}`);
  return [select, reason, ...(recheckAfterMs === undefined ? [] : [`${recheckAfterMs} ms`]), ...deleted].join(' ');
}

describe('chooseSlot', () => {
  it.each<[string, Partial<SlotInput>, string]>([
    ['keeps a slot that serves', {}, 'a AsDeclared'],
    ['does not go back by itself', { current: 'b' }, 'b AsDeclared'],
    ['starts with a', { current: undefined, pods: [] }, 'a AsDeclared'],
    ['starts with b when only b serves', { current: undefined, pods: [b()] }, 'b AsDeclared'],
    ['promotes at once when the pod is gone', { pods: [b()] }, 'b SlotPromoted'],
    ['promotes back to a when b is gone', { current: 'b', pods: [a()] }, 'a SlotPromoted'],
    ['promotes when the pod has ended', { pods: [a({ ...notReady, ended: true }), b()] }, 'b SlotPromoted'],
    ['promotes when the pod never started', { pods: [a({ ...notReady, started: false }), b()] }, 'b SlotPromoted'],
    [
      'promotes when the pod has replaced the old one and never served',
      { pods: [a({ ...notReady, mayHaveServed: false }), b()] },
      'b SlotPromoted',
    ],
    ['waits while the old pod is on its way out', { pods: [a({ terminating: true }), b()] }, 'a AwaitingFence'],
    ['waits for a pod that may recover', { pods: [a(notReady), b()] }, 'a AwaitingFence 29000 ms'],
    [
      'deletes a pod that crashes on and on',
      { pods: [a({ ...notReady, readinessAgeMs: 30_000 }), b()] },
      'a AwaitingFence -pod-a',
    ],
    ['waits until a lost node counts as stopped', { nodes: zoneLost(4000) }, 'a AwaitingFence 6000 ms'],
    ['promotes once it does', { nodes: zoneLost(10_000) }, 'b SlotPromoted'],
    [
      'promotes then also while the old pod hangs in termination',
      { pods: [a({ terminating: true }), b()], nodes: zoneLost(10_000) },
      'b SlotPromoted',
    ],
    [
      'waits for the pod to be gone without an accepted fence',
      { nodes: zoneLost(99_000), policy: { ...policy, fencedByAgent: false } },
      'a AwaitingFence',
    ],
    [
      'takes a node that it does not know for nothing',
      { pods: [a({ ...notReady, terminating: true }), b()], nodes: nodesIn(['b']) },
      'a AwaitingFence',
    ],
    ['stays when the other slot is not ready either', { pods: [a(notReady), b(notReady)] }, 'a InstancesMissing'],
    [
      'stays when the other slot stands in a lost zone',
      { pods: [b()], nodes: nodesIn(['a', 'b'], { b: { ready: false } }) },
      'a InstancesMissing',
    ],
    [
      'gives both the time to come up at a start',
      { pods: [b({ readinessAgeMs: 200 })] },
      'a AwaitingReadiness 4800 ms',
    ],
    [
      'deletes nothing while nothing could take over',
      { pods: [a({ ...notReady, readinessAgeMs: 99_000 })] },
      'a InstancesMissing',
    ],
  ])('%s', (_name, more, expected) => {
    expect(textOf(more)).toBe(expected);
  });
});

describe('chooseSlot, for any pods and nodes', () => {
  const age = fc.integer({ min: 0, max: 60_000 });
  const pod = fc
    .record({
      slot: fc.constantFrom<Slot>('a', 'b'),
      zone: fc.constantFrom('a', 'b', 'unknown'),
      ready: fc.boolean(),
      readinessAgeMs: age,
      terminating: fc.boolean(),
      ended: fc.boolean(),
      started: fc.boolean(),
      mayHaveServed: fc.boolean(),
    })
    .map((facts) => aPod('pod', facts));
  const nodes = fc
    .record({ a: fc.boolean(), b: fc.boolean(), age })
    .map(({ a, b, age }) =>
      nodesIn(['a', 'b'], { a: { ready: a, readinessAgeMs: age }, b: { ready: b, readinessAgeMs: age } }),
    );
  const anyInput = fc.record({
    current: fc.constantFrom<Slot | undefined>('a', 'b', undefined),
    pods: fc.array(pod, { maxLength: 4 }),
    nodes,
    policy: fc.boolean().map((fencedByAgent) => ({ ...policy, fencedByAgent })),
  });

  it('never moves while a pod of the selected slot serves', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const serves = given.pods.some(
          ({ slot, ready, terminating, ended, node = '' }) =>
            slot === given.current && ready && !terminating && !ended && given.nodes.get(node)?.ready !== false,
        );
        if (given.current && serves) expect(chooseSlot(given)).toMatchObject({ select: given.current, deletePods: [] });
      }),
    );
  });

  it('never moves to a slot without a ready pod, nor while an old pod may serve on a ready node', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const { select } = chooseSlot(given);
        if (!given.current || select === given.current) return;
        expect(given.pods.some(({ slot, ready }) => slot === select && ready)).toBe(true);
        const mayServe = given.pods.filter((p) => p.slot === given.current && p.started && p.mayHaveServed && !p.ended);
        expect(mayServe.every(({ node = '' }) => given.nodes.get(node)?.ready === false)).toBe(true);
        expect(mayServe.length === 0 || given.policy.fencedByAgent).toBe(true);
      }),
    );
  });

  it('moves once: asked again with the answer it stays', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const { select } = chooseSlot(given);
        expect(chooseSlot({ ...given, current: select }).select).toBe(select);
      }),
    );
  });
});
