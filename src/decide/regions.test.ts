import { describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup } from '../../test/support/objects.ts';
import { checkRegion, computeTenantRegions, nearestFirst, secondariesFor, tierHasSecondary } from './regions.ts';

const group = aGroup('americas', ['us-east', 'us-west', { region: 'ca-central', country: 'CA' }]);

describe('checkRegion', () => {
  it.each([
    ['allows a region of the group without limits', 'us-west', undefined, undefined],
    ['allows a region in an allowed country', 'ca-central', ['CA', 'US'], undefined],
    [
      'refuses a region that the group does not have',
      'eu',
      undefined,
      'RegionNotInGroup: region eu is not in IU group americas (it has us-east, us-west, ca-central)',
    ],
    [
      'refuses a region in a country that is not allowed',
      'us-west',
      ['CA'],
      'ResidencyViolated: region us-west lies in US, but residency of tenant acme allows only CA',
    ],
  ])('%s', (_name, region, countries, expected) => {
    const answer = checkRegion({ group, limits: [{ of: 'tenant acme', countries }] }, region);
    expect(answer.ok ? undefined : `${answer.reason}: ${answer.message}`).toBe(expected);
  });

  it('holds the group to its own residency', () => {
    const strict = aGroup('canada', [{ region: 'ca-central', country: 'CA' }, 'us-east'], {
      residency: { countries: ['CA'] },
    });
    const answer = checkRegion({ group: strict, limits: [] }, 'us-east');
    expect(answer).toMatchObject({ ok: false, message: expect.stringContaining('residency of IU group canada') });
  });
});

describe('nearestFirst', () => {
  const { spec } = aGroup('world', [
    'us-east',
    'us-west',
    { region: 'au', geography: 'APAC' },
    { region: 'sg', geography: 'APAC' },
  ]);
  it.each([
    ['us-east', ['au', 'sg', 'us-west'], ['us-west', 'au', 'sg']],
    ['sg', ['au', 'us-east', 'us-west'], ['au', 'us-east', 'us-west']],
    ['us-west', ['au', 'gone', 'sg'], ['au', 'gone', 'sg']],
  ])('%s: %j', (primaryRegion, secondaryRegions, expected) => {
    expect(nearestFirst(spec, { primaryRegion, secondaryRegions })).toEqual(expected);
  });
});

describe('computeTenantRegions', () => {
  const regions = (secondaryRegions: string[], countries?: string[]) =>
    computeTenantRegions(
      { primaryRegion: 'us-east', secondaryRegions, ...(countries && { residency: { countries } }) },
      group,
    );

  it('sorts the secondary regions, because a set has no order', () => {
    expect(regions(['us-west', 'ca-central'])).toEqual({
      primary: 'us-east',
      secondaries: ['ca-central', 'us-west'],
      refusals: [],
    });
  });

  it('leaves out a secondary region that residency forbids, and says so', () => {
    const { secondaries, refusals } = regions(['us-west', 'ca-central'], ['US']);
    expect(secondaries).toEqual(['us-west']);
    expect(refusals).toMatchObject([{ region: 'ca-central', reason: 'ResidencyViolated' }]);
  });

  it('has no primary region when residency forbids it', () => {
    expect(regions(['ca-central'], ['CA'])).toMatchObject({ primary: undefined, secondaries: ['ca-central'] });
  });
});

describe('tierHasSecondary', () => {
  it.each([
    ['Advanced', 'AdvancedIvr', false],
    ['AdvancedIvr', 'AdvancedIvr', true],
    ['AdvancedAgents', 'CrossRegionVoice', false],
    ['CrossRegionVoice', 'AdvancedAgents', true],
    ['Global', 'CrossRegionVoice', true],
  ] as const)('a tenant of %s for a class from %s: %s', (has, fromTier, expected) => {
    const { crossRegion } = aClass('any', aBackup(fromTier)).spec;
    expect(tierHasSecondary(has, crossRegion)).toBe(expected);
  });

  it('is never so for a class that stays in one region', () => {
    expect(tierHasSecondary('Global', aClass('any').spec.crossRegion)).toBe(false);
  });
});

describe('secondariesFor', () => {
  it.each([
    [
      'Advanced',
      aClass('ivr', aBackup('AdvancedIvr')),
      'tier Advanced has no place for ivr in a secondary region: it starts at tier AdvancedIvr',
    ],
    ['Global', aClass('iwd'), 'service class iwd stays in one region (crossRegion.mode is None)'],
  ] as const)('names the rule: %s', (has, serviceClass, message) => {
    expect(secondariesFor(has, serviceClass, ['us-west'])).toEqual({
      ok: false,
      reason: 'TierHasNoSecondary',
      message,
    });
  });
});
