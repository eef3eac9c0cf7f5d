import { beforeEach, expect, it } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { Authority } from './authority.ts';
import type { AgentContext } from './context.ts';
import { isWithoutRight } from './without-right.ts';

const KEY = 'switchback-system/mail';
let clock: ManualClock;
let authority: Authority;
let sinceLeadMs: number;

beforeEach(() => {
  clock = new ManualClock();
  authority = new Authority({ clock, random: fixedRandom(), leaseMs: 7000 });
  sinceLeadMs = 3_600_000;
});

const order = (more: object = {}): RegionalService => anOrder('mail', [anOrderedComponent()], { epoch: 3, ...more });
const withStatus = (object: RegionalService, grantedEpoch: number): RegionalService => ({
  ...object,
  status: { observedGeneration: 1, grantedEpoch },
});

/** What is not fenced by this leadership looks started: nothing is known of its pods, for the caches are cold. */
function ask(orders: readonly RegionalService[], isFenced = true): boolean | undefined {
  const cold = { reflector: { synced: false }, store: { byIndex: () => [] } };
  const warm = { ...cold, reflector: { synced: true } };
  const caches = Object.fromEntries(
    ['deployments', 'statefulSets', 'services', 'budgets', 'pods', 'nodes'].map((name) => [
      name,
      isFenced ? warm : cold,
    ]),
  );
  return isWithoutRight(
    partOf<AgentContext>('context', {
      authority,
      caches,
      clock,
      converted: new Map(),
      fenced: new Map(isFenced ? [[KEY, { token: 'leader', mark: '', at: clock.now() }]] : []),
      gate: undefined,
      leadership: { token: 'leader', isCertain: () => true, sinceAtMostMs: () => sinceLeadMs },
      orders: { sure: true, values: () => orders },
    }),
  );
}

const grant = (epoch: number): void => {
  const nonce = authority.ask();
  const hub = { nonce, term: 1, grants: { [KEY]: epoch } };
  authority.take({ apiVersion: '', kind: 'RegionLease', metadata: { name: 'us-east' }, spec: { hub } });
};

it.each<[string, boolean, () => RegionalService[]]>([
  ['without services is not', false, () => []],
  [
    'that stands by is not',
    false,
    () => [order({ role: 'Standby', activeRegion: 'us-west', successors: ['us-east'] })],
  ],
  ['whose service runs in several regions is not', false, () => [order({ mode: 'Active' })]],
  ['that awaits its first right is', true, () => [order()]],
  ['whose right was for another epoch is', true, () => [withStatus(order(), 2)]],
  ['that may hold on without the hub is not', false, () => [withStatus(order({ onHubLoss: 'Hold' }), 3)]],
  ['whose service has no successor is not', false, () => [withStatus(order({ successors: [] }), 3)]],
  [
    'that has a right for one service and none for another is',
    true,
    () => [withStatus(order({ successors: [] }), 3), order()],
  ],
])('a region %s without a right: %s', (_, expected, orders) => {
  expect(ask(orders())).toBe(expected);
});

it('a region with a right is not, until that ends', async () => {
  grant(3);
  expect(ask([order()])).toBe(false);
  await clock.advance(7000);
  expect(ask([order()])).toBe(true);
});

it('a new leader says nothing of the kind while it tries to prove its right for what runs', () => {
  sinceLeadMs = 900;
  expect(ask([order()], false)).toBeUndefined();
  sinceLeadMs = 1000;
  expect(ask([order()], false)).toBe(true);
});
