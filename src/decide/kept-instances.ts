import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { ServiceInstance, ServiceInstanceSpec } from '../api/service-instance.ts';
import { freeName } from './name.ts';

/**
 * What an instance is called follows from its class and its regions, or its tenant. But callers know it by its name, and
 * what runs has that name too: so a cohort goes on in the instance that it has, under the name that this has, when its
 * class gets another `crossRegion.mode` (and with it places in other regions), and when another cohort comes or goes
 * whose readable name is the same.
 */

/** Longest name of an instance: what is made from it has up to 63 characters. */
const MAX_NAME = 40;

/** Tenants that share an instance, or a tenant that has one of its own, as far as it matters here. */
export interface Claim {
  readonly namespace: string;
  /** What a new name is made of. */
  readonly parts: readonly string[];
  readonly group: string;
  readonly serviceClass: string;
  /** Label value of the tenant that has it for itself; undefined when it is shared. */
  readonly tenant: string | undefined;
  readonly primary: string;
  readonly secondaries: readonly string[];
  /** Those of the same regions that share their traffic in another way are others. */
  readonly balancing: ServiceInstanceSpec['balancing'];
  /** The mode that the class wants. */
  readonly mode: CrossRegionMode;
  readonly agents: number;
}

/** What there is already. */
export type KnownInstance = Pick<ServiceInstance, 'metadata' | 'spec' | 'status'>;

/** A shared instance that goes is not taken up again by others; a tenant alone has only that one. */
const isOurs = ({ metadata, spec }: KnownInstance): boolean =>
  metadata.labels?.[LABELS.managedBy] === MANAGED_BY && (spec.isolation === 'Dedicated' || !metadata.deletionTimestamp);

/** Instances of one scope may follow each other; one of another scope is always another one. */
type Scope = Pick<Claim, 'namespace' | 'group' | 'serviceClass' | 'tenant' | 'primary'>;

const scopeOf = ({ group, namespace, primary, serviceClass, tenant }: Scope): string =>
  JSON.stringify([namespace, group, serviceClass, ...(tenant === undefined ? [primary] : ['alone', tenant])]);

const scopeOfKnown = ({ metadata, spec }: KnownInstance): string =>
  scopeOf({
    namespace: metadata.namespace ?? '',
    group: spec.iuGroupRef.name,
    serviceClass: spec.serviceClassRef.name,
    tenant: spec.isolation === 'Dedicated' ? (metadata.labels?.[LABELS.tenant] ?? '') : undefined,
    primary: spec.primaryRegion,
  });

const regionsKey = (secondaries: readonly string[]): string => secondaries.toSorted().join();

/** An instance from before its class changed its mode: then it had no secondary regions, or has some that no class gives. */
const isFromBefore = ({ spec, status }: KnownInstance, { mode }: Claim): boolean =>
  mode === 'None'
    ? spec.secondaryRegions.length > 0
    : spec.secondaryRegions.length === 0 && status?.assignment?.mode === 'None';

const largestFirst = (x: { agents: number; name: string }, y: { agents: number; name: string }): number =>
  y.agents - x.agents || (x.name < y.name ? -1 : 1);

/** Of those that have no cohort of exactly their regions, the largest goes on with the largest. */
function matchRest(
  claims: readonly (readonly [string, Claim])[],
  known: readonly KnownInstance[],
  kept: Map<string, KnownInstance>,
): void {
  const rest = known
    .map((instance) => ({ instance, agents: instance.spec.agents, name: instance.metadata.name }))
    .sort(largestFirst);
  const open = claims.map(([name, claim]) => ({ name, claim, agents: claim.agents })).sort(largestFirst);
  for (const { claim, name } of open) {
    const index = rest.findIndex(({ instance }) => claim.tenant !== undefined || isFromBefore(instance, claim));
    const [found] = index < 0 ? [] : rest.splice(index, 1);
    if (found) kept.set(name, found.instance);
  }
}

/** By key of the claim: the instance that it goes on in. A claim that is new has none. */
function keepInstances(
  claims: ReadonlyMap<string, Claim>,
  existing: readonly KnownInstance[],
): ReadonlyMap<string, KnownInstance> {
  const byScope = Map.groupBy(existing.filter(isOurs), scopeOfKnown);
  const kept = new Map<string, KnownInstance>();
  const scopes = Map.groupBy(claims, ([, claim]) => scopeOf(claim));
  for (const [scope, wanted] of scopes) {
    const left = new Set(byScope.get(scope) ?? []);
    if (left.size === 0) continue;
    const open = wanted.filter(([key, claim]) => {
      const same = [...left].find(
        ({ spec }) =>
          regionsKey(spec.secondaryRegions) === regionsKey(claim.secondaries) && spec.balancing === claim.balancing,
      );
      if (!same) return true;
      left.delete(same);
      kept.set(key, same);
      return false;
    });
    matchRest(open, [...left], kept);
  }
  return kept;
}

/**
 * The secondary regions that an instance keeps although its class wants none any more: those that serve, or stand by, until
 * the change of the mode is decided.
 */
function secondariesUntilChanged(kept: KnownInstance | undefined, claim: Claim): readonly string[] {
  const mode = kept?.status?.assignment?.mode ?? 'None';
  if (!kept || claim.mode !== 'None' || mode === 'None') return claim.secondaries;
  return kept.spec.secondaryRegions.filter((region) => region !== claim.primary);
}

/**
 * What the instance of each claim is called, and its secondary regions. New names are given out in the order of the
 * claims: of two whose readable names are the same (class `voice` in region `mail-us`, class `voice-mail` in region
 * `us`) both have one, and one of them carries a hash. No name is that of an instance of another scope, not even of one
 * that is on its way out: what it runs would change under its callers.
 */
export function nameInstances(
  claims: ReadonlyMap<string, Claim>,
  existing: readonly KnownInstance[],
): ReadonlyMap<string, { readonly name: string; readonly secondaries: readonly string[] }> {
  const kept = keepInstances(claims, existing);
  const idOf = ({ metadata }: KnownInstance): string => `${metadata.namespace}/${metadata.name}`;
  const scopes = new Map(existing.map((instance) => [idOf(instance), scopeOfKnown(instance)]));
  const taken = new Set([...kept.values()].map(idOf));
  const named = [...claims].map(([key, claim]) => {
    const known = kept.get(key);
    const scope = scopeOf(claim);
    const isTaken = (name: string): boolean => {
      const id = `${claim.namespace}/${name}`;
      return taken.has(id) || (scopes.get(id) ?? scope) !== scope;
    };
    const name = known?.metadata.name ?? freeName(claim.parts, { identity: key, max: MAX_NAME, isTaken });
    taken.add(`${claim.namespace}/${name}`);
    return [key, { name, secondaries: secondariesUntilChanged(known, claim) }] as const;
  });
  return new Map(named);
}
