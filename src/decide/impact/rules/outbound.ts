import { effect, effectIf } from '../effect.ts';
import { usual } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { sessionsLost, shortBreak } from './sessions.ts';

/** The platform calls, by lists that one region works off; its calls are held there as every other. */
export const outbound: Rule = {
  region(world) {
    const outcome = world.outcomeOf('Outbound');
    const { services } = outcome.out;
    const { lost } = world;
    return {
      operations: usual(outcome, 'NoCampaigns'),
      representative: [...world.representative, ...effectIf(services.length > 0, 'NoWork', { services })],
      customer: outcome.isTouched && lost !== undefined ? [effect('ActiveCallsDropped', { regions: [lost] })] : [],
    };
  },
  // Its calls leave through the primary transit centre of the tenant, unless another region dials too.
  transit(world) {
    const { centre, hasOtherWay, isPrimary, mpls, servicesOf, voice } = world;
    const services = servicesOf('Outbound')
      .filter((service) => service.outside.includes('DialsOut') && !hasOtherWay(service))
      .map(({ serviceClass }) => serviceClass);
    const isLost = voice || mpls;
    return {
      operations: [
        ...sessionsLost(world),
        ...effectIf(isLost, 'ActiveCallsLost', { centre }),
        ...effectIf(voice && isPrimary && services.length > 0, 'NoNewCallsOut', { services }),
      ],
      customer: effectIf(isLost, 'ActiveCallsDropped', { centre }),
    };
  },
  planned: (world) => ({ operations: shortBreak('Outbound', world) }),
};
