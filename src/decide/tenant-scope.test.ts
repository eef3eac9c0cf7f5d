import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup, aTenant } from '../../test/support/objects.ts';
import type { Tenant } from '../api/tenant.ts';
import { type CohortPlan, computeCohorts } from './cohort.ts';
import { scopeOfTenants, type TenantBook } from './tenant-scope.ts';

const group = aGroup('americas', ['us-east', 'us-west']);
const classes = ['mail', 'voice-mail'].map((name) => aClass(name, aBackup()));
const keyOf = ({ metadata }: Pick<Tenant, 'metadata'>): string => `${metadata.namespace}/${metadata.name}`;

function bookOf(plan: CohortPlan, groupOf: TenantBook['groupOf']): TenantBook {
  const instancesOf = (tenant: string) => plan.tenants.get(tenant)?.services.map(({ instance }) => instance) ?? [];
  const all = [...plan.tenants.keys()].flatMap(instancesOf);
  return { groupOf, instancesOf, sizeOf: (instance) => all.filter((key) => key === instance).length };
}

/** What these tenants are served by when `named` are named. */
function scope(tenants: readonly Tenant[], named: readonly string[]) {
  const plan = computeCohorts({ groups: [group], classes, tenants });
  const found = (key: string) => tenants.find((tenant) => keyOf(tenant) === key)?.spec.iuGroupRef.name;
  const { instances } = plan;
  return { plan, ...scopeOfTenants(named, { book: bookOf(plan, found), group: 'americas', instances }) };
}
const own = (key: string, more = {}) => aTenant(key, { isolation: 'Dedicated', ...more });

describe('the services of tenants that are named', () => {
  const tenants = [aTenant('acme/one'), aTenant('acme/two'), aTenant('bolt/three'), own('bolt/own')];

  it('are those that are dedicated to them', () => {
    const { shared, whole } = scope(tenants, ['bolt/own']);
    expect([...whole].sort()).toEqual(['bolt/mail-own', 'bolt/voice-mail-own']);
    expect(shared.size).toBe(0);
  });

  it('are not those that they share with others, of whom it is told how many they are', () => {
    const { shared, whole } = scope(tenants, ['acme/one']);
    expect(whole.size).toBe(0);
    expect([...shared].sort()).toEqual([
      ['switchback-system/mail-us-east-us-west', 2],
      ['switchback-system/voice-mail-us-east-us-west', 2],
    ]);
  });

  it('are also shared ones when all whom they serve are named', () => {
    const { shared, whole } = scope(tenants, ['acme/one', 'acme/two', 'bolt/three']);
    expect([...whole].sort()).toEqual([
      'switchback-system/mail-us-east-us-west',
      'switchback-system/voice-mail-us-east-us-west',
    ]);
    expect(shared.size).toBe(0);
  });

  it('are dedicated ones also of a tenant that is planned no more: its services are still there', () => {
    const { instances } = computeCohorts({ groups: [group], classes, tenants });
    const nobody: TenantBook = { groupOf: () => undefined, instancesOf: () => [], sizeOf: () => 0 };
    const { missing, whole } = scopeOfTenants(['bolt/own'], { book: nobody, group: 'americas', instances });
    expect([...whole].sort()).toEqual(['bolt/mail-own', 'bolt/voice-mail-own']);
    expect([...missing]).toEqual([['bolt/own', 'there is no Tenant bolt/own']]);
  });

  it('are found by the label of a name that is too long for one', () => {
    const key = `acme/${'n'.repeat(63)}`;
    expect(scope([own(key)], [key]).whole.size).toBe(2);
  });

  it('are none of a tenant that is not there, or not in this group', () => {
    const elsewhere = aTenant('far/away', { iuGroupRef: { name: 'emea' } });
    const { missing, shared, whole } = scope([...tenants, elsewhere], ['acme/typo', 'far/away']);
    expect([whole.size, shared.size]).toEqual([0, 0]);
    expect([...missing]).toEqual([
      ['acme/typo', 'there is no Tenant acme/typo'],
      ['far/away', 'Tenant far/away belongs to IU group emea, and not to americas'],
    ]);
  });

  it('serve nobody who is not named, whoever is: all of a tenant that is named is in scope or told of', () => {
    const drawn = fc.record({
      dedicated: fc.boolean(),
      services: fc.constantFrom(undefined, ['mail'], ['voice-mail']),
      tier: fc.constantFrom('CrossRegionVoice', 'Advanced'),
      isNamed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(drawn, { minLength: 1, maxLength: 8 }), (all) => {
        const made = all.map(({ dedicated, services, tier }, i) => {
          const regions = tier === 'Advanced' ? [] : ['us-west'];
          const isolation = dedicated ? 'Dedicated' : 'Shared';
          return aTenant(`ns/t${i}`, { isolation, tier, secondaryRegions: regions, ...(services && { services }) });
        });
        const named = made.filter((_, i) => all[i]?.isNamed).map(keyOf);
        const { plan, shared, whole } = scope(made, named);
        for (const [tenant, { services }] of plan.tenants) {
          for (const { instance } of services) {
            if (!named.includes(tenant)) expect(whole).not.toContain(instance);
            else expect(whole.has(instance) !== shared.has(instance)).toBe(true);
          }
        }
        expect([...shared.values()].every((others) => others > 0)).toBe(true);
      }),
    );
  });
});
