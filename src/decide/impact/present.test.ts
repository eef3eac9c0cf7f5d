import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../hack/gen/catalogue.ts';
import { aGroup, aTenant, aTransitCentre } from '../../../test/support/objects.ts';
import { planTenant } from '../tenant-plan.ts';
import type { ServiceFacts, TenantFacts } from './facts.ts';
import { plannedFacts } from './facts-of.ts';
import { computeFelt, judgeFelt, type PresentState } from './present.ts';

const CLASSES = new Map(readCatalogue('today').map((each) => [each.metadata.name, each]));
const centre = (name: string, regions: readonly string[]) => aTransitCentre(name, regions, { mpls: true });
const GROUP = aGroup('americas', ['us-east', 'us-west'], {
  transit: { centres: [centre('gtn-a', ['us-east', 'us-west']), centre('gtn-b', ['us-west', 'us-east'])] },
});
const TENANT = aTenant('customers/crown').spec;
const PLAN = planTenant(TENANT, { groups: new Map([['americas', GROUP]]), classes: CLASSES });
const AT_HOME = plannedFacts(GROUP, CLASSES, TENANT, PLAN);
const WELL: PresentState = { regions: [], zones: [], centres: [] };

/** The tenant, with some of its services changed. */
const given = (change: (service: ServiceFacts) => Partial<ServiceFacts>): TenantFacts => ({
  ...AT_HOME,
  services: AT_HOME.services.map((service) => ({ ...service, ...change(service) })),
});
const movedTo = (region: string, ready: boolean) =>
  given(({ mode, needsApproval }) => (mode === 'Backup' && !needsApproval ? { servesIn: [region], ready } : {}));
function codesOf(facts: TenantFacts, state: PresentState, functionality: string): string[] {
  return computeFelt(facts, state).flatMap(({ rows }) =>
    rows
      .filter((row) => row.functionality === functionality)
      .flatMap(({ customer = [], operations = [], representative = [] }) =>
        [...operations, ...representative, ...customer].map(({ code }) => code),
      ),
  );
}
const LOST = { ...WELL, regions: ['us-east'] };

describe('what is felt now', () => {
  it('is nothing while nothing has failed', () => {
    expect(computeFelt(AT_HOME, WELL)).toEqual([]);
    expect(judgeFelt([])).toMatchObject({ type: 'ImpactFree', status: 'True' });
  });

  it('of a lost region, before its services have moved: all of the table', () => {
    expect(codesOf(AT_HOME, LOST, 'CallRouting')).toEqual([
      'ActiveCallsLost',
      'NewCallsQueue',
      'CallsElsewhereUntouched',
      'Reconnects',
      'ActiveCallsDropped',
    ]);
    const felt = computeFelt(AT_HOME, LOST);
    expect(felt[0]?.rows).toHaveLength(12);
    expect(judgeFelt(felt)).toMatchObject({
      status: 'False',
      reason: 'RegionLost',
      message: expect.stringMatching(/^region us-east is lost: felt in AgentLogin, Callback/),
    });
  });

  it('is the same while they are on their way, and not ready yet', () => {
    expect(computeFelt(movedTo('us-west', false), LOST)).toEqual(computeFelt(AT_HOME, LOST));
  });

  it('is only what lasts when they are ready there', () => {
    const moved = movedTo('us-west', true);
    expect(codesOf(moved, LOST, 'CallRouting')).toEqual([]);
    expect(codesOf(moved, LOST, 'AgentLogin')).toEqual([]);
    expect(codesOf(moved, LOST, 'Voicemail')).toEqual(['StoredUnavailable', 'StoredElsewhere']);
    expect(codesOf(moved, LOST, 'WorkforceManagement')).toEqual(['NothingWorks', 'ApprovalBringsBack', 'LoggedOut']);
    expect(codesOf(moved, LOST, 'Outbound')).toEqual(['NoCampaigns', 'NoWork']);
  });

  it('is an outage where a guard keeps a service from moving', () => {
    const held = given(({ serviceClass }) => ({ held: serviceClass === 'voice-mail' }));
    expect(codesOf(held, LOST, 'Voicemail')).toEqual(['NothingWorks', 'Reconnects', 'NoMessages']);
  });

  it('is an outage where the other region is lost too: no call is left to be lost', () => {
    const both = { ...WELL, regions: ['us-east', 'us-west'] };
    expect(codesOf(AT_HOME, both, 'CallRouting').slice(0, 2)).toEqual(['NewCallsNotTaken', 'LoggedOut']);
  });

  it('is over when the region is back, also for what is still away', () => {
    expect(computeFelt(movedTo('us-west', true), WELL)).toEqual([]);
  });

  it('of a transit centre: what lasts, when its calls come in through another one', () => {
    const at = (hasMoved: boolean): PresentState => ({
      ...WELL,
      centres: [{ centre: 'gtn-a', paths: ['Voice'], hasMoved }],
    });
    expect(codesOf(AT_HOME, at(false), 'CallRouting')).toContain('NewCallsQueue');
    expect(codesOf(AT_HOME, at(true), 'CallRouting')).toEqual([]);
    expect(codesOf(AT_HOME, at(true), 'Outbound')).toEqual(['NoNewCallsOut']);
    expect(judgeFelt(computeFelt(AT_HOME, at(true)))).toMatchObject({
      reason: 'TransitCentreLost',
      message: 'transit centre gtn-a is lost for voice: felt in Callback, Digital, Outbound',
    });
  });

  it('of a zone: only what sat in it', () => {
    const zones = [{ region: 'us-east', zone: 'us-east-a' }];
    const seated = (zone: string) =>
      given(({ components }) => ({ components: components.map((component) => ({ ...component, zones: [zone] })) }));
    expect(codesOf(seated('us-east-a'), { ...WELL, zones }, 'HistoricalDataFeed')).toEqual(['DataDelayed']);
    expect(computeFelt(seated('us-east-b'), { ...WELL, zones })).toEqual([]);
  });

  it('of services that are not ready: what is missing, and no call that was lost with a region', () => {
    const facts = given(({ serviceClass }) => ({ ready: !['voice-routing', 'outbound'].includes(serviceClass) }));
    expect(codesOf(facts, WELL, 'CallRouting')).toEqual(['NewCallsNotRouted', 'IvrOnly']);
    expect(codesOf(facts, WELL, 'Outbound')).toEqual(['NoCampaigns', 'NoWork']);
    expect(judgeFelt(computeFelt(facts, WELL))).toMatchObject({
      reason: 'AwaitingReadiness',
      message: 'outbound and voice-routing are not ready: felt in CallRouting, Outbound',
    });
  });

  it('tells the worst failure first', () => {
    const state = { ...LOST, centres: [{ centre: 'gtn-b', paths: ['Voice'] as const, hasMoved: false }] };
    expect(computeFelt(AT_HOME, state).map(({ failure }) => failure.kind)).toEqual(['Region', 'TransitCentre']);
    expect(judgeFelt(computeFelt(AT_HOME, state)).message).toMatch(/; also, transit centre gtn-b is lost for voice$/);
  });
});
