import type { Effect, GroupImpactRow } from '../../api/impact.ts';
import type { Audience as Tenants } from '../cohort.ts';
import type { Outcome } from '../region-loss.ts';
import { AUDIENCES, type Audience, type Failure, type ServiceFacts, type ServiceFate } from './facts.ts';
import { computeImpact } from './impact.ts';
import { compareCells } from './order.ts';
import { isFelt, saidIn } from './rows.ts';

/** Tenants that have the same services, so feel the same of a region. */
interface Alike {
  readonly home: string;
  readonly tenants: number;
  readonly services: readonly ServiceFacts[];
}

/** How tenants come in says nothing about what the loss of a region does to them. */
const NO_TRANSIT = { connectivity: 'Both', centres: [], acrossPairs: false } as const;

/** Tenants with instances of their own are many, and most of them feel the same: those are looked at once. */
function mergeAlike(all: readonly Alike[]): readonly Alike[] {
  const merged = new Map<string, Alike>();
  for (const each of all) {
    const services = each.services.map(({ fate, held, mode, serviceClass, servesIn, standsByIn }) => [
      serviceClass,
      mode,
      servesIn,
      standsByIn,
      held,
      fate,
    ]);
    const key = JSON.stringify([each.home, services]);
    merged.set(key, { ...each, tenants: each.tenants + (merged.get(key)?.tenants ?? 0) });
  }
  return [...merged.values()];
}

/** Of cells that are as bad as each other always the same one is told, in whatever order the tenants come. */
function isWorse(cell: readonly Effect[], known: readonly Effect[]): boolean {
  const difference = compareCells(cell, known);
  return difference > 0 || (difference === 0 && JSON.stringify(cell) > JSON.stringify(known));
}

/** What a failure of a region, or a switch, means to many tenants: by functionality and audience the worst that any feels. */
export function computeGroupImpact(all: readonly Alike[], failure: Failure): GroupImpactRow[] {
  const rows = new Map<string, GroupImpactRow>();
  for (const { home, services, tenants } of mergeAlike(all)) {
    for (const row of computeImpact({ home, services, transit: NO_TRANSIT }, failure).rows) {
      if (!isFelt(row)) continue;
      const before = rows.get(row.functionality);
      const worse = (audience: Audience): readonly Effect[] => {
        const known = before?.[audience] ?? [];
        return isWorse(row[audience], known) ? row[audience] : known;
      };
      const [operations = [], representative = [], customer = []] = AUDIENCES.map(worse);
      const said = saidIn({ operations, representative, customer });
      const { functionality } = row;
      rows.set(functionality, { functionality, tenants: (before?.tenants ?? 0) + tenants, ...said });
    }
  }
  return [...rows.values()].sort((x, y) => (x.functionality < y.functionality ? -1 : 1));
}

/** What was decided of a service is what its users feel. */
function fateOf({ fate, service }: Outcome, { standsByIn }: ServiceFacts, lost: string): ServiceFate | undefined {
  if (fate === undefined) return undefined;
  if (fate.kind === 'Moves') return { kind: 'Moves', regions: [fate.to] };
  if (fate.kind === 'GoesOn') {
    return { kind: 'GoesOn', regions: service.servedIn.filter((region) => region !== lost) };
  }
  const isApprovable = fate.reason === 'ApprovalRequired' && standsByIn.length > 0;
  return isApprovable ? { kind: 'Awaits', regions: standsByIn } : { kind: 'Stops' };
}

/** What tenants would feel of the loss of a region, by what would be decided of their services. */
export function impactAfter(
  lost: string,
  outcomes: readonly Outcome[],
  audiences: readonly Tenants[],
  facts: ReadonlyMap<string, ServiceFacts>,
): GroupImpactRow[] {
  const decided = new Map(
    outcomes.flatMap((outcome): [string, ServiceFacts][] => {
      const known = facts.get(outcome.service.key);
      const fate = known && fateOf(outcome, known, lost);
      return known ? [[outcome.service.key, fate ? { ...known, fate } : known]] : [];
    }),
  );
  const homes = new Map(outcomes.map(({ service }) => [service.key, service.view.primary]));
  const alike = audiences.map(({ instances, tenants }): Alike => {
    const services = instances.flatMap((key) => decided.get(key) ?? []);
    return { home: homes.get(instances[0] ?? '') ?? lost, tenants, services };
  });
  return computeGroupImpact(alike, { kind: 'Region', region: lost });
}
