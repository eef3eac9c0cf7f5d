import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../hack/gen/catalogue.ts';
import { aGroup, aTenant } from '../../../test/support/objects.ts';
import { groupImpact } from '../../api/impact.ts';
import { planTenant } from '../tenant-plan.ts';
import type { Failure } from './facts.ts';
import { plannedFacts } from './facts-of.ts';
import { computeGroupImpact } from './group.ts';

const CLASSES = new Map(readCatalogue('today').map((each) => [each.metadata.name, each]));
const GROUP = aGroup('americas', ['us-east', 'us-west']);
const REGION: Failure = { kind: 'Region', region: 'us-east' };
const SWITCH: Failure = { kind: 'PlannedSwitch', region: 'us-east' };

function alike(tier: string, tenants: number, primaryRegion = 'us-east') {
  const other = primaryRegion === 'us-east' ? 'us-west' : 'us-east';
  const { spec } = aTenant('customers/acme', {
    tier,
    primaryRegion,
    secondaryRegions: tier === 'Advanced' ? [] : [other],
  });
  const plan = planTenant(spec, { groups: new Map([['americas', GROUP]]), classes: CLASSES });
  const { home, services } = plannedFacts(GROUP, CLASSES, spec, plan);
  return { home, services, tenants };
}
const find = (rows: ReturnType<typeof computeGroupImpact>, name: string) =>
  rows.find(({ functionality }) => functionality === name);
const codes = (rows: ReturnType<typeof computeGroupImpact>, name: string) => {
  const { customer = [], operations = [], representative = [] } = find(rows, name) ?? {};
  return [operations, representative, customer].map((cell) => cell.map(({ code }) => code));
};

describe('what many tenants feel', () => {
  it('is the worst that any of them does, with the number of all that feel anything', () => {
    const rows = computeGroupImpact([alike('CrossRegionVoice', 900), alike('Advanced', 100)], REGION);
    expect(find(rows, 'CallRouting')?.tenants).toBe(1000);
    expect(codes(rows, 'CallRouting')[0]).toEqual(['ActiveCallsLost', 'NewCallsNotTaken']);
    expect(codes(rows, 'Voicemail')[2]).toEqual(['NoMessages']);
  });

  it('does not depend on the order of the tenants', () => {
    const all = [alike('CrossRegionVoice', 1), alike('AdvancedIvr', 2), alike('Global', 3), alike('Advanced', 4)];
    expect(computeGroupImpact(all.toReversed(), REGION)).toEqual(computeGroupImpact(all, REGION));
  });

  it('counts only who feels it', () => {
    const rows = computeGroupImpact([alike('CrossRegionVoice', 10), alike('Advanced', 5, 'us-west')], REGION);
    expect(rows.map(({ tenants }) => tenants)).toEqual(Array.from({ length: 12 }, () => 10));
  });

  it('is nothing of a region where nobody is', () => {
    expect(computeGroupImpact([alike('Advanced', 5, 'us-west')], REGION)).toEqual([]);
  });

  it('stays within the bounds of the status, however many tenants there are', () => {
    const rows = computeGroupImpact([alike('Global', 10_000), alike('Advanced', 10_000)], REGION);
    expect(groupImpact.parse(rows)).toEqual(rows);
    expect(JSON.stringify(rows).length).toBeLessThan(4096);
  });
});

describe('a planned switch', () => {
  const rows = computeGroupImpact([alike('CrossRegionVoice', 10)], SWITCH);

  it('loses no call, and leaves alone what has no other place', () => {
    expect(codes(rows, 'CallRouting')).toEqual([['CallsFinishFirst'], [], []]);
    expect(codes(rows, 'AgentLogin')).toEqual([[], ['ReconnectsAfterCall'], []]);
    expect(find(rows, 'Outbound')).toBeUndefined();
    expect(find(rows, 'WorkforceManagement')).toBeUndefined();
  });

  it('takes what moves away for a moment', () => {
    expect(find(rows, 'Voicemail')).toEqual({
      functionality: 'Voicemail',
      tenants: 10,
      operations: [{ code: 'ShortBreak', services: ['voice-mail'], regions: ['us-west'] }],
      customer: [{ code: 'RecoveredOnNextCall' }],
    });
  });
});
