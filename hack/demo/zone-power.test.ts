import { expect, test } from 'vitest';
import type { Pod } from '../../src/kube/kinds.ts';
import type { PowerState } from '../regions/regions.ts';
import { ZonePower } from './zone-power.ts';

interface PodState {
  readonly zone?: string;
  readonly deleting?: boolean;
  readonly phase?: 'Running' | 'Failed';
}

function pod({ zone = 'east-a', deleting = false, phase = 'Running' }: PodState = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', uid: 'u', ...(deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: { containers: [], nodeName: `${zone}-1` },
    status: { phase },
  };
}

const powers = (a: PowerState, b: PowerState = 'on') => new Map([['east-a', a] as const, ['east-b', b] as const]);

/** The zone's power goes through the states; the pods are what is known at that time. */
function after(...history: readonly (readonly [PowerState, Pod])[]): ZonePower {
  const power = new ZonePower(powers('on'));
  for (const [state, known] of history) power.update(powers(state), () => [known]);
  return power;
}

test('a pod runs once it is bound to a node, ready or not', () => {
  const { metadata, spec, ...rest } = pod();
  const unbound: Pod = { ...rest, metadata, spec: { containers: spec?.containers ?? [] } };
  expect(after().runs(pod())).toBe(true);
  expect(after().runs(unbound)).toBe(false);
});

test('a pod that is marked for deletion runs until it is gone', () => {
  expect(after().runs(pod({ deleting: true }))).toBe(true);
});

test('a pod that has ended does not run', () => {
  expect(after().runs(pod({ phase: 'Failed' }))).toBe(false);
});

test('a pod runs no longer when its node has lost its power, and others run on', () => {
  const power = after(['killed', pod()]);
  expect(power.runs(pod())).toBe(false);
  expect(power.runs(pod({ zone: 'east-b' }))).toBe(true);
});

test('a frozen node runs nothing, and goes on with all of it when it thaws, also with what is to be deleted', () => {
  const frozen = after(['hung', pod()]);
  expect(frozen.runs(pod())).toBe(false);
  frozen.update(powers('on'), () => [pod({ deleting: true })]);
  expect(frozen.runs(pod({ deleting: true }))).toBe(true);
});

test('a node that has its power back starts its pods again', () => {
  expect(after(['killed', pod()], ['on', pod()]).runs(pod())).toBe(true);
});

test('a node that has its power back does not start what is marked for deletion by then', () => {
  const power = after(['killed', pod()], ['on', pod({ deleting: true })]);
  expect(power.runs(pod({ deleting: true }))).toBe(false);
});

test('a pod that is marked for deletion only after its node has started it again runs until it is gone', () => {
  const power = after(['killed', pod()], ['on', pod()]);
  expect(power.runs(pod({ deleting: true }))).toBe(true);
});

test('a frozen node that then loses its power has ended its pods', () => {
  const power = after(['hung', pod()], ['killed', pod()], ['on', pod({ deleting: true })]);
  expect(power.runs(pod({ deleting: true }))).toBe(false);
});

test('an endpoint is reached when it is ready and its node has power', () => {
  const endpoint = { addresses: ['10.0.0.1'], conditions: { ready: true }, nodeName: 'east-a-1' };
  expect(after().reaches({ endpoints: [endpoint] })).toBe(true);
  expect(after().reaches({ endpoints: [{ ...endpoint, conditions: { ready: false } }] })).toBe(false);
  expect(after(['killed', pod()]).reaches({ endpoints: [endpoint] })).toBe(false);
});

test('says whether the power of any zone has changed', () => {
  const power = after();
  expect(power.update(powers('on'), () => [])).toBe(false);
  expect(power.update(powers('on', 'killed'), () => [])).toBe(true);
});
