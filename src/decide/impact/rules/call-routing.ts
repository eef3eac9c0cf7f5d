import type { Effect } from '../../../api/impact.ts';
import { effect, effectIf } from '../effect.ts';
import { starting } from '../outcome.ts';
import type { Answer, RegionWorld, Rule } from '../worlds.ts';
import { shortBreak } from './sessions.ts';

/** Services fail by themselves: what of the chain carrier, IVR, routing is missing breaks it at that link. */
function brokenChain(world: RegionWorld): { readonly operations: Effect[]; readonly customer: Effect[] } {
  const { goesElsewhere, isWhole, out } = world.outcomeOf('CallRouting');
  const login = world.outcomeOf('AgentLogin');
  if (isWhole) {
    const { services } = out;
    return { operations: [effect('NewCallsNotTaken', { services })], customer: [effect('CannotCall')] };
  }
  const services = [...out.services, ...(login.isWhole ? login.out.services : [])];
  if (services.length === 0) return { operations: [], customer: [] };
  const regions = goesElsewhere.regions.length > 0 ? { regions: goesElsewhere.regions } : {};
  return {
    operations: [effect('NewCallsNotRouted', { services, ...regions })],
    customer: [effect('IvrOnly', regions)],
  };
}

/**
 * Callers come in by the carrier, hear the IVR and are routed to a representative. Each link of that chain that has an
 * Active place elsewhere takes new calls there; one that has none ends the chain. Active calls are held where they came in.
 */
export const callRouting: Rule = {
  region(world): Answer {
    const outcome = world.outcomeOf('CallRouting');
    const { goesOn, isTouched } = outcome;
    const { lost } = world;
    const broken = brokenChain(world);
    if (!isTouched || lost === undefined) return isTouched ? broken : {};
    const { regions } = goesOn;
    const isLed = broken.operations.length === 0 && regions.length > 0;
    return {
      operations: [
        effect('ActiveCallsLost', { regions: [lost] }),
        ...broken.operations,
        ...starting(outcome),
        ...effectIf(isLed, 'NewCallsQueue', { regions }),
        ...effectIf(regions.length > 0, 'CallsElsewhereUntouched', { regions }),
      ],
      customer: [effect('ActiveCallsDropped', { regions: [lost] }), ...broken.customer],
    };
  },
  // A number enters at a transit centre; carriers lead it to the other one of the pair, and the regions stay as they are.
  transit({ callsAt, centre, mpls, voice }) {
    const isLost = voice || mpls;
    return {
      operations: [
        ...effectIf(isLost, 'ActiveCallsLost', { centre }),
        ...effectIf(voice && callsAt !== undefined, 'NewCallsQueue', { centre: callsAt }),
        ...effectIf(voice && callsAt === undefined, 'NewCallsNotTaken'),
      ],
      customer: [
        ...effectIf(isLost, 'ActiveCallsDropped', { centre }),
        ...effectIf(voice && callsAt === undefined, 'CannotCall'),
      ],
    };
  },
  // A planned switch leads new calls away first, and waits for those that are active.
  planned(world) {
    const { goesOn } = world.outcomeOf('CallRouting');
    const { regions } = goesOn;
    const operations = effectIf(goesOn.services.length > 0, 'CallsFinishFirst', { regions });
    return { operations: [...operations, ...shortBreak('CallRouting', world)] };
  },
};
