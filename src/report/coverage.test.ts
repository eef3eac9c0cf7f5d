import { describe, expect, it } from 'vitest';
import { aSwitch } from '../../test/support/objects.ts';
import type { PlannedService } from '../api/region-switch.ts';
import { coverage } from './coverage.ts';

const TENANTS = { tenants: ['acme/one'] };
const shared = (name: string, sharedWith: number): PlannedService => ({
  name,
  verdict: 'Stays',
  reason: 'SharedWithOthers',
  sharedWith,
});
const missing: PlannedService = {
  name: 'acme/typo',
  verdict: 'Stays',
  reason: 'TenantNotFound',
  message: 'there is no Tenant acme/typo',
};
const told = (leftOut: PlannedService[], more = {}) => {
  const [condition] = coverage(aSwitch('s', { ...TENANTS, ...more }), leftOut);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
};

describe('what a switch of tenants does not cover', () => {
  it('is nothing of a switch that names none', () => {
    expect(coverage(aSwitch('s'), [])).toEqual([]);
  });

  it.each<[string, string | undefined, string]>([
    ['nothing', told([]), 'True AsDeclared: no service of the tenants is left out'],
    [
      'what is shared, sorted by name',
      told([shared('ns/b', 12), shared('ns/a', 1)]),
      'False SharedWithOthers: 2 services are not moved, because they also serve tenants that are not named: ns/a (with 1 other), ns/b (with 12 others)',
    ],
    [
      'what a freeze does not hold, and a tenant that is not there',
      told([missing, shared('ns/a', 3)], { type: 'Freeze', region: undefined, expiresAt: '2026-01-02T00:00:00Z' }),
      'False SharedWithOthers: 1 services are not held, because they also serve tenants that are not named: ns/a (with 3 others); there is no Tenant acme/typo',
    ],
    ['a tenant that is not there', told([missing]), 'False TenantNotFound: there is no Tenant acme/typo'],
  ])('%s', (_, said, wanted) => {
    expect(said).toBe(wanted);
  });

  it('names a few of many, and fits into a condition', () => {
    const many = Array.from({ length: 300 }, (_, i) => shared(`${'n'.repeat(60)}/${'s'.repeat(40)}${i}`, 9999));
    expect(told(many)).toMatch(/^False SharedWithOthers: 300 services .*, 295 more$/);
    expect(told(many)?.length).toBeLessThan(1024);
  });

  it('stays as it was said while nobody knows', () => {
    const object = aSwitch('s', TENANTS);
    const time = { lastTransitionTime: '2026-01-01T00:00:00Z' };
    const said = { type: 'Covered', status: 'False', reason: 'TenantNotFound', message: 'x', ...time } as const;
    expect(coverage({ ...object, status: { observedGeneration: 1, conditions: [said] } }, undefined)).toEqual([said]);
  });
});
