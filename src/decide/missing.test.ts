import { describe, expect, it } from 'vitest';
import { anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { LABELS } from '../api/labels.ts';
import { describeMissing, digestOf, isNothingMissing, missingOf } from './missing.ts';

const orderOf = (name: string, group = 'americas') => {
  const order = anOrder(name, [anOrderedComponent()]);
  return { ...order, metadata: { ...order.metadata, labels: { [LABELS.iuGroup]: group } } };
};
const shardOf = (group: string, ...tenants: string[]) =>
  ({ spec: { iuGroup: group, tenants: tenants.map((name) => ({ name })) } }) as never;

describe('what is missing on a hub', () => {
  const holdings = {
    orders: [orderOf('mail'), orderOf('voice'), orderOf('voice'), orderOf('else', 'europe')],
    shards: [shardOf('americas', 'c/acme', 'c/beta'), shardOf('europe', 'c/euro')],
    isInstance: (key: string) => key === 'switchback-system/mail',
    isTenant: (key: string) => key === 'c/acme',
  };
  const missing = missingOf('americas', holdings);

  it('is what regions hold of the group and no manifest names, each once', () => {
    expect(missing).toEqual({ services: ['switchback-system/voice'], tenants: ['c/beta'] });
    expect(isNothingMissing(missing)).toBe(false);
    expect(isNothingMissing(missingOf('asia', holdings))).toBe(true);
  });

  it('is told with numbers, some names, and the digest to accept it by', () => {
    const many = { services: [], tenants: ['a', 'b', 'c', 'd', 'e'] };
    expect(describeMissing(missing)).toContain('1 services (switchback-system/voice) and 1 tenants (c/beta)');
    expect(describeMissing(many)).toContain(`5 tenants (a, b, c and 2 more)`);
    expect(describeMissing(many)).toContain(`(${digestOf(many)})`);
  });

  it('has another digest as soon as anything else is missing', () => {
    const digests = [
      missing,
      { ...missing, tenants: [] },
      { services: ['c/beta'], tenants: ['switchback-system/voice'] },
      { ...missing, services: [...missing.services, 'x/y'] },
    ].map(digestOf);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digestOf({ services: ['a', 'b'], tenants: [] })).toBe(digestOf({ services: ['b', 'a'], tenants: [] }));
  });
});
