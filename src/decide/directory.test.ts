import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aTenant } from '../../test/support/objects.ts';
import { tenantDirectory } from '../api/tenant-directory.ts';
import { computeDirectory, type DirectoryTenant } from './directory.ts';

const OUTCOME = {
  regions: ['east', 'west'],
  services: [{ service: 'mail', instance: 'switchback-system/mail-east-west', mode: 'Backup' as const }],
};
const tenantOf = (key: string, more = {}): DirectoryTenant => ({
  key,
  spec: aTenant(key, more).spec,
  outcome: OUTCOME,
});
const tenants = (count: number): DirectoryTenant[] =>
  Array.from({ length: count }, (_, i) => tenantOf(`customers/t${i}`));
const shardsOf = (directory: ReturnType<typeof computeDirectory>) => directory.map(({ spec }) => spec.shard);
const byName = (directory: ReturnType<typeof computeDirectory>) =>
  new Map(directory.map((shard) => [shard.metadata.name, JSON.stringify(shard)]));
const changed = (before: ReturnType<typeof computeDirectory>, after: ReturnType<typeof computeDirectory>) => {
  const [x, y] = [byName(before), byName(after)];
  return [...new Set([...x.keys(), ...y.keys()])].filter((name) => x.get(name) !== y.get(name));
};

describe('the tenant directory', () => {
  it('of a few tenants is one shard that is named after the group, and says once what they share', () => {
    const [shard, ...others] = computeDirectory('americas', tenants(3), []);
    expect(others).toEqual([]);
    expect(shard?.metadata.name).toBe('americas');
    expect(shard?.spec.plans).toEqual([{ id: expect.any(String), ...OUTCOME }]);
    expect(shard?.spec.tenants.map(({ name }) => name)).toEqual(['customers/t0', 'customers/t1', 'customers/t2']);
  });

  it('of no tenants is empty', () => {
    expect(computeDirectory('americas', [], ['0', '1'])).toEqual([]);
  });

  it('says what services need to know of a tenant', () => {
    const more = { transitCentre: 'gtn-1', connectivity: 'Mpls', residency: { countries: ['US', 'CA'] } };
    const [shard] = computeDirectory('americas', [tenantOf('customers/acme', more)], []);
    expect(shard?.spec.tenants).toEqual([
      {
        name: 'customers/acme',
        plan: shard?.spec.plans[0]?.id,
        tier: 'CrossRegionVoice',
        isolation: 'Shared',
        agents: 100,
        telephony: 'SipCluster',
        connectivity: 'Mpls',
        transitCentre: 'gtn-1',
        countries: ['CA', 'US'],
      },
    ]);
  });

  it('of 10,000 tenants has shards of some hundred, each as its schema says', () => {
    const directory = computeDirectory('americas', tenants(10_000), []);
    for (const shard of directory) {
      expect(shard.spec.tenants.length).toBeLessThanOrEqual(256);
      expect(tenantDirectory.spec.safeParse(shard.spec).error).toBeUndefined();
    }
    expect(directory.length).toBeGreaterThanOrEqual(40);
    expect(directory.length).toBeLessThanOrEqual(128);
  });

  it('has one shard changed by a tenant that changes, comes or goes', () => {
    const before = tenants(2000);
    const directory = computeDirectory('americas', before, []);
    const present = shardsOf(directory);
    const grown = before.map((tenant, i) => (i === 700 ? tenantOf(tenant.key, { agents: 999 }) : tenant));
    expect(changed(directory, computeDirectory('americas', grown, present))).toHaveLength(1);
    const more = [...before, tenantOf('customers/one-more')];
    expect(changed(directory, computeDirectory('americas', more, present))).toHaveLength(1);
    expect(changed(directory, computeDirectory('americas', before.slice(1), present))).toHaveLength(1);
  });

  it('splits only the shard that is too large, and does not join it again at once', () => {
    const full = tenants(257);
    const split = computeDirectory('americas', full, ['']);
    expect(shardsOf(split)).toEqual(['0', '1']);
    expect(shardsOf(computeDirectory('americas', full.slice(0, 200), shardsOf(split)))).toEqual(['0', '1']);
    expect(shardsOf(computeDirectory('americas', full.slice(0, 128), shardsOf(split)))).toEqual(['']);
  });

  it('holds every tenant once, whatever was there before, and stays as it is when it is computed again', () => {
    const keys = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 400 });
    const shards = fc.array(fc.stringMatching(/^[01]{0,6}$/), { maxLength: 8 });
    fc.assert(
      fc.property(keys, shards, (names, present) => {
        const wanted = names.map((name) => tenantOf(`customers/${name}`));
        const directory = computeDirectory('americas', wanted, present);
        const found = directory.flatMap(({ spec }) => spec.tenants.map(({ name }) => name));
        expect(found.toSorted()).toEqual(wanted.map(({ key }) => key).toSorted());
        const again = computeDirectory('americas', wanted.toReversed(), shardsOf(directory));
        expect(again).toEqual(directory);
      }),
      { numRuns: 50 },
    );
  });
});
