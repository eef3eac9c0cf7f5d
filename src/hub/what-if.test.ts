import { beforeEach, describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { API_VERSION } from '../api/common.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import { computeCapacity } from '../decide/region-capacity.ts';
import { Store } from '../kube/cache.ts';
import type { KubeObject } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { PlacementCache } from './placements.ts';
import { foresee } from './what-if.ts';

/** A hub that sees one group of two healthy regions with the service `mail`, active in us-east. */
const GROUP = aGroup('americas', ['us-east', 'us-west']);
const PLAN: CohortPlan = {
  instances: [],
  tenants: new Map(),
  audiences: [
    { group: 'americas', tenants: 10_000, instances: ['switchback-system/mail'] },
    { group: 'emea', tenants: 7, instances: ['switchback-system/mail'] },
  ],
};
let isLoaded: boolean;
let isSynced: boolean;
let nowMs: number;
let switches: RegionSwitch[];
let diagnoses: Map<string, Diagnosis>;

beforeEach(() => {
  isLoaded = true;
  isSynced = true;
  nowMs = Date.UTC(2026, 0, 1);
  switches = [];
  const healthy = { state: 'Healthy', reason: 'RegionHealthy', message: '' } as const;
  diagnoses = new Map(['us-east', 'us-west'].map((region) => [region, healthy]));
});

function cacheOf<T extends KubeObject>(objects: readonly T[]) {
  const indexers = { group: () => ['americas'] };
  const store = new Store<T>({ indexers });
  store.replace([...objects], '1');
  return {
    store,
    reflector: {
      get synced() {
        return isSynced;
      },
    },
  };
}

function context(): HubContext {
  const groups = cacheOf([GROUP]);
  const classes = cacheOf([aClass('voice-mail', aBackup())]);
  const link = { healthyForMs: nowMs, synced: true, services: cacheOf([]) };
  return partOf<HubContext>('context', {
    clock: { now: () => ({ wallMs: nowMs, monoMs: nowMs }) },
    leadership: { sinceMs: () => nowMs },
    groups,
    classes,
    instances: cacheOf([anInstance('mail')]),
    switches: cacheOf(switches),
    assignments: {
      get loaded() {
        return isLoaded;
      },
      get: () => anAssignment('1 us-east>us-west'),
    },
    links: { get: () => link, groupOf: () => GROUP },
    placements: new PlacementCache(groups.store, classes.store),
    capacities: new Map([['americas', computeCapacity([], GROUP)]]),
    holds: new Map(),
    standings: new Map([['americas', { requests: [], freezes: [], keptEmpty: [] }]]),
    diagnoses,
  });
}

/** A failover from us-east that took so long. */
function aFailover(startTime: string, milliseconds: number, isOver = true): RegionSwitch {
  const condition = { type: 'SwitchedOver', reason: 'AsDeclared', message: '', lastTransitionTime: startTime } as const;
  return {
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name: `failover-${milliseconds}` },
    spec: {
      iuGroupRef: { name: 'americas' },
      type: 'Failover',
      region: 'us-east',
      cause: 'lost',
      trigger: 'Automatic',
      dryRun: false,
      abort: false,
      undo: false,
      pause: false,
    },
    status: {
      observedGeneration: 1,
      startTime,
      slowestRecoveryMilliseconds: milliseconds,
      conditions: [{ ...condition, status: isOver ? 'True' : 'False' }],
    },
  };
}

describe('the forecast of a group', () => {
  it('moves what runs in a region to the other one, with the tenants of the group', () => {
    const losses = foresee(context(), GROUP, PLAN);
    expect(losses?.survival).toMatchObject({ status: 'True' });
    expect(losses?.whatIf).toMatchObject([
      { region: 'us-east', destinations: [{ region: 'us-west', services: 1, tenants: 10_000, fits: true }] },
      { region: 'us-west', running: { services: 0, tenants: 0 } },
    ]);
  });

  it('says what tenants would feel, and how many', () => {
    const losses = foresee(context(), GROUP, PLAN);
    // The class of the test belongs to call routing, and only it has a place elsewhere.
    expect(losses?.whatIf.map(({ impact }) => impact)).toMatchObject([
      [{ functionality: 'CallRouting', tenants: 10_000, customer: [{ code: 'ActiveCallsDropped' }] }],
      [],
    ]);
  });

  it('is the same an hour later', () => {
    const before = foresee(context(), GROUP, PLAN);
    nowMs += 3_600_000;
    expect(foresee(context(), GROUP, PLAN)).toEqual(before);
  });

  it('changes with the state of a region', () => {
    diagnoses.set('us-west', { state: 'Degraded', reason: 'NoHeartbeat', message: '' });
    expect(foresee(context(), GROUP, PLAN)?.survival).toMatchObject({ status: 'False', reason: 'TargetUnhealthy' });
  });

  it.each<[string, () => CohortPlan | undefined]>([
    ['no tenant was planned', () => undefined],
    [
      'the assignments are not read',
      () => {
        isLoaded = false;
        return PLAN;
      },
    ],
    [
      'a cache is not full',
      () => {
        isSynced = false;
        return PLAN;
      },
    ],
  ])('is not made while %s', (_, prepare) => {
    const plan = prepare();
    expect(foresee(context(), GROUP, plan)).toBeUndefined();
  });

  it('tells what the last failover took that is over', () => {
    switches = [
      aFailover('2026-01-02T00:00:00Z', 18_000),
      aFailover('2026-01-01T00:00:00Z', 25_000),
      aFailover('2026-01-03T00:00:00Z', 1, false),
    ];
    expect(foresee(context(), GROUP, PLAN)?.whatIf[0]?.recovery).toMatchObject({ measuredMilliseconds: 18_000 });
  });
});
