import fc from 'fast-check';
import type { IUGroup } from '../../src/api/iu-group.ts';
import type { Component, ServiceClass } from '../../src/api/service-class.ts';
import type { Tenant } from '../../src/api/tenant.ts';
import { aClass, aComponent, aGroup, aTenant } from './objects.ts';

/** Arbitrary valid input for the properties of `decide`. Small worlds: few names, so that things meet. */

const REGIONS = ['us-east', 'us-west', 'ca-central', 'eu', 'mail-us'] as const;
const COUNTRIES = ['US', 'CA', 'DE'] as const;
const GEOGRAPHIES = ['US', 'EMEA'] as const;
const TIERS = ['Advanced', 'AdvancedIvr', 'AdvancedAgents', 'CrossRegionVoice', 'Global'] as const;
const CLASS_NAMES = [
  'voice',
  'voice-mail',
  'ivr',
  '3rd-party-wfm',
  'a-class-with-a-name-that-is-longer-than-names',
] as const;

/** Distinct zones, in any order. */
export const zones = (minLength = 0): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { minLength, maxLength: 8 });

export const component: fc.Arbitrary<Component> = fc
  .record({
    name: fc.constantFrom('main', 'web', 'web-a', 'store', 'web-0'),
    shape: fc.constantFrom(
      { pattern: 'A' },
      { pattern: 'A-A' },
      { pattern: 'A-B' },
      { pattern: 'N+1', survives: 'Zone' },
      { pattern: 'N+1', survives: 'Instance' },
      { pattern: 'N+1', of: 'A-A' },
      { pattern: 'N+1', of: 'A-B' },
    ),
    minInstances: fc.integer({ min: 1, max: 12 }),
    agentsPerInstance: fc.option(fc.integer({ min: 1, max: 1_000_000 }), { nil: undefined }),
    workload: fc.constantFrom('Deployment', 'StatefulSet'),
    ports: fc.constantFrom([], [{ name: 'http', port: 80 }]),
  })
  .map(({ name, shape, minInstances, agentsPerInstance, workload, ports }) =>
    aComponent({
      name,
      ...shape,
      minInstances,
      ...(shape.pattern === 'N+1' && agentsPerInstance !== undefined && { agentsPerInstance }),
      template: { workload, ports },
    }),
  );

export const serviceClass: fc.Arbitrary<ServiceClass> = fc
  .record({
    name: fc.constantFrom(...CLASS_NAMES),
    mode: fc.constantFrom('None', 'Active', 'Backup'),
    fromTier: fc.constantFrom(...TIERS.slice(1)),
    placement: fc.constantFrom('PrimaryRegion', 'PrimaryRegion', 'DigitalRegion'),
    components: fc.uniqueArray(component, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
  })
  .map(({ name, mode, fromTier, placement, components }) =>
    aClass(name, { crossRegion: mode === 'None' ? { mode } : { mode, fromTier }, placement, components }),
  );

const unit = fc.record(
  {
    region: fc.constantFrom(...REGIONS),
    country: fc.constantFrom(...COUNTRIES),
    geography: fc.constantFrom(...GEOGRAPHIES),
    zones: zones(1),
    capacity: fc.record({ instances: fc.integer({ min: 1, max: 100 }) }),
  },
  { requiredKeys: ['region', 'country', 'geography', 'zones'] },
);

export const group: fc.Arbitrary<IUGroup> = fc
  .record({
    name: fc.constantFrom('americas', 'emea'),
    units: fc.uniqueArray(unit, { minLength: 1, maxLength: 4, selector: ({ region }) => region }),
    hasDigitalRegion: fc.boolean(),
    refused: fc.option(fc.constantFrom(...TIERS), { nil: undefined, freq: 4 }),
  })
  .map(({ name, units, hasDigitalRegion, refused }) =>
    aGroup(name, units, {
      ...(hasDigitalRegion && { digitalRegion: units[0]?.region }),
      ...(refused && { tiers: { refused: [refused] } }),
    }),
  );

export const tenant: fc.Arbitrary<Tenant> = fc
  .record({
    key: fc.tuple(fc.constantFrom('acme', 'switchback-system'), fc.stringMatching(/^[a-z]{1,3}$/)),
    iuGroup: fc.constantFrom('americas', 'emea', 'missing'),
    regions: fc.uniqueArray(fc.constantFrom(...REGIONS), { minLength: 2, maxLength: 4 }),
    tier: fc.constantFrom(...TIERS),
    agents: fc.integer({ min: 1, max: 60_000 }),
    isolation: fc.constantFrom('Shared', 'Dedicated'),
    services: fc.option(fc.uniqueArray(fc.constantFrom(...CLASS_NAMES, 'missing'), { minLength: 1 }), {
      nil: undefined,
    }),
    countries: fc.option(fc.uniqueArray(fc.constantFrom(...COUNTRIES), { minLength: 1 }), { nil: undefined }),
    geographies: fc.option(fc.uniqueArray(fc.constantFrom(...GEOGRAPHIES), { minLength: 1 }), { nil: undefined }),
  })
  .map(({ key, iuGroup, regions, tier, agents, isolation, services, countries, geographies }) => {
    const [primaryRegion, ...others] = regions;
    const secondaries = { Advanced: 0, AdvancedIvr: 1, AdvancedAgents: 1, CrossRegionVoice: 1, Global: 8 }[tier];
    return aTenant(key.join('/'), {
      iuGroupRef: { name: iuGroup },
      primaryRegion,
      secondaryRegions: others.slice(0, secondaries),
      tier,
      agents,
      isolation,
      ...(services && { services }),
      ...((countries || geographies) && {
        residency: { ...(countries && { countries }), ...(geographies && { geographies }) },
      }),
    });
  });

/** Everything that is planned from, with unique names and keys. */
export const world = fc.record({
  groups: fc.uniqueArray(group, { maxLength: 2, selector: ({ metadata }) => metadata.name }),
  classes: fc.uniqueArray(serviceClass, { maxLength: 5, selector: ({ metadata }) => metadata.name }),
  tenants: fc.uniqueArray(tenant, {
    maxLength: 12,
    selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
  }),
});
