import { effect, effectIf } from '../effect.ts';
import { missing, starting } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { seatedIn, shapedAs } from './seats.ts';
import { sessionsOnly, shortBreak } from './sessions.ts';

/** Configuration is written in one place only. */
export const provisioning: Rule = {
  // The back-end of a pair holds its sessions in itself, so they end with its slot; those of a pool are held by the pool.
  zone(world) {
    const seated = seatedIn(world, 'Provisioning', shapedAs('OneOfTwo'));
    if (seated.services.length === 0) return {};
    return { operations: [effect('SessionsEnd', seated)], representative: [effect('AdministratorsLoggedOut', seated)] };
  },
  region(world) {
    const outcome = world.outcomeOf('Provisioning');
    const { fromReadOnly } = outcome;
    // A copy that stands by read-only is read at once, and takes writes when it was promoted.
    const isRead = fromReadOnly.services.length > 0;
    const starts = starting(outcome, fromReadOnly.services);
    return {
      operations: [...missing(outcome, 'NoChanges'), ...effectIf(isRead, 'ReadOnly', fromReadOnly), ...starts],
    };
  },
  transit: sessionsOnly,
  planned: (world) => ({ operations: shortBreak('Provisioning', world) }),
};
