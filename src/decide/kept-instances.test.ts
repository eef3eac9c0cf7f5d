import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aBackup, aClass, aGroup, anActive, anAssignment, aTenant } from '../../test/support/objects.ts';
import { LABELS } from '../api/labels.ts';
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

const alone = (key: string, more = {}) => aTenant(key, { isolation: 'Dedicated', services: ['pulse'], ...more });

describe('the instance of a tenant alone', () => {
  it('keeps its other regions until its class has given up the mode that needs them', () => {
    const tenant = alone('acme/acme');
    const present = standing(plan(APART, [tenant]), 'Backup');
    const held = plan(STAYS, [tenant], present);
    expect(told(held)).toEqual(['pulse-acme: us-east, us-west']);
    expect(told(plan(STAYS, [tenant], standing(held, 'None')))).toEqual(['pulse-acme: us-east']);
  });

  it('never keeps a region beside itself when its tenant gets that as its primary region', () => {
    const present = standing(plan(APART, [alone('acme/acme')]), 'Backup');
    const moved = alone('acme/acme', { primaryRegion: 'us-west', secondaryRegions: ['us-east'] });
    expect(told(plan(STAYS, [moved], present))).toEqual(['pulse-acme: us-west']);
  });

  it('is taken up again by its tenant while it goes', () => {
    const hashed = standing(plan(APART, [alone('acme/acme')]), 'Backup').map((instance) => ({
      ...instance,
      metadata: { ...instance.metadata, name: 'pulse-acme-0', deletionTimestamp: '2026-01-01T00:00:00Z' },
    }));
    expect(told(plan(APART, [alone('acme/acme')], hashed))).toEqual(['pulse-acme-0: us-east, us-west']);
  });
});

/** Whose readable names are the same, two by two. */
const CLASSES = [aClass('voice', aBackup()), aClass('voice-mail', aBackup())];
const REGIONS = ['us', 'mail-us', 'other'];
const WHO: readonly [key: string, spec: Record<string, unknown>][] = [
  ['acme/mail-x', { isolation: 'Dedicated', primaryRegion: 'us', services: ['voice'] }],
  ['acme/x', { isolation: 'Dedicated', primaryRegion: 'us', services: ['voice-mail'] }],
  ['other/x', { isolation: 'Dedicated', primaryRegion: 'us', services: ['voice', 'voice-mail'] }],
  ['some/one', { primaryRegion: 'mail-us', services: ['voice'] }],
  ['some/two', { primaryRegion: 'us', services: ['voice-mail'] }],
];
const TENANTS = WHO.map(([key, spec]) => aTenant(key, { secondaryRegions: ['other'], ...spec }));

/** What an instance is, whatever it is called. */
const identityOf = ({ metadata, spec }: CohortPlan['instances'][number]): string =>
  [metadata.namespace, spec.serviceClassRef.name, metadata.labels[LABELS.tenant] ?? spec.primaryRegion].join('/');
const keyOf = ({ metadata }: Pick<ServiceInstance, 'metadata'>): string => `${metadata.namespace}/${metadata.name}`;

/** What an instance of a world is, by its name; throws when a name changes its meaning, or an instance its name. */
class Names {
  private readonly identities = new Map<string, string>();

  add(instance: CohortPlan['instances'][number]): void {
    const identity = identityOf(instance);
    const known = [...this.identities].filter(([name, is]) => name === keyOf(instance) || is === identity);
    expect([[], [[keyOf(instance), identity]]]).toContainEqual(known);
    this.identities.set(keyOf(instance), identity);
  }

  delete(instance: ServiceInstance): void {
    this.identities.delete(keyOf(instance));
  }
}

const isHashed = ({ metadata }: CohortPlan['instances'][number]): boolean => /-[a-z0-9]{11}$/.test(metadata.name);

describe('names, whoever comes and goes', () => {
  it('never change for an instance, and never go to another one before the first is gone', () => {
    // Of each step: which tenants there are, and which of the instances that nobody needs are gone by then.
    const step = fc.record({ tenants: fc.subarray(TENANTS), gone: fc.array(fc.boolean(), { maxLength: 8 }) });
    const groups = [aGroup('americas', REGIONS)];
    let hashed = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 8 }), (steps) => {
        const names = new Names();
        let existing: readonly ServiceInstance[] = [];
        for (const { gone, tenants } of steps) {
          const next = computeCohorts({ groups, classes: CLASSES, tenants, existing });
          for (const instance of next.instances) names.add(instance);
          hashed += next.instances.filter(isHashed).length;
          const needed = new Set(next.instances.map(keyOf));
          const unneeded = existing.filter((instance) => !needed.has(keyOf(instance)));
          for (const instance of unneeded.filter((_, index) => gone[index])) names.delete(instance);
          existing = [...standing(next, 'Backup'), ...unneeded.filter((_, index) => !gone[index])];
        }
      }),
    );
    expect(hashed).toBeGreaterThan(0);
  });
});
