import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../hack/gen/catalogue.ts';
import { aGroup, anAssignment, aSwitch, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { API_VERSION } from '../api/common.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { computeCohorts } from '../decide/cohort.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { impactOfSwitch } from './switch-impact.ts';

const CLASSES = readCatalogue('today');
const PLAN = computeCohorts({
  groups: [aGroup('americas', ['us-east', 'us-west'])],
  classes: CLASSES,
  tenants: [aTenant('customers/crown'), aTenant('customers/acme', { tier: 'Advanced', secondaryRegions: [] })],
});
const MAIL = 'switchback-system/voice-mail-us-east-us-west';

function context(activeIn = 'us-east', isPlanned = true): HubContext {
  const store = new Store<ServiceInstance>({ indexers: { group: () => ['americas'] } });
  store.replace(
    PLAN.instances.map(({ metadata, spec }) => ({
      apiVersion: API_VERSION,
      kind: 'ServiceInstance',
      metadata: { ...metadata },
      spec,
    })),
    '1',
  );
  return partOf<HubContext>('context', {
    cohortPlan: () => (isPlanned ? PLAN : undefined),
    instances: { store },
    classes: { store: new Map(CLASSES.map((each) => [each.metadata.name, each])) },
    assignments: { get: () => anAssignment(`1 ${activeIn}>us-west`) },
    holds: new Map(),
  });
}
const impactOf = (more: Readonly<Record<string, unknown>>, activeIn?: string) => {
  const rows = impactOfSwitch(context(activeIn), aSwitch('s', { region: 'us-east', ...more })) ?? [];
  return Object.fromEntries(
    rows.map(({ customer = [], functionality, operations = [], representative = [] }) => [
      functionality,
      [...operations, ...representative, ...customer].map(({ code }) => code),
    ]),
  );
};
const PLANNED = {
  AgentLogin: ['ReconnectsAfterCall'],
  CallRouting: ['CallsFinishFirst'],
  HistoricalDataFeed: ['ShortBreak'],
  RecordingPlayback: ['ShortBreak'],
  Voicemail: ['ShortBreak', 'RecoveredOnNextCall'],
};

describe('what tenants feel of a switch', () => {
  it('of an evacuation: calls go on to their end', () => {
    expect(impactOf({ type: 'Evacuate' })).toEqual(PLANNED);
  });

  it('of a failover: the loss of the region', () => {
    expect(impactOf({ type: 'Failover' })).toMatchObject({
      CallRouting: ['ActiveCallsLost', 'NewCallsNotTaken', 'LoggedOut', 'ActiveCallsDropped', 'CannotCall'],
      Outbound: expect.arrayContaining(['NoCampaigns']),
    });
  });

  it('of a drill: what moves, and no traffic that is led away', () => {
    const { AgentLogin: _, CallRouting: __, ...moved } = PLANNED;
    expect(impactOf({ type: 'Drill', drill: { kind: 'Region' } })).toEqual(moved);
  });

  it('with an approval: that of the class that asks for one too', () => {
    const approved = { by: 'kim', at: '2026-01-01T00:00:00Z' };
    expect(impactOf({ approved })).toEqual({
      ...PLANNED,
      WorkforceManagement: ['ShortBreak', 'LoggedOutUntilStarted'],
    });
  });

  it('of a switchback: what is away from home', () => {
    expect(impactOf({ type: 'Switchback' })).toEqual({});
    expect(impactOf({ type: 'Switchback' }, 'us-west')).toMatchObject({
      Voicemail: ['ShortBreak', 'RecoveredOnNextCall'],
    });
  });

  it('concerns only the services that it names', () => {
    expect(impactOf({ services: [MAIL] })).toEqual({ Voicemail: ['ShortBreak', 'RecoveredOnNextCall'] });
  });

  it('is nothing of a freeze, and not known before tenants are planned', () => {
    const freeze = { type: 'Freeze', expiresAt: '2026-01-02T00:00:00Z' };
    expect(impactOfSwitch(context(), aSwitch('s', freeze))).toBeUndefined();
    expect(impactOfSwitch(context('us-east', false), aSwitch('s', { region: 'us-east' }))).toBeUndefined();
  });
});
