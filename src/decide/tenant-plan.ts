import type { ConditionState, Reason } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { Tenant, TenantSpec } from '../api/tenant.ts';
import type { Refusal } from './refusal.ts';
import { checkRegion, computeTenantRegions, limitOf, secondariesFor } from './regions.ts';
import { checkTransitCentre, countriesOf } from './residency.ts';
import { type Balancing, serviceBalancing, type TenantBalancing, tenantBalancing } from './tiers.ts';

/** What tenants refer to, by name. */
export interface Catalogue {
  readonly groups: ReadonlyMap<string, Pick<IUGroup, 'metadata' | 'spec'>>;
  /** In the order of their names. */
  readonly classes: ReadonlyMap<string, Pick<ServiceClass, 'metadata' | 'spec'>>;
}

/** One service of a tenant: its cohort is told by class, primary region, secondary regions and balancing. */
export interface PlannedService {
  readonly serviceClass: string;
  /** That of the tenant, or the digital region of the group. */
  readonly primary: string;
  /** Sorted. */
  readonly secondaries: readonly string[];
  /** How the tenant has it: `None` where the tenant has no place for it in a second region, whatever the class can do. */
  readonly mode: CrossRegionMode;
  readonly balancing: Balancing;
}

/** All that follows from the spec of a tenant but for its size and isolation; the same for all tenants of a signature. */
export interface TenantPlan {
  readonly group: string;
  readonly primary: string;
  readonly services: readonly PlannedService[];
  readonly countries: readonly string[] | undefined;
  readonly regions: readonly string[];
  readonly balancing: TenantBalancing;
  readonly conditions: readonly ConditionState[];
}

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** Tenants with the same signature have the same plan, so that 10,000 tenants cost a few dozen plans. */
export function signatureOf(spec: TenantSpec): string {
  const { iuGroupRef, primaryRegion, residency, secondaryRegions, services, tier, transitCentre = null } = spec;
  const lists = [secondaryRegions, services, residency?.countries, residency?.geographies];
  return JSON.stringify([
    iuGroupRef.name,
    primaryRegion,
    tier,
    transitCentre,
    ...lists.map((list) => list?.toSorted() ?? null),
  ]);
}

/**
 * Whether the group refuses the tier to this tenant. The tier that a tenant was told to have it keeps: that stands in its
 * status, so a new leader judges as the one before it.
 */
export function isTierRefused(
  { spec, status }: Pick<Tenant, 'spec' | 'status'>,
  group: Pick<IUGroup, 'spec'> | undefined,
) {
  return group?.spec.tiers?.refused.includes(spec.tier) === true && status?.tier !== spec.tier;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

function missingClasses(wanted: readonly string[] | undefined, { classes }: Catalogue): Problem[] {
  const missing = wanted?.filter((name) => !classes.has(name)).sort() ?? [];
  if (missing.length > 0) {
    const [subject, it] = missing.length === 1 ? ['service class', 'it'] : ['service classes', 'them'];
    const verb = missing.length === 1 ? 'does' : 'do';
    const message = `${subject} ${quoted(missing)} ${verb} not exist: create ${it}, or take ${it} out of spec.services`;
    return [{ reason: 'ServiceClassNotFound', message }];
  }
  if (wanted === undefined && classes.size === 0) {
    return [{ reason: 'ServiceClassNotFound', message: 'there is no service class at all: apply a catalogue' }];
  }
  return [];
}

type Group = Pick<IUGroup, 'metadata' | 'spec'>;

/** Where the services go that the whole deployment has in one region; undefined: this tenant has them like all others. */
const digitalRegionFor = ({ tier }: TenantSpec, { spec }: Group): string | undefined =>
  tier === 'Global' ? spec.digitalRegion : undefined;

interface Services {
  readonly planned: readonly PlannedService[];
  readonly problems: readonly Problem[];
}

function planServices(
  spec: TenantSpec,
  group: Group,
  secondaries: readonly string[],
  { classes }: Catalogue,
): Services {
  const names = spec.services === undefined ? [...classes.keys()] : [...new Set(spec.services)].sort();
  const bought = names.flatMap((name) => classes.get(name) ?? []);
  const digitalRegion = digitalRegionFor(spec, group);
  const isDigital = (each: Pick<ServiceClass, 'spec'>): boolean =>
    digitalRegion !== undefined && each.spec.placement === 'DigitalRegion';
  const digital = bought.filter(isDigital).map(({ metadata }) => metadata.name);
  const answer =
    digitalRegion === undefined || digital.length === 0
      ? undefined
      : checkRegion({ group, limits: [limitOf(spec)] }, digitalRegion);
  if (answer && !answer.ok) {
    const planned = bought.filter((each) => !isDigital(each)).map((each) => planAtHome(spec, group, secondaries, each));
    const message = `${digital.join(', ')} cannot be placed in the digital region of the group: ${answer.message}`;
    return { planned, problems: [{ reason: answer.reason, message }] };
  }
  const planned = bought.map(
    (each): PlannedService =>
      digitalRegion !== undefined && isDigital(each)
        ? { ...ALONE, serviceClass: each.metadata.name, primary: digitalRegion }
        : planAtHome(spec, group, secondaries, each),
  );
  return { planned, problems: [] };
}

const ALONE = { secondaries: [], mode: 'None', balancing: 'Regions' } as const;

function planAtHome(
  { primaryRegion: primary, tier }: TenantSpec,
  { spec }: Group,
  secondaries: readonly string[],
  serviceClass: Pick<ServiceClass, 'metadata' | 'spec'>,
): PlannedService {
  const { name } = serviceClass.metadata;
  const answer = secondariesFor(tier, serviceClass, secondaries);
  if (!answer.ok || answer.regions.length === 0) return { ...ALONE, serviceClass: name, primary };
  const { mode } = serviceClass.spec.crossRegion;
  const regions = [primary, ...answer.regions];
  const units = spec.infrastructureUnits.filter(({ region }) => regions.includes(region));
  const geographies = units.map(({ geography }) => geography);
  const balancing = serviceBalancing(tier, mode, geographies);
  return { serviceClass: name, primary, secondaries: answer.regions, mode, balancing };
}

/** A centre that a tenant names and may not have: it is served all the same, but not through that one. */
function refuseCentre(spec: TenantSpec, group: Group): Refusal[] {
  if (spec.transitCentre === undefined) return [];
  const answer = checkTransitCentre({ group, limits: [limitOf(spec)] }, spec.transitCentre);
  return answer.ok ? [] : [answer];
}

const asDeclared = (message: string) => ({ status: 'True', reason: 'AsDeclared', message }) as const;

function verdict(problems: readonly Problem[], message: string): Omit<ConditionState, 'type'> {
  const [first] = problems;
  if (!first) return asDeclared(message);
  return { status: 'False', reason: first.reason, message: problems.map((p) => p.message).join('; ') };
}

function residencyState(problems: readonly Problem[]): ConditionState {
  const violated = problems.filter(({ reason }) => reason === 'ResidencyViolated');
  return { type: 'ResidencySatisfied', ...verdict(violated, 'every planned region lies where the tenant allows') };
}

function deprecation(spec: TenantSpec): ConditionState[] {
  if (spec.tier !== 'AdvancedIvr') return [];
  const message = 'tier AdvancedIvr is deprecated: choose AdvancedAgents';
  return [{ type: 'Deprecated', status: 'True', reason: 'TierDeprecated', message }];
}

const NOT_ASKED = { status: 'Unknown', reason: 'TierRefused', message: 'the tier is refused' } as const;

const tierRefused = ({ iuGroupRef, tier }: TenantSpec): Problem => ({
  reason: 'TierRefused',
  message: `IU group ${iuGroupRef.name} takes no new tenants of tier ${tier} (spec.tiers.refused): choose another tier`,
});

/** `Ready` and `Placed` say the same here; `Stalled` is there only while it is true (kstatus). */
function stateAll(problems: readonly Problem[], message: string, others: readonly ConditionState[]): ConditionState[] {
  const whole = verdict(problems, message);
  const stalled: ConditionState[] = whole.status === 'True' ? [] : [{ ...whole, type: 'Stalled', status: 'True' }];
  return [{ type: 'Ready', ...whole }, ...stalled, { type: 'Placed', ...whole }, ...others];
}

function nowhere(spec: TenantSpec, problem: Problem, residency: ConditionState): TenantPlan {
  const conditions = stateAll([problem], '', [residency, ...deprecation(spec)]);
  const { iuGroupRef, primaryRegion } = spec;
  return {
    group: iuGroupRef.name,
    primary: primaryRegion,
    services: [],
    countries: undefined,
    regions: [],
    balancing: tenantBalancing(spec.tier, 1),
    conditions,
  };
}

/**
 * Which service of a tenant has a place in which regions, and what to say where it has not. What is missing or refused
 * takes nothing else away: a tenant whose secondary region is refused is served in its primary one.
 *
 * @param isRefused whether the group refuses its tier to this tenant, see `isTierRefused`
 */
export function planTenant(spec: TenantSpec, catalogue: Catalogue, isRefused = false): TenantPlan {
  const group = catalogue.groups.get(spec.iuGroupRef.name);
  if (!group) {
    const message = `IU group ${quoted([spec.iuGroupRef.name])} does not exist: create it (the reference cannot be changed)`;
    const problem = { reason: 'IUGroupNotFound', message } as const;
    return nowhere(spec, problem, { type: 'ResidencySatisfied', status: 'Unknown', ...problem });
  }
  if (isRefused) return nowhere(spec, tierRefused(spec), { ...residencyState([]), ...NOT_ASKED });
  const { primary, secondaries, refusals } = computeTenantRegions(spec, group);
  const [refusal] = refusals;
  if (primary === undefined && refusal) return nowhere(spec, refusal, residencyState(refusals));
  const { planned: services, problems: misplaced } = planServices(spec, group, secondaries, catalogue);
  const used = new Set(services.flatMap((service) => [service.primary, ...service.secondaries]));
  const regions = [...new Set([spec.primaryRegion, ...secondaries.filter((region) => used.has(region)), ...used])];
  const denied = [...refusals, ...misplaced, ...refuseCentre(spec, group)];
  const problems = [...denied, ...missingClasses(spec.services, catalogue)];
  return {
    group: spec.iuGroupRef.name,
    primary: spec.primaryRegion,
    services,
    countries: countriesOf(spec.residency, group),
    regions,
    balancing: tenantBalancing(spec.tier, 1 + secondaries.length),
    conditions: stateAll(problems, `placed in ${regions.join(', ')}`, [residencyState(denied), ...deprecation(spec)]),
  };
}
