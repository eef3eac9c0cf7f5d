import { describe, expect, it } from 'vitest';
import {
  aBackup,
  aClass,
  aGroup,
  anActive,
  anAssignment,
  anInstance,
  aTenant,
  aTransitCentre,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { Tenant } from '../api/tenant.ts';
import type { CohortPlan, TenantService } from '../decide/cohort.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { Store } from '../kube/cache.ts';
import { type KubeObject, keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import { CallerBook } from './transit-callers.ts';

const GROUP = aGroup('americas', ['east', 'west'], {
  transit: { centres: [aTransitCentre('us-1', ['east', 'west']), aTransitCentre('us-2', ['west', 'east'])] },
});
const cached = <T extends KubeObject>(...objects: readonly T[]) => {
  const store = new Store<T>({});
  store.replace([...objects], '1');
  return { store };
};
const service = (name: string, mode: TenantService['mode']): TenantService => ({
  service: name,
  instance: `switchback-system/${name}`,
  mode,
});
const DESK = service('desk', 'Active');
const SOFTPHONE = service('softphone', 'None');
const FEED = service('feed', 'Backup');

function callers(tenants: readonly Tenant[], services: readonly TenantService[], lost: readonly string[] = []) {
  const instance = (name: string, secondaryRegions: readonly string[]) =>
    anInstance(name, { serviceClassRef: { name }, primaryRegion: 'east', secondaryRegions });
  const state = (region: string): RegionState => (lost.includes(region) ? 'Lost' : 'Healthy');
  const context = partOf<HubContext>('context', {
    tenants: cached(...tenants),
    classes: cached(
      aClass('desk', { functionality: 'AgentLogin', ...anActive() }),
      aClass('softphone', { functionality: 'AgentLogin' }),
      aClass('feed', { functionality: 'HistoricalDataFeed', ...aBackup() }),
    ),
    instances: cached(instance('desk', ['west']), instance('softphone', []), instance('feed', ['west'])),
    assignments: { get: () => anAssignment('1 east>') },
    diagnoses: { get: (region: string) => ({ state: state(region) }) },
  });
  const plan = partOf<CohortPlan>('plan', {
    tenants: new Map(tenants.map((tenant) => [keyOf(tenant), { services, regions: ['east'], conditions: [] }])),
  });
  return new CallerBook().callersOf(context, GROUP, plan);
}
const tenant = (name: string, more: Parameters<typeof aTenant>[1] = {}): Tenant =>
  aTenant(`acme/${name}`, { primaryRegion: 'east', secondaryRegions: ['west'], ...more });

describe('the callers of a group', () => {
  it('are counted by where they come in and where their agents are', () => {
    const found = callers([tenant('a'), tenant('b', { agents: 50 }), tenant('c', { transitCentre: 'us-2' })], [DESK]);
    expect(found).toEqual([
      {
        centre: 'us-1',
        tenants: 2,
        agents: 150,
        regions: ['east', 'west'],
        regionsNow: ['east', 'west'],
        countries: undefined,
      },
      {
        centre: 'us-2',
        tenants: 1,
        agents: 100,
        regions: ['east', 'west'],
        regionsNow: ['east', 'west'],
        countries: undefined,
      },
    ]);
  });

  it.each<[string, readonly TenantService[], readonly string[], string[], string[]]>([
    ['in all regions of what runs in several', [DESK, SOFTPHONE, FEED], [], ['east', 'west'], ['east', 'west']],
    ['where a service is active that runs in one', [SOFTPHONE, FEED], [], ['east'], ['east']],
    ['in the primary region without such a service', [FEED], [], ['east'], ['east']],
    ['not in a region that is lost', [DESK], ['east'], ['east', 'west'], ['west']],
    ['nowhere when all of their regions are lost', [SOFTPHONE], ['east'], ['east'], []],
  ])('have their agents %s', (_, services, lost, regions, regionsNow) => {
    expect(callers([tenant('a')], services, lost)).toMatchObject([{ regions, regionsNow }]);
  });

  it('of different residency are kept apart', () => {
    const found = callers([tenant('a'), tenant('b', { residency: { countries: ['US', 'CA'] } })], [DESK]);
    expect(found.map(({ countries }) => countries)).toEqual([undefined, ['CA', 'US']]);
  });

  it('of a tenant that names a centre that is none are nowhere', () => {
    expect(callers([tenant('a', { transitCentre: 'xx' })], [DESK])).toEqual([]);
  });
});
