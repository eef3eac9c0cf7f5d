import type { ServiceClass, Tier } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { TenantStatus } from '../api/tenant.ts';
import { regionsOf } from './assignment.ts';
import type { TenantOutcome } from './cohort.ts';
import { homeRegions, slaScope } from './tiers.ts';

export type ServiceSets = NonNullable<TenantStatus['serviceSets']>;
type Shared = Omit<ServiceSets[number], 'services'>;
/** What the status of a tenant says of one service. */
export type ServiceRow = ServiceSets[number]['services'][number] & Shared;
type Told = Pick<ServiceRow, 'service' | 'instance' | 'mode'>;

/** Bound of the sets, and of the services in one. */
const MOST_ROWS = 64;

/** Services of which the same is said stand together: a status of ten thousand tenants is small, and read at a glance. */
export function setsOf(rows: readonly ServiceRow[]): ServiceSets {
  const sets = new Map<string, ServiceSets[number]>();
  for (const { instance, movingTo, service, ...shared } of rows) {
    const { activeRegions, mode, regions, sla } = shared;
    const key = JSON.stringify([mode, activeRegions, regions, sla]);
    const set = sets.get(key) ?? { services: [], ...shared };
    set.services.push({ service, instance, ...(movingTo === undefined ? {} : { movingTo }) });
    sets.set(key, set);
  }
  return [...sets.values()];
}

const rowsOfSets = new WeakMap<ServiceSets, readonly ServiceRow[]>();
const NO_ROWS: readonly ServiceRow[] = [];

/** The other way round: the same rows for the same sets, which many tenants share. */
export function toldRows(status: Pick<TenantStatus, 'serviceSets'> | undefined): readonly ServiceRow[] {
  const sets = status?.serviceSets;
  if (!sets) return NO_ROWS;
  const known = rowsOfSets.get(sets);
  if (known) return known;
  const rows = sets.flatMap(({ services, ...shared }) => services.map((service) => ({ ...service, ...shared })));
  rowsOfSets.set(sets, rows);
  return rows;
}

/** One that is not takes nothing away from its tenant: somebody will put it right. */
export const isWhole = ({ conditions }: Pick<TenantOutcome, 'conditions'>): boolean =>
  conditions.every(({ status, type }) => type !== 'Ready' || status === 'True');

/**
 * What a tenant was last told to be served by and is planned to leave: the record by which nothing is taken away before
 * what replaces it is there. A plan that is not whole leaves the services that it does not know as they are: somebody
 * will put it right, and a tenant that is moved by a mistake is served meanwhile.
 */
export function servicesLeft<T extends Told>(
  outcome: Pick<TenantOutcome, 'services' | 'conditions'>,
  told: readonly T[] = [],
): readonly T[] {
  if (told.length === 0) return [];
  const planned = new Map(outcome.services.map(({ instance, service }) => [service, instance]));
  const areKept = !isWhole(outcome);
  return told.filter(({ instance, service }) => {
    const next = planned.get(service);
    return next === undefined ? areKept : next !== instance;
  });
}

/** The same for many tenants: those that share a plan and a status, of which there are few, are asked about once. */
export function createServicesLeft(): typeof servicesLeft {
  const answers = new WeakMap<object, WeakMap<object, readonly Told[]>>();
  return <T extends Told>(outcome: Pick<TenantOutcome, 'services' | 'conditions'>, told: readonly T[] = []) => {
    const known = answers.get(outcome) ?? new WeakMap<object, readonly Told[]>();
    answers.set(outcome, known);
    const before = known.get(told);
    // What is found was made from these very rows.
    if (before) return before as readonly T[];
    const left = servicesLeft(outcome, told);
    known.set(told, left);
    return left;
  };
}

export interface InstanceKnowledge {
  exists(instance: string): boolean;
  /** Whether it serves now. */
  isAvailable(instance: string): boolean;
}

/**
 * What serves a tenant now: what is planned as soon as that is available, until then what served it before, if that is
 * still there. A tenant never waits without a service for one that does not come.
 */
export function servedBy(
  outcome: Pick<TenantOutcome, 'services' | 'conditions'>,
  told: readonly Told[] | undefined,
  { exists, isAvailable }: InstanceKnowledge,
): (Told & { readonly movingTo?: string })[] {
  const left = new Map(
    servicesLeft(outcome, told)
      .filter(({ instance }) => exists(instance))
      .map((row) => [row.service, row]),
  );
  const rows = outcome.services.map(({ instance, mode, service }) => {
    const before = left.get(service);
    left.delete(service);
    return before && !isAvailable(instance)
      ? { service, instance: before.instance, movingTo: instance, mode: before.mode }
      : { service, instance, mode };
  });
  const kept = [...left.values()].map(({ instance, mode, service }) => ({ service, instance, mode }));
  return [...rows, ...kept].sort((x, y) => (x.service < y.service ? -1 : 1)).slice(0, MOST_ROWS);
}

interface Places {
  readonly activeRegions: NonNullable<ServiceRow['activeRegions']>;
  readonly regions: NonNullable<ServiceRow['regions']>;
  readonly sla: NonNullable<ServiceRow['sla']>;
}

/** Where a service is, and what that is worth to tenants of a tier: the same for all tenants that share it. */
export function placesOfService(
  instance: Pick<ServiceInstance, 'spec' | 'status'>,
  serviceClass: Pick<ServiceClass, 'spec'>,
  tier: Tier,
  geographyOf: (region: string) => string | undefined,
): Places {
  const regions = rolesOf(instance, serviceClass, geographyOf);
  const { assignment, weights } = instance.status ?? {};
  const isShared = serviceClass.spec.crossRegion.mode === 'Active' && weights !== undefined;
  const serving = weights?.filter(({ weight }) => weight > 0).map(({ region }) => region) ?? [];
  const activeRegions = isShared ? serving : assignment ? [assignment.activeRegion] : [];
  return { activeRegions, regions, sla: slaScope(tier, serviceClass.spec, regions.length) };
}

function rolesOf(
  { spec, status }: Pick<ServiceInstance, 'spec' | 'status'>,
  serviceClass: Pick<ServiceClass, 'spec'>,
  geographyOf: (region: string) => string | undefined,
): Places['regions'] {
  const { balance, mode, standby, view } = serviceClass.spec.crossRegion;
  const { primaryRegion: primary } = spec;
  const places = regionsOf({ spec });
  if (mode === 'None') return [{ region: status?.assignment?.activeRegion ?? primary, role: 'Active' }];
  if (mode === 'Active') {
    const home = homeRegions(spec, balance, places, geographyOf);
    const elsewhere = view === 'Full' ? 'Active' : 'ActiveLimited';
    return places.map((region) => {
      if (home && !home.has(region)) return { region, role: 'Reserve' };
      return { region, role: region === primary ? 'Active' : elsewhere };
    });
  }
  const active = status?.assignment?.activeRegion;
  const all = [...new Set([...places, ...(active === undefined ? [] : [active])])];
  return all.map((region) => (region === active ? { region, role: 'Active' } : { region, role: 'Standby', standby }));
}

/**
 * Whether a service is active elsewhere than at home because its home was changed. One that was failed over or evacuated
 * is away for another reason.
 */
export function isOnItsWay({ spec, status }: Pick<ServiceInstance, 'spec' | 'status'>): boolean {
  const assignment = status?.assignment;
  if (!assignment || assignment.activeRegion === spec.primaryRegion) return false;
  const { reason, activeRegion } = assignment;
  const isPlaceless = !regionsOf({ spec }).includes(activeRegion);
  return isPlaceless || reason === 'Assigned' || reason === 'Moved' || reason === 'SwitchedBack';
}
