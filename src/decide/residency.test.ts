import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aGroup } from '../../test/support/objects.ts';
import { checkRegion } from './regions.ts';
import { checkTransitCentre, countriesOf, type Limit } from './residency.ts';

const UNITS = [
  { region: 'us-east', country: 'US', geography: 'US' },
  { region: 'ca-central', country: 'CA', geography: 'Canada' },
  { region: 'de', country: 'DE', geography: 'EMEA' },
  { region: 'ie', country: 'IE', geography: 'EMEA' },
] as const;
const centre = (name: string, country: string, geography: string) => ({
  name,
  country,
  geography,
  pair: geography.toLowerCase(),
  regions: ['us-east'],
  mpls: true,
});
const centres = [centre('dallas', 'US', 'US'), centre('london', 'GB', 'EMEA'), centre('sydney', 'AU', 'APAC')];
const group = (residency?: object) =>
  aGroup('planet', UNITS, { transit: { centres }, ...(residency && { residency }) });

describe('a region', () => {
  it.each<[string, string, Omit<Limit, 'of'>, string | undefined]>([
    ['is allowed by its country', 'de', { countries: ['DE'] }, undefined],
    ['is allowed by its geography', 'ie', { geographies: ['EMEA'] }, undefined],
    ['is allowed by either of the two', 'ca-central', { countries: ['CA'], geographies: ['EMEA'] }, undefined],
    [
      'is refused with the rule where neither allows it',
      'us-east',
      { countries: ['CA'], geographies: ['EMEA'] },
      'region us-east lies in US, geography US, but residency of tenant acme allows only CA, geography EMEA',
    ],
    [
      'is refused by a geography alone',
      'de',
      { geographies: ['US', 'Canada'] },
      'region de lies in DE, geography EMEA, but residency of tenant acme allows only geography US, geography Canada',
    ],
  ])('%s', (_name, region, limit, message) => {
    const answer = checkRegion({ group: group(), limits: [{ of: 'tenant acme', ...limit }] }, region);
    expect(answer.ok ? undefined : answer.message).toBe(message);
  });
});

describe('a transit centre', () => {
  const check = (name: string, limit: Omit<Limit, 'of'> = {}, residency?: object) => {
    const answer = checkTransitCentre({ group: group(residency), limits: [{ of: 'the tenant', ...limit }] }, name);
    return answer.ok ? answer.centre.name : `${answer.reason}: ${answer.message}`;
  };
  it.each<[string, ReturnType<typeof check>, string]>([
    ['is that of the group where nothing limits it', check('dallas'), 'dallas'],
    [
      'is allowed by its geography, also in a country without a region',
      check('london', { geographies: ['EMEA'] }),
      'london',
    ],
    [
      'outside the residency of a tenant is not its centre',
      check('sydney', { countries: ['US'] }),
      'ResidencyViolated: transit centre sydney lies in AU, but residency of the tenant allows only US',
    ],
    [
      'outside the residency of the group is nobody’s',
      check('sydney', {}, { geographies: ['US'] }),
      'ResidencyViolated: transit centre sydney lies in AU, geography APAC, but residency of IU group planet allows only geography US',
    ],
    [
      'has to be one of the group',
      check('mumbai'),
      'TransitCentreNotFound: transit centre mumbai is not in IU group planet (it has dallas, london, sydney)',
    ],
  ])('%s', (_name, answer, expected) => {
    expect(answer).toBe(expected);
  });
});

describe('residency as countries', () => {
  const lists = fc.record(
    {
      countries: fc.subarray(['US', 'CA', 'DE', 'IE', 'AU'], { minLength: 1 }),
      geographies: fc.subarray(['US', 'Canada', 'EMEA', 'APAC'] as const, { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  it('allows the very regions of the group that the residency allows', () => {
    fc.assert(
      fc.property(lists, (residency) => {
        fc.pre(residency.countries !== undefined || residency.geographies !== undefined);
        const allowedBy = (limit: Omit<Limit, 'of'>) =>
          UNITS.filter(({ region }) => checkRegion({ group: group(), limits: [{ of: 'x', ...limit }] }, region).ok);
        expect(allowedBy({ countries: countriesOf(residency, group()) })).toEqual(allowedBy(residency));
      }),
    );
  });

  it('is no limit without residency', () => expect(countriesOf(undefined, group())).toBeUndefined());
});
