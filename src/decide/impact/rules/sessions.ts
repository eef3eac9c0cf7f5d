import type { Effect } from '../../../api/impact.ts';
import { effect } from '../effect.ts';
import type { Answer, SwitchWorld, TransitWorld } from '../worlds.ts';

/**
 * Sessions of people in a user interface come in over the private network of the tenant, and end with the way that they
 * came by. They know nothing of voice.
 */
export function sessionsLost({ mpls, sessionsBy }: TransitWorld): Effect[] {
  if (!mpls) return [];
  return [sessionsBy ? effect('LoggedOutThenIn', { ...sessionsBy }) : effect('CutOff')];
}

/** Functionality that is only used through sessions. */
export const sessionsOnly = (world: TransitWorld): Answer => ({ operations: sessionsLost(world) });

/** A planned switch stops what is active in one region at a time, and starts it in the next one at once. */
export function shortBreak(functionality: Parameters<SwitchWorld['outcomeOf']>[0], world: SwitchWorld): Effect[] {
  const { startsCold, startsWarm } = world.outcomeOf(functionality);
  const services = [...startsCold.services, ...startsWarm.services].sort();
  const regions = [...new Set([...startsCold.regions, ...startsWarm.regions])].sort();
  return services.length > 0 ? [effect('ShortBreak', { services, regions })] : [];
}
