import { effect, effectIf } from '../effect.ts';
import { usual } from '../outcome.ts';
import type { Rule } from '../worlds.ts';
import { sessionsLost, shortBreak } from './sessions.ts';

/** Desktops keep several addresses and log in by themselves where they are served; phones register wherever they are taken. */
export const agentLogin: Rule = {
  region(world) {
    const outcome = world.outcomeOf('AgentLogin');
    const { goesOn, isTouched, isWhole, out } = outcome;
    // A call has two ends, and both are held in the region: what is lost there drops the caller.
    const customer = effectIf(
      isTouched && world.lost !== undefined,
      'ActiveCallsDropped',
      world.lost === undefined ? {} : { regions: [world.lost] },
    );
    if (goesOn.services.length === 0 || isWhole) return { operations: usual(outcome), customer };
    // What has no second place while the desktop does are phones of another kind, as those in a browser.
    const { regions } = goesOn;
    const phones = out.services.length > 0 ? { services: out.services } : {};
    return {
      operations: [effect('LogsInAgain', { regions }), effect('PhonesRegister', { regions, ...phones })],
      customer,
    };
  },
  transit(world) {
    const { centre, mpls, phonesAt, sessionsBy, voice } = world;
    const customer = effectIf(voice || mpls, 'ActiveCallsDropped', { centre });
    if (mpls) {
      if (!sessionsBy) return { operations: sessionsLost(world), customer };
      const operations = [effect('LogsInAgain', { ...sessionsBy }), effect('PhonesRegister', { ...sessionsBy })];
      return { operations, customer };
    }
    // Without the private network the session stands, and only the phone of the desktop notices.
    const moves = effectIf(phonesAt !== undefined, 'PhonesRegister', { centre: phonesAt });
    const stays = effectIf(phonesAt === undefined, 'PhoneOut');
    return { operations: [effect('VoiceChannelWarning'), ...moves, ...stays], customer };
  },
  planned(world) {
    const { goesOn } = world.outcomeOf('AgentLogin');
    const { regions } = goesOn;
    const operations = shortBreak('AgentLogin', world);
    return { operations, representative: effectIf(goesOn.services.length > 0, 'ReconnectsAfterCall', { regions }) };
  },
};
