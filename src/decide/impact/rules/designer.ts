import { effectIf } from '../effect.ts';
import { missing, starting } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { sessionsOnly, shortBreak } from './sessions.ts';

/** Applications that were published run on with routing; without the designer none is changed. */
export const designer: Rule = {
  region(world) {
    const outcome = world.outcomeOf('Designer');
    const { fromWarm } = outcome;
    // Its warm copy takes changes of base data only: what is designed there has to be taken home by hand.
    const isMinimal = fromWarm.services.length > 0;
    const starts = starting(outcome, fromWarm.services);
    return {
      operations: [...missing(outcome, 'NoChanges'), ...effectIf(isMinimal, 'MinimalChanges', fromWarm), ...starts],
    };
  },
  transit: sessionsOnly,
  planned: (world) => ({ operations: shortBreak('Designer', world) }),
};
