import { expect, it } from 'vitest';
import { aBackup, aClass, aGroup, anAssignment, aTenant } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { Assignment } from '../api/service-instance.ts';
import type { Tenant, TenantStatus } from '../api/tenant.ts';
import { computeCohorts } from '../decide/cohort.ts';
import type { HubContext } from './context.ts';
import { tenantDecisionsOf } from './tenant-decisions.ts';

const CLASSES = [aClass('desktop', { ...aBackup(), slaClass: 1 }), aClass('wfm', { ...aBackup(), slaClass: 3 })];
const SAID = [{ clusterName: 'us-east', reason: 'Assigned' as const, tenant: 'acme' }];

function decisions(known: { loaded?: boolean; desktop?: string; wfm?: string; before?: TenantStatus['decisions'] }) {
  const made = aTenant('customers/acme');
  const status: TenantStatus = { observedGeneration: 1, decisions: known.before };
  const tenant: Tenant = known.before ? { ...made, status } : made;
  const { tenants } = computeCohorts({
    groups: [aGroup('americas', ['us-east', 'us-west'])],
    classes: CLASSES,
    tenants: [tenant],
  });
  const outcome = tenants.get('customers/acme');
  if (!outcome) throw new Error('it is planned');
  const where = (region: string | undefined): Assignment | undefined =>
    region === undefined
      ? undefined
      : { ...anAssignment('2 us-east>us-west'), activeRegion: region, reason: 'FailedOver' };
  const context = partOf<HubContext>('context', {
    assignments: {
      loaded: known.loaded ?? true,
      get: (key: string) => where(key.includes('/desktop-') ? known.desktop : known.wfm),
    },
    classes: { store: { get: (name: string) => CLASSES.find(({ metadata }) => metadata.name === name) } },
    instances: { store: { get: () => undefined } },
  });
  return tenantDecisionsOf(context, tenant, outcome);
}

it('a tenant is where its important services are', () => {
  expect(decisions({ desktop: 'us-west', wfm: 'us-east' })).toEqual([
    { clusterName: 'us-west', reason: 'FailedOver', tenant: 'acme' },
  ]);
});

it('what was said stands while nothing is known, and is an empty list before anything was', () => {
  expect(decisions({ loaded: false, desktop: 'us-west', before: SAID })).toEqual(SAID);
  expect(decisions({ before: SAID })).toEqual(SAID);
  expect(decisions({})).toEqual([]);
});
