import type { Effect } from '../../../api/impact.ts';
import { effect, effectIf } from '../effect.ts';
import { type Outcome, usual } from '../outcome.ts';
import type { RegionWorld } from '../worlds.ts';

/**
 * What is kept where it was made. A service that moves without its data begins anew elsewhere: what it stored is away
 * until its region is back, what is stored elsewhere is not. The moment in which it starts is part of that.
 */
export function storedElsewhere({ lost }: RegionWorld, outcome: Outcome): Effect[] {
  const { regions, services } = outcome.behind;
  if (services.length === 0 || lost === undefined) return usual(outcome);
  return [
    effect('StoredUnavailable', { services, regions: [lost] }),
    ...effectIf(regions.length > 0, 'StoredElsewhere', { regions }),
    ...usual(outcome, undefined, services),
  ];
}
