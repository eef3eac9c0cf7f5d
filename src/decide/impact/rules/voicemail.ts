import { effect, effectIf } from '../effect.ts';
import type { Rule } from '../worlds.ts';
import { shortBreak } from './sessions.ts';
import { storedElsewhere } from './stored.ts';

/** Messages stay in the region that took them. Who was cut off leaves the message again with the next call. */
export const voicemail: Rule = {
  region(world) {
    const outcome = world.outcomeOf('Voicemail');
    const { isTouched, isWhole, out } = outcome;
    const { services } = out;
    return {
      operations: storedElsewhere(world, outcome),
      customer: [
        ...effectIf(isWhole, 'NoMessages', { services }),
        ...effectIf(isTouched && !isWhole, 'RecoveredOnNextCall'),
      ],
    };
  },
  // Only the call through the centre breaks; the store is in the region.
  transit({ centre, servicesOf, voice }) {
    if (!voice) return {};
    const regions = servicesOf('Voicemail').flatMap((each) => [...each.servesIn, ...each.standsByIn]);
    return {
      operations: [
        effect('MessagesInProgressLost', { centre }),
        effect('StoredAvailable', { regions: [...new Set(regions)].sort() }),
      ],
      customer: [effect('RecoveredOnNextCall')],
    };
  },
  planned(world) {
    const operations = shortBreak('Voicemail', world);
    return { operations, customer: effectIf(operations.length > 0, 'RecoveredOnNextCall') };
  },
};
