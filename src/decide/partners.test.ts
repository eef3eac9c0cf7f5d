import { describe, expect, it } from 'vitest';
import { anInstance } from '../../test/support/objects.ts';
import { LABELS } from '../api/labels.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { createPartnersOf, scopeOf } from './partners.ts';

type Change = Readonly<Record<string, unknown>>;
const ofClass = (serviceClass: string, name: string, more: Change = {}): ServiceInstance =>
  anInstance(name, { serviceClassRef: { name: serviceClass }, ...more });
const dedicated = (serviceClass: string, name: string, tenant: string): ServiceInstance => {
  const { metadata, ...rest } = ofClass(serviceClass, name, { isolation: 'Dedicated' });
  return { ...rest, metadata: { ...metadata, namespace: 'acme', labels: { [LABELS.tenant]: tenant } } };
};

/** Names of the instances of class `voice` that serve the tenants of `own`. */
function partners(own: ServiceInstance, ...all: readonly ServiceInstance[]): string[] {
  const partnersOf = createPartnersOf((scope) => all.filter((each) => scopeOf(each) === scope));
  return partnersOf(own, 'voice').map(({ metadata }) => metadata.name);
}

describe('the instances that serve the same tenants', () => {
  const mail = ofClass('mail', 'mail');

  it.each<[string, ServiceInstance, boolean]>([
    ['has the same regions', ofClass('voice', 'v'), true],
    ['belongs to another class', ofClass('chat', 'v'), false],
    ['belongs to another group', ofClass('voice', 'v', { iuGroupRef: { name: 'emea' } }), false],
    [
      'has another primary region',
      ofClass('voice', 'v', { primaryRegion: 'us-west', secondaryRegions: ['us-east'] }),
      false,
    ],
    ['is dedicated to a tenant', dedicated('voice', 'v', 'acme'), false],
  ])('of an instance: one that %s', (_, other, isPartner) => {
    expect(partners(mail, other)).toEqual(isPartner ? ['v'] : []);
  });

  it('have the same secondary regions where tiers part them', () => {
    const near = ofClass('voice', 'near', { secondaryRegions: [] });
    expect(partners(mail, near, ofClass('voice', 'far'))).toEqual(['far']);
    expect(partners(mail, near)).toEqual(['near']);
  });

  it('of a dedicated one are those of its own tenant, also in a namespace of several', () => {
    const own = dedicated('mail', 'mail-acme', 'acme');
    expect(partners(own, dedicated('voice', 'v-acme', 'acme'), dedicated('voice', 'v-blue', 'blue'))).toEqual([
      'v-acme',
    ]);
  });

  it('are not those that are being deleted', () => {
    const gone = ofClass('voice', 'v');
    const deleted = { ...gone, metadata: { ...gone.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    expect(partners(mail, deleted)).toEqual([]);
  });
});
