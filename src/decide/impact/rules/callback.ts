import { effectIf } from '../effect.ts';
import { approvable, starting } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { shortBreak } from './sessions.ts';

/** Requests are kept where they were made, and carried out by the service itself: without it they wait. */
export const callback: Rule = {
  region(world) {
    const outcome = world.outcomeOf('Callback');
    const { awaits, out } = outcome;
    const { services } = out;
    return {
      operations: [
        ...effectIf(services.length > 0, 'NotExecuted', { services }),
        ...approvable(awaits),
        ...starting(outcome),
      ],
      customer: effectIf(services.length > 0, 'CallbacksDelayed', { services }),
    };
  },
  // A callback from the web is a call that the platform begins, and those leave through the primary transit centre. One
  // that waits for the way out keeps its place, so nothing is felt by who asked for it.
  transit({ hasOtherWay, isPrimary, servicesOf, voice }) {
    const services = servicesOf('Callback')
      .filter((service) => service.outside.includes('DialsOut') && !hasOtherWay(service))
      .map(({ serviceClass }) => serviceClass);
    return { operations: effectIf(voice && isPrimary && services.length > 0, 'CallbacksWait', { services }) };
  },
  planned: (world) => ({ operations: shortBreak('Callback', world) }),
};
