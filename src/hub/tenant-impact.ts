import { isTrue } from '../api/conditions.ts';
import type { FailureStatus, TenantImpactEntry } from '../api/impact.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Tenant } from '../api/tenant.ts';
import type { TenantOutcome } from '../decide/cohort.ts';
import type { ComponentFacts, ServiceFacts, TenantFacts } from '../decide/impact/facts.ts';
import { transitFacts } from '../decide/impact/facts-of.ts';
import { computeFelt, type Felt, judgeFelt, type PresentFailure, type PresentState } from '../decide/impact/present.ts';
import type { StatusReport } from '../report/status.ts';
import type { HubContext } from './context.ts';
import { lostPaths } from './present-state.ts';
import { listOf } from './region-link.ts';
import { factsOf } from './service-facts.ts';

/** Values that are kept; when there are more the oldest go. As many as there are plans of tenants, several times over. */
const KEPT = 1000;
const NOTHING: readonly Felt[] = [];

/**
 * What tenants feel now. Tenants with the same services and the same ways in feel the same, so it is worked out once for all
 * of them, and again when something of it changes.
 */
export class TenantImpacts {
  readonly #context: HubContext;
  readonly #known = new Map<string, readonly Felt[]>();
  /** A name for each set of services: all tenants of one plan have the same object. */
  readonly #names = new WeakMap<TenantOutcome, number>();
  #last = 0;

  constructor(context: HubContext) {
    this.#context = context;
  }

  /** Undefined while nobody has looked what has failed: then what was said last stands. */
  feltBy(tenant: Tenant, outcome: TenantOutcome): readonly Felt[] | undefined {
    const state = this.#context.failures.get(tenant.spec.iuGroupRef.name);
    if (!state) return undefined;
    const wasServed = isTrue(tenant.status?.conditions, 'Available') || tenant.status?.impact !== undefined;
    const services = outcome.services.map(({ instance }) => this.#stateOf(instance, wasServed));
    const hasFailed = state.regions.length + state.zones.length + state.centres.length > 0;
    if (!hasFailed && services.every(({ ready }) => ready)) return NOTHING;
    const { connectivity, transitCentre } = tenant.spec;
    const seats = state.zones.length > 0 ? outcome.services.map(({ instance }) => this.#seatsOf(instance)) : [];
    const key = JSON.stringify([this.#nameOf(outcome), connectivity, transitCentre, state, services, seats]);
    const known = this.#known.get(key);
    if (known) return known;
    const felt = computeFelt(this.#factsOf(tenant, outcome, state, wasServed), state);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= KEPT && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, felt);
    return felt;
  }

  #nameOf(outcome: TenantOutcome): number {
    const known = this.#names.get(outcome);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#names.set(outcome, this.#last);
    return this.#last;
  }

  /** @param wasServed what was never ready is on its way, and has not failed */
  #stateOf(key: string, wasServed: boolean) {
    const { assignments, holds, instances } = this.#context;
    const ready = !wasServed || isTrue(instances.store.get(key)?.status?.conditions, 'Available');
    return { active: assignments.get(key)?.activeRegion, held: holds.get(key)?.wanted === 'FailedOver', ready };
  }

  #seatsOf(key: string): readonly (ComponentFacts['zones'] | null)[] {
    const active = this.#context.assignments.get(key)?.activeRegion ?? '';
    const order = this.#context.links.get(active)?.services.store.get(key);
    return order?.spec.components.map(({ name }) => seatOf(order, name) ?? null) ?? [];
  }

  #factsOf(tenant: Tenant, outcome: TenantOutcome, state: PresentState, wasServed: boolean): TenantFacts {
    const { groups, instances } = this.#context;
    const group = groups.store.get(tenant.spec.iuGroupRef.name);
    const services = outcome.services.flatMap(({ instance: key }): ServiceFacts[] => {
      const instance = instances.store.get(key);
      const facts = instance && factsOf(this.#context, instance);
      if (!facts) return [];
      const seats = state.zones.length > 0 ? this.#seatsOf(key) : [];
      const components = facts.components.map((component, i) => {
        const zones = seats[i];
        return zones ? { ...component, zones } : component;
      });
      return [{ ...facts, components, ready: this.#stateOf(key, wasServed).ready }];
    });
    const transit = group
      ? transitFacts(group, tenant.spec, outcome.regions, lostPaths(state))
      : { connectivity: tenant.spec.connectivity, centres: [], acrossPairs: false };
    return { home: tenant.spec.primaryRegion, services, transit };
  }
}

/**
 * What is said of it. A failure that is still felt keeps the time at which it was first said.
 *
 * @param felt undefined while nothing is known: what was said last stands
 */
export function impactReport(
  { status }: Pick<Tenant, 'status'>,
  felt: readonly Felt[] | undefined,
  now: string,
): StatusReport {
  const before = status?.impact ?? [];
  if (!felt) return { conditions: status?.conditions?.filter(({ type }) => type === 'ImpactFree') ?? [], fields: {} };
  const impact = felt.map(({ failure, rows }): TenantImpactEntry => {
    const known = before.find((entry) => identityOf(entry.failure) === identityOf(failure));
    return { failure: statusOf(failure), since: known?.since ?? now, rows: [...rows] };
  });
  return { conditions: [judgeFelt(felt)], fields: { impact: impact.length > 0 ? impact : null } };
}

function statusOf(failure: PresentFailure): FailureStatus {
  if (failure.kind === 'TransitCentre') return { ...failure, paths: [...failure.paths] };
  return failure.kind === 'Services' ? { ...failure, services: [...failure.services] } : failure;
}

/** The failure, whatever of it changes: a centre that was lost for voice may be lost for MPLS too. */
const identityOf = ({ kind, ...where }: FailureStatus | PresentFailure): string => {
  const { centre = '', region = '', zone = '' } = where as FailureStatus;
  return [kind, region, zone, centre].join('/');
};

/**
 * Zones where what serves of a component sits. A single instance that runs nowhere sat in a zone that is lost, and is being
 * started again: its seats are not known then.
 */
function seatOf({ spec, status }: RegionalService, name: string): readonly string[] | undefined {
  const order = spec.components.find((component) => component.name === name);
  const seen = listOf(status?.components).find((component) => component.name === name);
  if (!order || !seen) return undefined;
  // A region is not trusted to send what its schema says.
  const selected = Array.isArray(seen.selected) ? seen.selected : [];
  const { pairs } = order;
  if (pairs && selected.length > 0) return selected.flatMap((slot, i) => pairs[i]?.[slot] ?? []);
  const zones = listOf(seen.zones).filter(({ ready }) => ready > 0);
  return zones.length > 0 ? zones.map(({ zone }) => zone) : undefined;
}
