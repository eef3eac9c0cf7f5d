import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { ServiceInstance, ServiceInstanceSpec } from '../api/service-instance.ts';

/**
 * A class that gets another `crossRegion.mode` has places in other regions than before, and what an instance is called
 * follows from its regions. But callers know it by its name, and what runs has that name too: so a cohort goes on in the
 * instance that it had, under the name that this has.
 */

/** Tenants that share an instance, as far as it matters here. */
export interface Claim {
  readonly namespace: string;
  readonly group: string;
  readonly serviceClass: string;
  readonly primary: string;
  readonly secondaries: readonly string[];
  /** Those of the same regions that share their traffic in another way are others. */
  readonly balancing: ServiceInstanceSpec['balancing'];
  /** The mode that the class wants. */
  readonly mode: CrossRegionMode;
  readonly agents: number;
}

/** What there is: instances of the operator, shared, and not to go. */
export type KnownInstance = Pick<ServiceInstance, 'metadata' | 'spec' | 'status'>;

const isOurs = ({ metadata, spec }: KnownInstance): boolean =>
  metadata.labels?.[LABELS.managedBy] === MANAGED_BY && !metadata.deletionTimestamp && spec.isolation === 'Shared';

const scopeOf = (namespace: string, group: string, serviceClass: string, primary: string): string =>
  JSON.stringify([namespace, group, serviceClass, primary]);

const scopeOfKnown = ({ metadata, spec }: KnownInstance): string =>
  scopeOf(metadata.namespace ?? '', spec.iuGroupRef.name, spec.serviceClassRef.name, spec.primaryRegion);

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
    const index = rest.findIndex(({ instance }) => isFromBefore(instance, claim));
    const [found] = index < 0 ? [] : rest.splice(index, 1);
    if (found) kept.set(name, found.instance);
  }
}

/** By key of the claim: the instance that it goes on in. A claim that is new has none. */
export function keepInstances(
  claims: ReadonlyMap<string, Claim>,
  existing: readonly KnownInstance[],
): ReadonlyMap<string, KnownInstance> {
  const byScope = Map.groupBy(existing.filter(isOurs), scopeOfKnown);
  const kept = new Map<string, KnownInstance>();
  const scopes = Map.groupBy(claims, ([, { group, namespace, primary, serviceClass }]) =>
    scopeOf(namespace, group, serviceClass, primary),
  );
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
export const secondariesUntilChanged = (kept: KnownInstance | undefined, claim: Claim): readonly string[] => {
  const mode = kept?.status?.assignment?.mode ?? 'None';
  return kept && claim.mode === 'None' && mode !== 'None' ? kept.spec.secondaryRegions : claim.secondaries;
};
