import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { world } from '../../test/support/arbitraries.ts';
import { aBackup, aClass, aGroup, anActive, aTenant } from '../../test/support/objects.ts';
import type { InfrastructureUnit } from '../api/iu-group.ts';
import type { Residency } from '../api/residency.ts';
import { serviceInstance } from '../api/service-instance.ts';
import { tenant as tenantKind } from '../api/tenant.ts';
import { type CohortPlan, computeCohorts } from './cohort.ts';

const groups = [aGroup('americas', ['us-east', 'us-west', { region: 'ca-central', country: 'CA' }])];
const classes = [aClass('iwd'), aClass('voice-mail', aBackup()), aClass('ivr', anActive('AdvancedIvr'))];
const plan = (tenants: ReturnType<typeof aTenant>[], more = {}): CohortPlan =>
  computeCohorts({ groups, classes, tenants, ...more });

/** `namespace/name agents [countries]`. */
const textOf = ({ instances }: CohortPlan): string[] =>
  instances.map(({ metadata, spec }) => {
    const countries = spec.countries ? ` ${spec.countries.join()}` : '';
    return `${metadata.namespace}/${metadata.name} ${spec.agents}${countries}`;
  });

function conditionsOf(planned: CohortPlan, key: string): Record<string, string> {
  const states = planned.tenants.get(key)?.conditions ?? [];
  return Object.fromEntries(states.map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]));
}

describe('computeCohorts: instances', () => {
  it('shares instances among tenants with the same regions for a class', () => {
    const tenants = [
      aTenant('acme/support'),
      aTenant('blue/sales', { tier: 'AdvancedAgents' }),
      aTenant('cold/it', { tier: 'Advanced', secondaryRegions: [] }),
    ];
    expect(textOf(plan(tenants))).toEqual([
      'switchback-system/ivr-us-east 100',
      'switchback-system/ivr-us-east-us-west 200',
      'switchback-system/iwd-us-east 304',
      'switchback-system/voice-mail-us-east 200',
      'switchback-system/voice-mail-us-east-us-west 100',
    ]);
  });

  it('gives a dedicated tenant instances of its own, in its own namespace', () => {
    const tenants = [
      aTenant('acme/support', { isolation: 'Dedicated', services: ['iwd'] }),
      aTenant('blue/sales', { services: ['iwd'] }),
    ];
    expect(textOf(plan(tenants))).toEqual(['acme/iwd-support 100', 'switchback-system/iwd-us-east 100']);
  });

  it('lets what a tenant wants otherwise than its group hold for its own instances alone', () => {
    const { instances } = plan([
      aTenant('acme/own', { isolation: 'Dedicated', services: ['iwd'], failover: { mode: 'Manual' } }),
      aTenant('acme/other', { isolation: 'Dedicated', services: ['iwd'] }),
      aTenant('blue/sales', { services: ['iwd'] }),
    ]);
    expect(instances.map(({ metadata, spec }) => [metadata.name, spec.failover])).toEqual([
      ['iwd-other', undefined],
      ['iwd-own', { mode: 'Manual' }],
      ['iwd-us-east', undefined],
    ]);
  });

  it('says on the spec all that the hub must know', () => {
    const { instances } = plan([
      aTenant('acme/support', { services: ['voice-mail'], residency: { countries: ['US', 'CA'] } }),
    ]);
    expect(instances).toEqual([
      {
        metadata: {
          name: 'voice-mail-us-east-us-west',
          namespace: 'switchback-system',
          labels: {
            'app.kubernetes.io/managed-by': 'switchback',
            'app.kubernetes.io/part-of': 'switchback',
            'switchback.dev/iu-group': 'americas',
            'switchback.dev/service-class': 'voice-mail',
          },
        },
        spec: {
          iuGroupRef: { name: 'americas' },
          serviceClassRef: { name: 'voice-mail' },
          primaryRegion: 'us-east',
          secondaryRegions: ['us-west'],
          isolation: 'Shared',
          balancing: 'Regions',
          agents: 100,
          countries: ['CA', 'US'],
        },
      },
    ]);
  });

  it('merges tenants of different residency that allow the same regions, under what both allow', () => {
    const services = ['voice-mail'];
    const tenants = [
      aTenant('a/a', { services, residency: { countries: ['US', 'CA'] } }),
      aTenant('b/b', { services, residency: { countries: ['US', 'DE'] } }),
      aTenant('c/c', { services }),
    ];
    expect(textOf(plan(tenants))).toEqual(['switchback-system/voice-mail-us-east-us-west 304 US']);
  });

  it('keeps tenants apart whose residency leaves them different regions', () => {
    const both = { services: ['voice-mail'], tier: 'Global', secondaryRegions: ['us-west', 'ca-central'] };
    const tenants = [aTenant('a/a', both), aTenant('b/b', { ...both, residency: { countries: ['US'] } })];
    expect(textOf(plan(tenants))).toEqual([
      'switchback-system/voice-mail-us-east-ca-central-us-west 100',
      'switchback-system/voice-mail-us-east-us-west 100 US',
    ]);
  });

  it('rounds the load up, so that one tenant more rarely changes anything', () => {
    const tenants = Array.from({ length: 40 }, (_, i) => aTenant(`t/t${i}`, { services: ['iwd'], agents: 100 }));
    const more = [...tenants, aTenant('t/one-more', { services: ['iwd'], agents: 50 })];
    expect(plan(more).instances).toEqual(plan(tenants).instances);
  });

  it('names two cohorts apart whose readable names are the same', () => {
    const world = {
      groups: [aGroup('americas', ['us', 'mail-us'])],
      classes: [aClass('voice'), aClass('voice-mail')],
      tenants: [
        aTenant('a/a', { primaryRegion: 'mail-us', secondaryRegions: ['us'], services: ['voice'] }),
        aTenant('b/b', { primaryRegion: 'us', secondaryRegions: ['mail-us'], services: ['voice-mail'] }),
      ],
    };
    const names = computeCohorts(world).instances.map(({ metadata }) => metadata.name);
    expect(names).toContain('voice-mail-us');
    expect(new Set(names).size).toBe(2);
  });
});

describe('computeCohorts: tenants', () => {
  it('tells a tenant its services, its regions and that all is well', () => {
    const planned = plan([aTenant('acme/support', { tier: 'AdvancedAgents' })]);
    expect(planned.tenants.get('acme/support')).toEqual({
      services: [
        { service: 'ivr', instance: 'switchback-system/ivr-us-east-us-west', mode: 'Active' },
        { service: 'iwd', instance: 'switchback-system/iwd-us-east', mode: 'None' },
        { service: 'voice-mail', instance: 'switchback-system/voice-mail-us-east', mode: 'None' },
      ],
      regions: ['us-east', 'us-west'],
      balancing: { voice: 'Regions', agents: 'Regions' },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'AsDeclared', message: 'placed in us-east, us-west' },
        { type: 'Placed', status: 'True', reason: 'AsDeclared', message: 'placed in us-east, us-west' },
        {
          type: 'ResidencySatisfied',
          status: 'True',
          reason: 'AsDeclared',
          message: 'every planned region lies where the tenant allows',
        },
      ],
    });
  });

  it.each([
    [
      'names a group that is missing',
      { iuGroupRef: { name: 'asia' } },
      'False IUGroupNotFound: IU group "asia" does not exist: create it (the reference cannot be changed)',
      0,
    ],
    [
      'names classes that are missing, and serves the others',
      { services: ['fax', 'telex', 'iwd'] },
      'False ServiceClassNotFound: service classes "fax", "telex" do not exist: create them, or take them out of spec.services',
      1,
    ],
    [
      'names a primary region that is not in the group',
      { primaryRegion: 'eu' },
      'False RegionNotInGroup: region eu is not in IU group americas (it has us-east, us-west, ca-central)',
      0,
    ],
    [
      'names a secondary region that is not in the group, and serves the tenant without it',
      { secondaryRegions: ['eu'] },
      'False RegionNotInGroup: region eu is not in IU group americas (it has us-east, us-west, ca-central)',
      3,
    ],
    [
      'names the country that is not allowed',
      { secondaryRegions: ['ca-central'], residency: { countries: ['US'] } },
      'False ResidencyViolated: region ca-central lies in CA, but residency of the tenant allows only US',
      3,
    ],
  ])('%s', (_name, spec, expected, services) => {
    const planned = plan([aTenant('acme/support', spec)]);
    const { Ready, Placed, Stalled } = conditionsOf(planned, 'acme/support');
    expect([Ready, Placed]).toEqual([expected, expected]);
    expect(Stalled).toBe(expected.replace('False', 'True'));
    expect(planned.tenants.get('acme/support')?.services).toHaveLength(services);
  });

  it('says that the catalogue is empty', () => {
    const planned = plan([aTenant('acme/support')], { classes: [] });
    expect(conditionsOf(planned, 'acme/support')['Placed']).toMatch(/^False ServiceClassNotFound: .*apply a catalogue/);
  });

  it('accepts a deprecated tier with a warning', () => {
    const planned = plan([aTenant('acme/support', { tier: 'AdvancedIvr' })]);
    const { Ready, Deprecated } = conditionsOf(planned, 'acme/support');
    expect(Ready).toMatch(/^True/);
    expect(Deprecated).toBe('True TierDeprecated: tier AdvancedIvr is deprecated: choose AdvancedAgents');
  });
});

const shuffled = <T>(items: readonly T[]): T[] => items.toReversed();

/** A region that the group does not have is never allowed. */
const allowedBy = (residency: Residency | undefined) => (unit: InfrastructureUnit | undefined) => {
  if (!unit || !residency) return unit !== undefined;
  const { countries = [], geographies = [] } = residency;
  return countries.includes(unit.country) || geographies.includes(unit.geography);
};

describe('computeCohorts, for any world', () => {
  it('does not depend on the order of its inputs, and is the same each time', () => {
    fc.assert(
      fc.property(world, ({ groups, classes, tenants }) => {
        const once = computeCohorts({ groups, classes, tenants });
        const again = computeCohorts({
          groups: shuffled(groups),
          classes: shuffled(classes),
          tenants: shuffled(tenants),
        });
        expect(again.instances).toEqual(once.instances);
        expect(new Map(again.tenants)).toEqual(once.tenants);
      }),
    );
  });

  it('gives instances that the API accepts, with unique valid names', () => {
    fc.assert(
      fc.property(world, (all) => {
        const { instances } = computeCohorts(all);
        const keys = instances.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { metadata, spec } of instances) {
          expect(metadata.name).toMatch(/^[a-z]([-a-z0-9]*[a-z0-9])?$/);
          expect(metadata.name.length).toBeLessThanOrEqual(40);
          expect(serviceInstance.spec.safeParse(spec).error).toBeUndefined();
        }
      }),
    );
  });

  it('tells every tenant something that the API accepts, and refers only to instances that are there', () => {
    fc.assert(
      fc.property(world, (all) => {
        const { instances, tenants } = computeCohorts(all);
        const keys = new Set(instances.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
        expect(tenants.size).toBe(all.tenants.length);
        for (const { services, regions } of tenants.values()) {
          expect(tenantKind.status?.safeParse({ services, regions }).error).toBeUndefined();
          expect(services.every(({ instance }) => keys.has(instance))).toBe(true);
        }
      }),
    );
  });

  it('puts no tenant into an instance with a region that its residency forbids', () => {
    fc.assert(
      fc.property(world, (all) => {
        const { instances, tenants } = computeCohorts(all);
        const byKey = new Map(instances.map((i) => [`${i.metadata.namespace}/${i.metadata.name}`, i.spec]));
        const placeOf = (group: string, region: string) =>
          all.groups
            .find(({ metadata }) => metadata.name === group)
            ?.spec.infrastructureUnits.find((u) => u.region === region);
        for (const { metadata, spec } of all.tenants) {
          const outcome = tenants.get(`${metadata.namespace}/${metadata.name}`);
          const specs = (outcome?.services ?? []).map(({ instance }) => byKey.get(instance));
          const regions = specs.flatMap((s) => (s ? [s.primaryRegion, ...s.secondaryRegions] : ['unknown']));
          const allows = allowedBy(spec.residency);
          for (const region of regions) expect(allows(placeOf(spec.iuGroupRef.name, region))).toBe(true);
        }
      }),
    );
  });

  it('counts every tenant in one audience, with the instances that serve it', () => {
    fc.assert(
      fc.property(world, (all) => {
        const { audiences, tenants } = computeCohorts(all);
        const keysOf = (services: readonly { instance: string }[]): string =>
          services.map(({ instance }) => instance).join();
        const told = audiences.flatMap(({ instances, tenants: n }) =>
          Array.from({ length: n }, () => instances.join()),
        );
        expect(told.sort()).toEqual([...tenants.values()].map(({ services }) => keysOf(services)).sort());
      }),
    );
  });

  it('carries the load of its tenants, at most 6.25 % more', () => {
    fc.assert(
      fc.property(world, (all) => {
        const { instances, tenants } = computeCohorts(all);
        const load = new Map<string, number>();
        for (const { metadata, spec } of all.tenants) {
          for (const { instance } of tenants.get(`${metadata.namespace}/${metadata.name}`)?.services ?? []) {
            load.set(instance, (load.get(instance) ?? 0) + spec.agents);
          }
        }
        for (const { metadata, spec } of instances) {
          const exact = load.get(`${metadata.namespace}/${metadata.name}`) ?? 0;
          expect(spec.agents).toBeGreaterThanOrEqual(exact);
          expect(spec.agents).toBeLessThanOrEqual(exact * 1.0625);
        }
      }),
    );
  });
});
