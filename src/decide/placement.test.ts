import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceClass as anyClass, group as anyGroup } from '../../test/support/arbitraries.ts';
import { aBackup, aClass, aGroup, anActive, anInstance } from '../../test/support/objects.ts';
import { loadPerRegion, type Placement, placeInstance } from './placement.ts';
import type { Refusal } from './refusal.ts';

const group = aGroup('americas', ['us-east', 'us-west', { region: 'ca-central', country: 'CA', geography: 'Canada' }]);
const pool = { components: [{ agentsPerInstance: 100 }] };

/** `region planned` for each region, then the refusals. */
function textOf(placement: Placement | Refusal): string[] {
  if (!placement.ok) return [`${placement.reason}: ${placement.message}`];
  const regions = placement.regions.map(({ region, planned }) => `${region} ${planned}`);
  return [...regions, ...placement.refusals.map(({ reason, message }) => `${reason}: ${message}`)];
}

describe('placeInstance', () => {
  it.each([
    ['a Backup service is planned for the whole load in each region', aBackup(), {}, ['us-east 20', 'us-west 20']],
    ['an Active service in two regions too, because one may be lost', anActive(), {}, ['us-east 20', 'us-west 20']],
    [
      'an Active service in three regions carries half of the load in each',
      anActive(),
      { secondaryRegions: ['us-west', 'ca-central'] },
      ['us-east 10', 'us-west 10', 'ca-central 10'],
    ],
    [
      'a service that prefers one geography shares the load there, and has a reserve for all of it elsewhere',
      anActive(),
      { secondaryRegions: ['us-west', 'ca-central'], balancing: 'Geography' },
      ['us-east 20', 'us-west 20', 'ca-central 20'],
    ],
    [
      'a reserve of several regions carries the load together',
      anActive(),
      { secondaryRegions: ['us-west', 'ca-central'], balancing: 'TransitCentres' },
      ['us-east 20', 'us-west 10', 'ca-central 10'],
    ],
    ['a class that stays in one region has none elsewhere', {}, {}, ['us-east 20']],
    [
      'a secondary region outside the countries is left out and named',
      aBackup(),
      { secondaryRegions: ['ca-central', 'us-west'], countries: ['US'] },
      [
        'us-east 20',
        'us-west 20',
        'ResidencyViolated: region ca-central lies in CA, but residency of the tenants of voice-mail allows only US',
      ],
    ],
    [
      'an Active service carries more in the regions that are left',
      anActive(),
      { secondaryRegions: ['us-west', 'eu'] },
      [
        'us-east 20',
        'us-west 20',
        'RegionNotInGroup: region eu is not in IU group americas (it has us-east, us-west, ca-central)',
      ],
    ],
    [
      'a primary region outside the countries refuses it all',
      aBackup(),
      { countries: ['CA'] },
      ['ResidencyViolated: region us-east lies in US, but residency of the tenants of voice-mail allows only CA'],
    ],
  ])('%s', (_name, more, spec, expected) => {
    expect(
      textOf(placeInstance(anInstance('voice-mail', spec), aClass('voice-mail', { ...pool, ...more }), group)),
    ).toEqual(expected);
  });

  it('names the region that has too few zones, and sizes the others without it', () => {
    const narrow = aGroup('americas', ['us-east', { region: 'us-west', zones: ['us-west-a'] }, 'ca-central']);
    const instance = anInstance('ivr', { secondaryRegions: ['us-west', 'ca-central'] });
    expect(textOf(placeInstance(instance, aClass('ivr', { ...pool, ...anActive() }), narrow))).toEqual([
      'us-east 20',
      'ca-central 20',
      'NotEnoughZones: region us-west: component main: N+1 that survives a zone keeps N in the other zones; it needs 2 zones, the region has 1',
    ]);
  });

  it.each<[string, object, Record<string, unknown>[], (number | undefined)[]]>([
    ['nothing on a cold one', {}, [{ standby: { instances: 3, args: ['--ro'] } }], [undefined, undefined]],
    [
      'one of each component that can',
      { standby: 'Warm' },
      [{ name: 'a', writeBearing: false }, { name: 'b' }],
      [1, 1],
    ],
    [
      'as many as the class says',
      { standby: 'ReadOnly' },
      [{ agentsPerInstance: 100, standby: { instances: 3, args: ['--ro'] } }],
      [3, 3],
    ],
  ])('plans what runs on standby: %s', (_name, more, components, expected) => {
    const crossRegion = { mode: 'Backup', fromTier: 'CrossRegionVoice', ...more };
    const placement = placeInstance(anInstance('mail'), aClass('mail', { crossRegion, components }), group);
    expect(placement.ok && placement.regions.map(({ standby }) => standby)).toEqual(expected);
  });

  it('adds up all components', () => {
    const components = [
      { name: 'back', pattern: 'A-B' },
      { name: 'front', agentsPerInstance: 500 },
    ];
    const placement = placeInstance(anInstance('wfm'), aClass('wfm', { components }), group);
    expect(textOf(placement)).toEqual(['us-east 6']);
  });
});

describe('placeInstance: stop budget', () => {
  const slow = (more = {}) => ({
    components: [{ name: 'store', template: { terminationGracePeriodSeconds: 3 }, ...more }],
  });
  it.each([
    [
      'refuses a component that writes and may take too long to stop, with the numbers',
      { ...slow(), ...aBackup() },
      'component store of any may take 3 s to stop, but timings.stopBudgetSeconds of IU group americas is 4 and 2 s of it are for seeing the stop: terminationGracePeriodSeconds must be at most 2',
    ],
    [
      'lets a component take its time that writes nothing',
      { ...slow({ writeBearing: false }), ...aBackup() },
      undefined,
    ],
    ['lets an Active service take its time, which is never fenced', { ...slow(), ...anActive() }, undefined],
  ])('%s', (_name, more, expected) => {
    const placement = placeInstance(anInstance('any'), aClass('any', more), group);
    expect(placement.ok ? undefined : placement.message).toBe(expected);
  });
});

describe('loadPerRegion', () => {
  it.each([
    ['Active', 1, 1000],
    ['Active', 2, 1000],
    ['Active', 3, 500],
    ['Active', 4, 334],
    ['Backup', 3, 1000],
    ['None', 1, 1000],
  ] as const)('%s in %i regions: %i of 1000 agents each', (mode, regions, expected) => {
    expect(loadPerRegion(mode, 1000, regions)).toBe(expected);
  });

  it('leaves enough for all the load after the loss of any one region', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: 2, max: 9 }), (agents, regions) => {
        expect(loadPerRegion('Active', agents, regions) * (regions - 1)).toBeGreaterThanOrEqual(agents);
      }),
    );
  });
});

describe('placeInstance, for any class and group', () => {
  it('places nothing outside the group or the countries, and every region of the spec is placed or refused', () => {
    const regions = fc.uniqueArray(fc.constantFrom('us-east', 'us-west', 'ca-central', 'eu', 'mail-us'), {
      minLength: 1,
    });
    const countries = fc.option(fc.uniqueArray(fc.constantFrom('US', 'CA', 'DE'), { minLength: 1 }), {
      nil: undefined,
    });
    fc.assert(
      fc.property(
        anyClass,
        anyGroup,
        regions,
        countries,
        (serviceClass, group, [primaryRegion, ...secondaryRegions], allowed) => {
          const instance = anInstance('any', {
            primaryRegion,
            secondaryRegions,
            ...(allowed && { countries: allowed }),
          });
          const placement = placeInstance(instance, serviceClass, group);
          if (!placement.ok) return;
          const unitOf = (region: string) => group.spec.infrastructureUnits.find((u) => u.region === region);
          for (const { region, components } of placement.regions) {
            const unit = unitOf(region);
            expect(allowed === undefined || allowed.some((country) => country === unit?.country)).toBe(true);
            const zones = components.flatMap((c) => c.zones.map(({ zone }) => zone));
            expect(zones.every((zone) => unit?.zones.includes(zone))).toBe(true);
          }
          const wanted = placement.mode === 'None' ? [primaryRegion] : [primaryRegion, ...secondaryRegions];
          const told = [...placement.regions, ...placement.refusals].map(({ region }) => region);
          expect(told.toSorted()).toEqual(wanted.toSorted());
        },
      ),
    );
  });
});
