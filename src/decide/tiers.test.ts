import { describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup, anActive, aTenant } from '../../test/support/objects.ts';
import { tier } from '../api/service-class.ts';
import type { TenantStatus } from '../api/tenant.ts';
import { isTierRefused, planTenant } from './tenant-plan.ts';
import { homeRegions, slaScope, tenantBalancing } from './tiers.ts';

const GEOGRAPHY: Readonly<Record<string, string>> = { 'us-east': 'US', 'us-west': 'US', de: 'EMEA', ie: 'EMEA' };
const units = [
  'us-east',
  'us-west',
  { region: 'de', geography: 'EMEA', country: 'DE' },
  { region: 'ie', geography: 'EMEA', country: 'IE' },
];
type Fields = Readonly<Record<string, unknown>>;
const groupOf = (more: Fields = {}) => aGroup('americas', units, more);
const classes = [
  aClass('ivr', anActive('AdvancedIvr')),
  aClass('desktop', anActive('AdvancedAgents')),
  aClass('mail', aBackup()),
  aClass('bots', { placement: 'DigitalRegion' }),
];
const catalogueOf = (more?: Fields) => ({
  groups: new Map([['americas', groupOf(more)]]),
  classes: new Map(classes.map((each) => [each.metadata.name, each])),
});
const planOf = (spec: Fields, more?: Fields) => planTenant(aTenant('acme/support', spec).spec, catalogueOf(more));
/** `service primary>secondaries balancing`. */
const linesOf = ({ services }: ReturnType<typeof planOf>) =>
  services.map((each) => `${each.serviceClass} ${each.primary}>${each.secondaries.join()} ${each.balancing}`);

describe('the load of a tenant is shared', () => {
  it.each([
    ['Advanced', 'TransitCentres', 'PrimaryRegion'],
    ['AdvancedIvr', 'TransitCentres', 'PrimaryRegion'],
    ['AdvancedAgents', 'Regions', 'Regions'],
    ['CrossRegionVoice', 'Regions', 'Regions'],
    ['Global', 'Geography', 'Geography'],
  ] as const)('of tier %s: voice over %s, agents over %s', (has, voice, agents) => {
    expect(tenantBalancing(has, 2)).toEqual({ voice, agents });
  });

  it.each(tier.options)('of tier %s over nothing else where no secondary region is left', (has) => {
    expect(tenantBalancing(has, 1)).toEqual({ voice: 'TransitCentres', agents: 'PrimaryRegion' });
  });
});

describe('a tier places a service', () => {
  it.each<[string, Fields, string[]]>([
    [
      'in the primary region only: Advanced',
      { tier: 'Advanced', secondaryRegions: [] },
      ['ivr us-east> Regions', 'desktop us-east> Regions', 'mail us-east> Regions', 'bots us-east> Regions'],
    ],
    [
      'the IVR also in the secondary one, in reserve: AdvancedIvr',
      { tier: 'AdvancedIvr' },
      [
        'ivr us-east>us-west TransitCentres',
        'desktop us-east> Regions',
        'mail us-east> Regions',
        'bots us-east> Regions',
      ],
    ],
    [
      'over regions: CrossRegionVoice, also of two geographies',
      { tier: 'CrossRegionVoice', secondaryRegions: ['de'] },
      ['ivr us-east>de Regions', 'desktop us-east>de Regions', 'mail us-east>de Regions', 'bots us-east> Regions'],
    ],
    [
      'over all regions of one geography: Global',
      { tier: 'Global', secondaryRegions: ['us-west'] },
      [
        'ivr us-east>us-west Regions',
        'desktop us-east>us-west Regions',
        'mail us-east>us-west Regions',
        'bots us-east> Regions',
      ],
    ],
    [
      'within the geography of the primary region: Global over several',
      { tier: 'Global', secondaryRegions: ['us-west', 'de'] },
      [
        'ivr us-east>de,us-west Geography',
        'desktop us-east>de,us-west Geography',
        'mail us-east>de,us-west Regions',
        'bots us-east> Regions',
      ],
    ],
  ])('%s', (_name, spec, expected) => expect(linesOf(planOf(spec))).toEqual(expected));
});

describe('the digital region of a group', () => {
  const more = { digitalRegion: 'ie' };
  const own = { services: ['bots', 'ivr'], secondaryRegions: ['us-west'] };

  it('has the digital services of Global tenants, whatever their primary region is', () => {
    const plan = planOf({ ...own, tier: 'Global' }, more);
    expect(linesOf(plan)).toEqual(['bots ie> Regions', 'ivr us-east>us-west Regions']);
    expect(plan.regions).toEqual(['us-east', 'us-west', 'ie']);
  });

  it('has none of other tenants', () => {
    expect(linesOf(planOf({ ...own, tier: 'CrossRegionVoice' }, more))[0]).toBe('bots us-east> Regions');
  });

  it('is held to the residency of the tenant, and the refusal says so', () => {
    const plan = planOf({ ...own, tier: 'Global', residency: { geographies: ['US'] } }, more);
    expect(linesOf(plan)).toEqual(['ivr us-east>us-west Regions']);
    const conditions = plan.conditions.filter(({ type }) => type === 'Ready' || type === 'ResidencySatisfied');
    for (const { message, reason, status } of conditions)
      expect([status, reason, message]).toEqual([
        'False',
        'ResidencyViolated',
        'bots cannot be placed in the digital region of the group: region ie lies in IE, geography EMEA, but residency of the tenant allows only geography US',
      ]);
    expect(conditions).toHaveLength(2);
  });
});

describe('a transit centre that a tenant names', () => {
  const transit = {
    centres: [{ name: 'sydney', geography: 'APAC', country: 'AU', pair: 'apac', regions: ['us-east'], mpls: true }],
  };
  it('is refused outside its residency, and the tenant is served', () => {
    const plan = planOf({ transitCentre: 'sydney', residency: { countries: ['US'] } }, { transit });
    expect(plan.conditions[0]).toMatchObject({ status: 'False', reason: 'ResidencyViolated' });
    expect(plan.services).toHaveLength(4);
  });
  it('is no objection where it is allowed', () => {
    expect(planOf({ transitCentre: 'sydney' }, { transit }).conditions[0]).toMatchObject({ status: 'True' });
  });
});

describe('a tier that the group refuses', () => {
  const group = groupOf({ tiers: { refused: ['AdvancedIvr'] } });
  const tenant = aTenant('acme/support', { tier: 'AdvancedIvr' });
  it.each<[string, TenantStatus | undefined, boolean]>([
    ['is refused to a tenant that was never looked at', undefined, true],
    ['is refused to one that was refused before', { observedGeneration: 1 }, true],
    ['is refused to one that had another tier', { observedGeneration: 1, tier: 'Global' }, true],
    ['is left to one that has it', { observedGeneration: 1, tier: 'AdvancedIvr' }, false],
  ])('%s', (_name, status, expected) => {
    expect(isTierRefused(status ? { ...tenant, status } : tenant, group)).toBe(expected);
  });

  it('is no matter of any other tier or group', () => {
    expect(isTierRefused(aTenant('acme/support'), group)).toBe(false);
    expect(isTierRefused(tenant, groupOf())).toBe(false);
    expect(isTierRefused(tenant, undefined)).toBe(false);
  });

  it('places nothing of a new tenant, and says why', () => {
    const plan = planTenant(tenant.spec, catalogueOf(), true);
    expect(plan.services).toEqual([]);
    expect(plan.conditions[0]).toMatchObject({
      status: 'False',
      reason: 'TierRefused',
      message: 'IU group americas takes no new tenants of tier AdvancedIvr (spec.tiers.refused): choose another tier',
    });
  });
});

describe('the regions that come first', () => {
  const regions = ['us-east', 'us-west', 'de', 'ie'];
  const geographyOf = (region: string) => GEOGRAPHY[region];
  it.each([
    ['Regions', 'us-east', undefined],
    ['TransitCentres', 'us-east', ['us-east']],
    ['Geography', 'us-east', ['us-east', 'us-west']],
    ['Geography', 'ie', ['ie', 'de']],
    ['Geography', 'gone', ['gone']],
  ] as const)('%s from %s', (balancing, primaryRegion, expected) => {
    const home = homeRegions({ balancing, primaryRegion }, 'Even', regions, geographyOf);
    expect(home && [...home]).toEqual(expected);
  });

  it('are the primary one alone where the class wants that, whoever its tenants are', () => {
    for (const balancing of ['Regions', 'Geography', 'TransitCentres'] as const) {
      const home = homeRegions({ balancing, primaryRegion: 'us-east' }, 'PrimaryFirst', regions, geographyOf);
      expect(home && [...home]).toEqual(['us-east']);
    }
  });
});

describe('the availability promise covers', () => {
  it.each([
    ['CrossRegionVoice', 'CallRouting', 'Active', 1, 2, 'AllRegions'],
    ['Global', 'CallRouting', 'Active', 1, 4, 'AllRegions'],
    ['Global', 'CallRouting', 'Active', 1, 1, 'OneRegion'],
    ['Global', 'CallRouting', 'Backup', 1, 4, 'OneRegion'],
    ['AdvancedAgents', 'CallRouting', 'Active', 1, 2, 'OneRegion'],
    ['CrossRegionVoice', 'AgentLogin', 'Active', 1, 2, 'OneRegion'],
    ['CrossRegionVoice', 'CallRouting', 'Active', 2, 2, 'None'],
  ] as const)(
    'of %s %s (%s) of class %d in %d regions: %s',
    (has, functionality, mode, slaClass, regions, expected) => {
      const crossRegion = { mode, fromTier: 'CrossRegionVoice' };
      const { spec } = aClass('any', { functionality, slaClass, crossRegion, fencing: 'Agent' });
      expect(slaScope(has, spec, regions)).toBe(expected);
    },
  );
});
