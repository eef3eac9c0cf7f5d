import { effectIf } from '../effect.ts';
import { usual } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { seatedIn, shapedAs } from './seats.ts';
import { sessionsOnly, shortBreak } from './sessions.ts';

/** Real-time tools show what the data feed brings them. */
export const reporting: Rule = {
  // Reports are made from what the uploader of the data feed sends: they are late with it.
  zone(world) {
    const seated = seatedIn(world, 'HistoricalDataFeed', shapedAs('One'));
    return { operations: effectIf(seated.services.length > 0, 'DataDelayed', seated) };
  },
  region(world) {
    const outcome = world.outcomeOf('Reporting');
    // Capture has a place elsewhere: it goes on there, and is merged when the mart is back.
    const capture = world.outcomeOf('HistoricalDataFeed').goesElsewhere;
    const isFelt = outcome.out.services.length > 0 && world.lost !== undefined;
    return {
      operations: [
        ...usual(outcome, 'NoRealTime'),
        ...effectIf(isFelt && capture.services.length > 0, 'MergedLater', capture),
      ],
    };
  },
  transit: sessionsOnly,
  planned: (world) => ({ operations: shortBreak('Reporting', world) }),
};
