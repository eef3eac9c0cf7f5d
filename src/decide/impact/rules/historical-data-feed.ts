import { effect, effectIf } from '../effect.ts';
import { approvable, starting } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { seatedIn, shapedAs } from './seats.ts';
import { shortBreak } from './sessions.ts';

/** Data is captured where calls are, and read from one data mart. What the mart has cannot be read without it. */
export const historicalDataFeed: Rule = {
  // A single uploader is started again in another zone: what it had not sent is sent then.
  zone(world) {
    const seated = seatedIn(world, 'HistoricalDataFeed', shapedAs('One'));
    return { operations: effectIf(seated.services.length > 0, 'DataDelayed', seated) };
  },
  region(world) {
    const outcome = world.outcomeOf('HistoricalDataFeed');
    const { behind, out } = outcome;
    // Capture that goes on elsewhere without its mart gives nobody access.
    const services = [...new Set([...out.services, ...behind.services])].sort();
    const isWhole = services.length === outcome.count;
    return {
      operations: [
        ...effectIf(services.length > 0, isWhole ? 'NoAccess' : 'WithoutServices', { services }),
        ...approvable(outcome.awaits),
        ...starting(outcome, services),
      ],
    };
  },
  // A feed is no person: its client opens the next connection by itself.
  transit({ mpls, sessionsBy }) {
    if (!mpls) return {};
    return { operations: [sessionsBy ? effect('FeedReconnects', { ...sessionsBy }) : effect('CutOff')] };
  },
  planned: (world) => ({ operations: shortBreak('HistoricalDataFeed', world) }),
};
