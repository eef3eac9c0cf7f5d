import { regionConditions } from '../../src/agent/region-loop.ts';
import { type ConditionState, mergeConditions } from '../../src/api/conditions.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import type { HoldStatus, ServiceInstance } from '../../src/api/service-instance.ts';
import type { TenantOutcome } from '../../src/decide/cohort.ts';
import { placeInstance } from '../../src/decide/placement.ts';
import { refuse } from '../../src/decide/refusal.ts';
import { classConditions } from '../../src/hub/class-loop.ts';
import { type TenantParts, tenantReport } from '../../src/hub/tenant-loop.ts';
import { Store } from '../../src/kube/cache.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { drillReport } from '../../src/report/drill.ts';
import { type GroupFacts, groupReport, type RegionSummary } from '../../src/report/group.ts';
import { type InstanceFacts, instanceConditions } from '../../src/report/instance.ts';
import { type ManualProgress, manualReport } from '../../src/report/manual-switch.ts';
import { type RegionalReport, regionalConditions } from '../../src/report/regional.ts';
import type { StatusReport } from '../../src/report/status.ts';
import { type ServiceProgress, switchReport } from '../../src/report/switch.ts';
import {
  aBackup,
  aClass,
  aGroup,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
  aProgress,
  aSwitch,
  aTenant,
} from '../support/objects.ts';

/** What every reader should make of a state: see `readers.ts`. */
export type Standing = 'Done' | 'Working' | 'Waiting' | 'Failed' | 'Leaving';

export interface State {
  readonly name: string;
  readonly is: Standing;
  readonly object: KubeObject & { readonly status?: unknown };
}

const TIME = '2026-03-01T12:00:00Z';
const NOW = Date.parse(TIME);

/** The object after the report, as the API server would keep it. */
function reported<T extends KubeObject>(object: T, { conditions, fields }: StatusReport): State['object'] {
  const status = {
    observedGeneration: 1,
    ...fields,
    conditions: mergeConditions(undefined, conditions, { generation: 1, time: TIME }),
  };
  const told = Object.entries(status).filter(([, value]) => value !== null && value !== undefined);
  return { ...object, metadata: { ...object.metadata, generation: 1 }, status: Object.fromEntries(told) };
}
const stating = (object: KubeObject, conditions: readonly ConditionState[]) => reported(object, { conditions });

const group = aGroup('americas', ['east', 'west']);
const region = (name: string, more: Partial<RegionSummary> = {}): RegionSummary => ({
  region: name,
  diagnosis: { state: 'Healthy', reason: 'RegionHealthy', message: '' },
  credentials: 'Ok',
  source: `Secret switchback-system/${name} with key kubeconfig`,
  activeServices: 3,
  everHealthy: true,
  ...more,
});
function aGroupState(more: Partial<GroupFacts> = {}): State['object'] {
  const facts: GroupFacts = {
    regions: [region('east'), region('west')],
    capacities: [],
    electionFits: true,
    electionMs: 2500,
    unprotected: [],
    losses: undefined,
    unknownZones: [],
    switchback: undefined,
    directories: [],
    before: undefined,
    rehearsals: undefined,
    rehearsed: undefined,
    drills: undefined,
    requests: [],
    requested: undefined,
    ...more,
  };
  return reported(group, groupReport(facts));
}
const LOST = region('east', { diagnosis: { state: 'Lost', reason: 'RegionLost', message: 'silent' } });
const FULL = {
  region: 'west',
  planned: 12,
  capacity: 10,
  fits: false,
  message: 'region west: 12 planned, room for 10',
};

const voiceMail = aClass('voice-mail', aBackup());
const instance: ServiceInstance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
function order(role: 'Active' | 'Standby', status: Partial<RegionalService['status']> = {}): RegionalService {
  const made = anOrder('mail', [anOrderedComponent()], { role, activeRegion: 'east' });
  const redundancy = { type: 'RedundancyMet', status: 'True', reason: 'AsDeclared', message: '' } as const;
  const followed = {
    observedGeneration: 1,
    phase: role,
    epoch: 1,
    conditions: [{ ...redundancy, lastTransitionTime: TIME }],
    ...(role === 'Standby' ? { standbyEpoch: 1 } : {}),
  };
  return { ...made, metadata: { ...made.metadata, generation: 1 }, status: { ...followed, ...status } };
}
const LOST_EAST: Partial<InstanceFacts> = {
  regionStates: new Map([
    ['east', 'Lost'],
    ['west', 'Healthy'],
  ]),
};
const hold = (reason: HoldStatus['reason'], wanted: HoldStatus['wanted'], message: string): Partial<InstanceFacts> => ({
  hold: { wanted, reason, message },
});
function anInstanceState(more: Partial<InstanceFacts> = {}): State['object'] {
  const facts: InstanceFacts = {
    instance,
    plan: placeInstance(instance, voiceMail, group),
    assignment: anAssignment('1 east>west'),
    orders: new Map([
      ['east', order('Active')],
      ['west', order('Standby')],
    ]),
    regionStates: new Map([
      ['east', 'Healthy'],
      ['west', 'Healthy'],
    ]),
    capacities: [],
    hold: undefined,
    fencing: 'Agent',
    ...more,
  };
  return stating(instance, instanceConditions(facts));
}

const tenant = aTenant('customers/crown');
const instances = (...known: readonly State['object'][]) => {
  const store = new Store<ServiceInstance>();
  store.replace(known as ServiceInstance[], '1');
  const context = {
    instances: { store },
    capacities: new Map(),
    naming: new Map(),
    assignments: { loaded: false },
  } as unknown as TenantParts['context'];
  // Nobody has looked what has failed, and where services are is no matter of conditions.
  const impacts = { feltBy: () => undefined } as unknown as TenantParts['impacts'];
  return { context, impacts, placesOf: () => ({}) } as unknown as TenantParts;
};
const tenantNow = (parts: TenantParts, outcome: TenantOutcome) =>
  tenantReport(parts, tenant, outcome, '2026-01-01T00:00:00Z');
const planned = (ready: ConditionState): TenantOutcome => ({
  services: [{ service: 'voice-mail', instance: 'switchback-system/mail', mode: 'Backup' }],
  regions: ['east', 'west'],
  balancing: { voice: 'Regions', agents: 'Regions' },
  conditions: [ready],
});
const PLANNED: ConditionState = { type: 'Ready', status: 'True', reason: 'AsDeclared', message: 'planned' };

const NOTHING: ManualProgress = {
  services: [],
  plan: [],
  regions: [],
  drain: undefined,
  stop: undefined,
  obstacle: undefined,
  back: [],
  left: 0,
  drill: undefined,
};
const MOVING = aProgress({ decidedAt: NOW - 20_000 });
const MOVED: ServiceProgress = {
  ...MOVING,
  promotedAt: NOW - 10_000,
  readyAt: NOW - 5000,
  trafficMoved: true,
  cleanedUp: true,
};
const asked = (progress: Partial<ManualProgress>, spec: Readonly<Record<string, unknown>> = {}) => {
  const object = aSwitch('evacuate-east', spec);
  return reported(object, manualReport(object, { ...NOTHING, ...progress }, NOW));
};
const held = (reason: string, message: string): Partial<ManualProgress> => ({
  plan: [{ name: 'ns/mail', verdict: 'Held', from: 'east', reason, message }],
});
const automatic = (services: readonly ServiceProgress[]) => {
  const spec = { type: 'Failover', trigger: 'Automatic', reason: undefined, cause: 'region east is silent' };
  const object = aSwitch('failover-east', spec);
  return reported(object, switchReport(object, services, NOW));
};
const drill = (status: NonNullable<ManualProgress['drill']>, progress: Partial<ManualProgress> = {}) => {
  const object = aSwitch('drill-east', { type: 'Drill', drill: { kind: 'Region' } });
  return reported(object, drillReport(object, { ...NOTHING, ...progress, drill: status }, NOW));
};

const regional = (phase: RegionalReport['phase'], more: Partial<RegionalReport> = {}) => {
  const made = anOrder('mail', [anOrderedComponent()], { role: phase === 'Standby' ? 'Standby' : 'Active' });
  const told: RegionalService = {
    ...made,
    status: { observedGeneration: 1, standbyEpoch: phase === 'Standby' ? 1 : 0 },
  };
  return stating(made, regionalConditions({ order: told, phase, redundancies: [], lacksGate: false, ...more }));
};
const MISSING = { name: 'main', met: false, planned: 2, ready: 1, zones: [], reason: 'InstancesMissing' } as const;

const cluster: KubeObject = {
  apiVersion: 'switchback.dev/v1alpha1',
  kind: 'Region',
  metadata: { name: 'east' },
  ...{
    spec: { iuGroup: 'americas', infrastructureUnit: 'iu-east', geography: 'US', country: 'US', zones: ['a', 'b'] },
  },
};
const zone = (name: string, readyNodes: number) =>
  ({ zone: name, nodes: 3, readyNodes, state: readyNodes > 0 ? 'Healthy' : 'Lost' }) as const;

const state = (is: Standing, name: string, object: State['object']): State => ({ is, name, object });
const needy = aClass('voice-mail', { ...aBackup(), requires: [{ serviceClass: 'voice' }] });

/** Every kind that tools wait for, in the states in which people meet it, as the reports of the operator write them. */
const TYPICAL: readonly State[] = [
  state('Done', 'well', aGroupState()),
  state('Working', 'region lost', aGroupState({ regions: [LOST, region('west')] })),
  state('Failed', 'no credentials', aGroupState({ regions: [region('east', { credentials: 'NotFound' })] })),
  state('Failed', 'no room', aGroupState({ capacities: [FULL] as never })),
  state('Done', 'not protected', aGroupState({ unprotected: ['switchback-system/mail'] })),
  state(
    'Done',
    'requires nothing',
    stating(
      voiceMail,
      classConditions(voiceMail, () => undefined),
    ),
  ),
  state(
    'Failed',
    'requires what is not there',
    stating(
      needy,
      classConditions(needy, () => undefined),
    ),
  ),
  state(
    'Done',
    'requires what is there',
    stating(
      needy,
      classConditions(needy, () => aClass('voice')),
    ),
  ),
  state('Done', 'served', reported(tenant, tenantNow(instances(anInstanceState()), planned(PLANNED)))),
  state('Working', 'not served yet', reported(tenant, tenantNow(instances(), planned(PLANNED)))),
  state(
    'Failed',
    'no group',
    reported(tenant, tenantNow(instances(), planned({ ...PLANNED, status: 'False', reason: 'IUGroupNotFound' }))),
  ),
  state('Done', 'active and protected', anInstanceState()),
  state('Working', 'region lost', anInstanceState(LOST_EAST)),
  state('Working', 'not assigned yet', anInstanceState({ assignment: undefined })),
  state(
    'Waiting',
    'failover waits for approval',
    anInstanceState({ ...LOST_EAST, ...hold('ApprovalRequired', 'FailedOver', 'somebody has to say yes') }),
  ),
  state(
    'Working',
    'failover cools down',
    anInstanceState({ ...LOST_EAST, ...hold('CoolingDown', 'FailedOver', 'the last switch was too short ago') }),
  ),
  state(
    'Done',
    'away and the way home waits for approval',
    anInstanceState(hold('ReadyToSwitchBack', 'SwitchedBack', 'somebody has to say yes')),
  ),
  state('Failed', 'no place', anInstanceState({ plan: refuse('IUGroupNotFound', 'IU group americas does not exist') })),
  state('Working', 'services on their way', asked({ services: [MOVING] })),
  state('Done', 'switched over but not protected', asked({ services: [MOVED] })),
  state('Done', 'over', asked({ services: [{ ...MOVED, protected: true }] })),
  state('Waiting', 'approval missing', asked(held('ApprovalRequired', 'somebody has to say yes'))),
  state('Working', 'target full', asked(held('CapacityExceeded', 'region west has no room'))),
  state('Waiting', 'paused', asked(held('Paused', 'paused'), { pause: true })),
  state('Working', 'aborted under way', asked({ services: [MOVED], stop: 'Aborted' }, { abort: true })),
  state('Failed', 'aborted', asked({ services: [{ ...MOVED, protected: true }], stop: 'Aborted' }, { abort: true })),
  state('Failed', 'no such group', asked({ obstacle: { reason: 'IUGroupNotFound', message: 'no IU group' } })),
  state('Done', 'dry run', asked({ plan: [{ name: 'ns/mail', verdict: 'Moves', from: 'east' }] }, { dryRun: true })),
  state('Done', 'freeze', asked({}, { type: 'Freeze', region: undefined, expiresAt: '2026-03-01T13:00:00Z' })),
  state('Working', 'automatic under way', automatic([MOVING])),
  state('Done', 'automatic switched over', automatic([MOVED])),
  state('Done', 'automatic over', automatic([{ ...MOVED, protected: true }])),
  state(
    'Working',
    'drill stays',
    drill({ phase: 'Staying', stayUntil: '2026-03-01T12:05:00Z' }, { services: [MOVED] }),
  ),
  state('Done', 'drill passed', drill({ phase: 'Ended', result: 'Passed', message: 'within its objective' })),
  state('Failed', 'drill failed', drill({ phase: 'Ended', result: 'Failed', message: 'mail was not ready in time' })),
  state('Done', 'zones well', stating(cluster, regionConditions([zone('a', 3), zone('b', 3)]))),
  state('Failed', 'zone lost', stating(cluster, regionConditions([zone('a', 3), zone('b', 0)]))),
  state('Done', 'active', regional('Active')),
  state('Working', 'instances missing', regional('Active', { redundancies: [{ ...MISSING, message: '1 of 2' }] })),
  state('Working', 'starting', regional('Starting')),
  state('Working', 'fencing', regional('Fencing')),
  state('Working', 'no right', regional('Fenced')),
  state('Done', 'standing by', regional('Standby')),
  state('Failed', 'no gate', regional('Fenced', { lacksGate: true })),
];

/** Of each kind also: as it is made, before anybody has looked; changed since; and on its way out. */
function everywhere(well: State): State[] {
  const { object } = well;
  const { metadata } = object;
  const looked = { ...object, metadata: { ...metadata, generation: 2 } };
  const deleted = { ...object, metadata: { ...metadata, deletionTimestamp: TIME } };
  // As the schema defaults it.
  const made = { ...object, status: { observedGeneration: -1 } };
  return [
    state('Working', 'just made', made),
    state('Working', 'changed since', looked),
    state('Leaving', 'being deleted', deleted),
  ];
}

export const STATES: readonly State[] = [...Map.groupBy(TYPICAL, ({ object }) => object.kind).values()].flatMap(
  (states) => [
    ...states,
    ...states
      .filter(({ is }) => is === 'Done')
      .slice(0, 1)
      .flatMap(everywhere),
  ],
);
