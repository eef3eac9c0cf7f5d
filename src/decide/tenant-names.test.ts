import { describe, expect, it } from 'vitest';
import { aClass, aGroup, anActive, aTenant } from '../../test/support/objects.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { Tenant } from '../api/tenant.ts';
import { computeCohorts } from './cohort.ts';
import type { DNSRecord } from './desired/traffic.ts';
import { planTenantNames, type TenantNames } from './tenant-names.ts';

const CLASSES = [aClass('desktop', anActive()), aClass('chat', anActive()), aClass('mail', anActive())];
const CENTRE = {
  name: 'dallas',
  geography: 'US',
  country: 'US',
  pair: 'us',
  regions: ['us-east'],
  voice: { targets: ['sbc.example.net'] },
};
const group = (name = 'americas', traffic: object = {}, more: object = {}): IUGroup =>
  aGroup(name, ['us-east', 'us-west'], {
    traffic: { domain: 'example.com', tenantNames: { frontDoor: 'desktop', services: ['chat'] }, ...traffic },
    ...more,
  });
const tenant = (key: string, day = 1, more: Readonly<Record<string, unknown>> = {}): Tenant => {
  const made = aTenant(key, more);
  return { ...made, metadata: { ...made.metadata, creationTimestamp: `2026-01-0${day}T00:00:00Z` } };
};

function plan(tenants: Tenant[], groups = [group()], present: DNSRecord[] = [], classes = CLASSES): TenantNames {
  const [first] = groups;
  if (!first) throw new Error('a group is asked for');
  const { tenants: outcomes } = computeCohorts({ groups, classes, tenants });
  return planTenantNames(first, { groups, tenants, outcomes, present });
}
const linesOf = ({ records }: TenantNames, key: string): string[] =>
  (records.get(key) ?? []).map(({ dnsName, targets }) => `${dnsName} → ${targets}`);

describe('the names of a tenant', () => {
  it('point to the names of the services that its cohort shares', () => {
    expect(linesOf(plan([tenant('a/acme')]), 'a/acme')).toEqual([
      'chat.acme.tenants.example.com → chat-us-east-us-west.example.com',
      'acme.tenants.example.com → desktop-us-east-us-west.example.com',
    ]);
  });

  it('lead its calls to the alias of its transit centre', () => {
    const withCentre = group('americas', {}, { transit: { centres: [CENTRE] } });
    expect(linesOf(plan([tenant('a/acme')], [withCentre]), 'a/acme').slice(2)).toEqual([
      'sip.acme.tenants.example.com → dallas.transit.example.com',
      '_sips._tcp.sip.acme.tenants.example.com → _sips._tcp.dallas.transit.example.com',
      '_sip._udp.sip.acme.tenants.example.com → _sip._udp.dallas.transit.example.com',
    ]);
  });

  it('are none in a group that wants none', () => {
    expect(plan([tenant('a/acme')], [group('americas', { tenantNames: undefined })]).records.size).toBe(0);
  });

  it('belong to the older one of two tenants, and the other is told', () => {
    const names = plan([tenant('a/acme', 2), tenant('b/acme', 1)]);
    expect([...names.records.keys()]).toEqual(['b/acme']);
    expect(names.refused.get('a/acme')).toEqual({
      reason: 'NameTaken',
      message: 'acme.tenants.example.com is the name of tenant b/acme, which is older: give this one another name',
    });
  });

  it('may be taken by a tenant of another group with the same domain, and not by one of another domain', () => {
    const tenants = [tenant('a/acme', 2), tenant('b/acme', 1, { iuGroupRef: { name: 'other' } })];
    expect(plan(tenants, [group(), group('other')]).refused.has('a/acme')).toBe(true);
    expect(plan(tenants, [group(), group('other', { domain: 'example.net' })]).refused.size).toBe(0);
  });

  it('stay as they are while the tenant cannot be planned', () => {
    const before = plan([tenant('a/acme'), tenant('a/bolt')]);
    const present = [...before.records.values()].flat();
    const doubtful = plan([tenant('a/acme', 1, { services: ['chat', 'gone'] }), tenant('a/bolt')], [group()], present);
    expect(doubtful.records.get('a/acme')).toEqual(before.records.get('a/acme'));
    expect(doubtful.records.get('a/bolt')).toEqual(before.records.get('a/bolt'));
  });

  it('are refused when they are longer than DNS allows', () => {
    const domain = Array.from({ length: 2 }, () => 'd'.repeat(63)).join('.');
    const long = 'n'.repeat(63);
    const { refused } = plan(
      [tenant(`a/${long}`)],
      [group('americas', { domain, tenantNames: { services: ['c'.repeat(60)] } })],
      [],
      [aClass('c'.repeat(60), anActive())],
    );
    expect(refused.get(`a/${long}`)?.reason).toBe('InvalidSpec');
    expect(refused.get(`a/${long}`)?.message).toContain('a DNS name has at most 253');
  });
});
