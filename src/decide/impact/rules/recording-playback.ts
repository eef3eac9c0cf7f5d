import { effect, effectIf } from '../effect.ts';
import type { Rule } from '../worlds.ts';
import { shortBreak } from './sessions.ts';
import { storedElsewhere } from './stored.ts';

/** Recordings stay in the region that made them; each region has a user interface of its own for them. */
export const recordingPlayback: Rule = {
  region: (world) => {
    const outcome = world.outcomeOf('RecordingPlayback');
    return { operations: storedElsewhere(world, outcome) };
  },
  // The interface of a region is reached over the private network alone, by the way that is lost: its recordings come
  // again with that way. Voice has no part in it.
  transit({ home, mpls, servicesOf }) {
    const pinned = servicesOf('RecordingPlayback').filter(
      ({ data, mode, servesIn }) => data === 'Behind' && !(mode === 'Active' && servesIn.some((r) => r !== home)),
    );
    if (!mpls || pinned.length === 0) return {};
    const services = pinned.map(({ serviceClass }) => serviceClass).sort();
    const others = [...new Set(pinned.flatMap((each) => [...each.servesIn, ...each.standsByIn]))].filter(
      (region) => region !== home,
    );
    return {
      operations: [
        effect('StoredUnavailable', { services, regions: [home] }),
        ...effectIf(others.length > 0, 'StoredElsewhere', { regions: others.sort() }),
      ],
    };
  },
  planned: (world) => ({ operations: shortBreak('RecordingPlayback', world) }),
};
