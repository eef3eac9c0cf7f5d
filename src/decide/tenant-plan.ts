import type { ConditionState, Reason } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { TenantSpec } from '../api/tenant.ts';
import { computeTenantRegions, type RegionRefusal, secondariesFor } from './regions.ts';

/** What tenants refer to, by name. */
export interface Catalogue {
  readonly groups: ReadonlyMap<string, Pick<IUGroup, 'metadata' | 'spec'>>;
  /** In the order of their names. */
  readonly classes: ReadonlyMap<string, Pick<ServiceClass, 'metadata' | 'spec'>>;
}

/** One service of a tenant: its cohort is told by class, primary region and secondary regions. */
export interface PlannedService {
  readonly serviceClass: string;
  /** Sorted. */
  readonly secondaries: readonly string[];
  /** How the tenant has it: `None` where the tenant has no place for it in a second region, whatever the class can do. */
  readonly mode: CrossRegionMode;
}

/** All that follows from the spec of a tenant but for its size and isolation; the same for all tenants of a signature. */
export interface TenantPlan {
  readonly group: string;
  readonly primary: string;
  readonly services: readonly PlannedService[];
  readonly countries: readonly string[] | undefined;
  readonly regions: readonly string[];
  readonly conditions: readonly ConditionState[];
}

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** Tenants with the same signature have the same plan, so that 10,000 tenants cost a few dozen plans. */
export function signatureOf(spec: TenantSpec): string {
  const { iuGroupRef, primaryRegion, secondaryRegions, tier, services, residency } = spec;
  const lists = [secondaryRegions.toSorted(), services?.toSorted() ?? null, residency?.countries.toSorted() ?? null];
  return JSON.stringify([iuGroupRef.name, primaryRegion, tier, ...lists]);
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

function planServices(spec: TenantSpec, secondaries: readonly string[], { classes }: Catalogue): PlannedService[] {
  const names = spec.services === undefined ? [...classes.keys()] : [...new Set(spec.services)].sort();
  return names.flatMap((name) => {
    const serviceClass = classes.get(name);
    if (!serviceClass) return [];
    const answer = secondariesFor(spec.tier, serviceClass, secondaries);
    const regions = answer.ok ? answer.regions : [];
    const mode = regions.length > 0 ? serviceClass.spec.crossRegion.mode : 'None';
    return [{ serviceClass: name, secondaries: regions, mode }];
  });
}

const asDeclared = (message: string) => ({ status: 'True', reason: 'AsDeclared', message }) as const;

function verdict(problems: readonly Problem[], message: string): Omit<ConditionState, 'type'> {
  const [first] = problems;
  if (!first) return asDeclared(message);
  return { status: 'False', reason: first.reason, message: problems.map((p) => p.message).join('; ') };
}

function residencyState(refusals: readonly RegionRefusal[]): ConditionState {
  const violated = refusals.filter(({ reason }) => reason === 'ResidencyViolated');
  return { type: 'ResidencySatisfied', ...verdict(violated, 'every planned region lies where the tenant allows') };
}

function deprecation(spec: TenantSpec): ConditionState[] {
  if (spec.tier !== 'AdvancedIvr') return [];
  const message = 'tier AdvancedIvr is deprecated: choose AdvancedAgents';
  return [{ type: 'Deprecated', status: 'True', reason: 'TierDeprecated', message }];
}

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
    countries: spec.residency?.countries,
    regions: [],
    conditions,
  };
}

/**
 * Which service of a tenant has a place in which regions, and what to say where it has not. What is missing or refused
 * takes nothing else away: a tenant whose secondary region is refused is served in its primary one.
 */
export function planTenant(spec: TenantSpec, catalogue: Catalogue): TenantPlan {
  const group = catalogue.groups.get(spec.iuGroupRef.name);
  if (!group) {
    const message = `IU group ${quoted([spec.iuGroupRef.name])} does not exist: create it (the reference cannot be changed)`;
    const problem = { reason: 'IUGroupNotFound', message } as const;
    return nowhere(spec, problem, { type: 'ResidencySatisfied', status: 'Unknown', ...problem });
  }
  const { primary, secondaries, refusals } = computeTenantRegions(spec, group);
  const [refusal] = refusals;
  if (primary === undefined && refusal) return nowhere(spec, refusal, residencyState(refusals));
  const services = planServices(spec, secondaries, catalogue);
  const used = new Set(services.flatMap((service) => service.secondaries));
  const regions = [spec.primaryRegion, ...secondaries.filter((region) => used.has(region))];
  const problems = [...refusals, ...missingClasses(spec.services, catalogue)];
  return {
    group: spec.iuGroupRef.name,
    primary: spec.primaryRegion,
    services,
    countries: spec.residency?.countries.toSorted(),
    regions,
    conditions: stateAll(problems, `placed in ${regions.join(', ')}`, [residencyState(refusals), ...deprecation(spec)]),
  };
}
