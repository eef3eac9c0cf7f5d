import { describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup, anActive, anAssignment, aTenant } from '../../test/support/objects.ts';
import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { type CohortPlan, computeCohorts } from './cohort.ts';

const groups = [aGroup('americas', ['us-east', 'us-west', 'us-south'])];
const STAYS = aClass('pulse');
const EVERYWHERE = aClass('pulse', anActive());
const APART = aClass('pulse', aBackup());

const plan = (
  serviceClass: ServiceClass,
  tenants: readonly ReturnType<typeof aTenant>[],
  existing: readonly ServiceInstance[] = [],
): CohortPlan => computeCohorts({ groups, classes: [serviceClass], tenants, existing });

/** What stands on the hub after a plan was carried out, with the mode that is in force. */
const standing = ({ instances }: CohortPlan, mode: CrossRegionMode): ServiceInstance[] =>
  instances.map(({ metadata, spec }) => ({
    apiVersion: 'switchback.dev/v1alpha1',
    kind: 'ServiceInstance',
    metadata,
    spec,
    status: { observedGeneration: 1, assignment: { ...anAssignment('1 us-east>'), mode } },
  }));
const told = ({ instances }: CohortPlan) =>
  instances.map(
    ({ metadata, spec }) => `${metadata.name}: ${[spec.primaryRegion, ...spec.secondaryRegions].join(', ')}`,
  );

const acme = aTenant('acme/acme');
const advanced = aTenant('basic/basic', { tier: 'Advanced', secondaryRegions: [] });
const south = aTenant('south/south', { secondaryRegions: ['us-south'], agents: 40_000 });

describe('a class that gets another mode', () => {
  it.each([
    ['Active', EVERYWHERE],
    ['Backup', APART],
  ] as const)('None to %s: its tenants go on in the instance that they had', (_, next) => {
    const before = standing(plan(STAYS, [acme]), 'None');
    expect(told(plan(next, [acme], before))).toEqual(['pulse-us-east: us-east, us-west']);
  });

  it('keeps that name afterwards, also beside new tenants of the regions that it is called after', () => {
    const before = standing(plan(STAYS, [acme]), 'None');
    const after = standing(plan(EVERYWHERE, [acme], before), 'Active');
    const [kept, made, ...more] = told(plan(EVERYWHERE, [acme, advanced], after)).sort();
    expect(kept).toMatch(/^pulse-us-east-[a-z0-9]{11}: us-east$/);
    expect(made).toBe('pulse-us-east: us-east, us-west');
    expect(more).toEqual([]);
  });

  it('leaves tenants of a lower tier in the instance that they had, and makes one for the others', () => {
    const before = standing(plan(STAYS, [acme, advanced]), 'None');
    expect(told(plan(EVERYWHERE, [acme, advanced], before))).toEqual([
      'pulse-us-east: us-east',
      'pulse-us-east-us-west: us-east, us-west',
    ]);
  });

  it('lets the tenants with the most agents go on where tenants part', () => {
    const before = standing(plan(STAYS, [acme, south]), 'None');
    expect(told(plan(EVERYWHERE, [acme, south], before))).toEqual([
      'pulse-us-east: us-east, us-south',
      'pulse-us-east-us-west: us-east, us-west',
    ]);
  });

  it.each([
    ['Active', EVERYWHERE],
    ['Backup', APART],
  ] as const)('%s to None: an instance keeps its other regions until the change is decided', (mode, before) => {
    const present = standing(plan(before, [acme]), mode);
    const held = plan(STAYS, [acme], present);
    expect(told(held)).toEqual(['pulse-us-east-us-west: us-east, us-west']);
    expect(told(plan(STAYS, [acme], standing(held, 'None')))).toEqual(['pulse-us-east-us-west: us-east']);
  });

  it('there and back again is the same instance all the time', () => {
    const first = standing(plan(STAYS, [acme]), 'None');
    const there = standing(plan(APART, [acme], first), 'Backup');
    const back = standing(plan(STAYS, [acme], there), 'None');
    const home = plan(STAYS, [acme], back);
    expect(told(home)).toEqual(told(plan(STAYS, [acme])));
    expect(told(plan(STAYS, [acme], standing(home, 'None')))).toEqual(told(home));
  });

  it('is no reason to go on in what somebody else made, or deletes', () => {
    const [given] = standing(plan(STAYS, [acme]), 'None');
    if (!given) throw new Error('the plan has an instance');
    const made = { ...given, metadata: { ...given.metadata, name: 'mine', labels: {} } };
    const leaving = {
      ...given,
      metadata: { ...given.metadata, name: 'gone', deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(told(plan(EVERYWHERE, [acme], [made, leaving]))).toEqual(['pulse-us-east-us-west: us-east, us-west']);
  });
});
