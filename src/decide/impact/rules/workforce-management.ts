import type { Effect } from '../../../api/impact.ts';
import { effect } from '../effect.ts';
import { type Outcome, usual } from '../outcome.ts';
import type { Answer, RegionWorld, Rule, SwitchWorld } from '../worlds.ts';
import { sessionsLost, shortBreak } from './sessions.ts';

/** Representatives are logged in at the service itself, which no desktop renews for them. It has no part in calls. */
function loggedOut({ goesOn, isWhole, out, startsCold, startsWarm }: Outcome): Effect[] {
  const { services } = out;
  const starts = [startsCold, startsWarm].filter((each) => each.services.length > 0);
  if (isWhole) return [effect('LoggedOut', { services })];
  // One that goes on takes the logins; of what stands by, or is only an adapter, they notice nothing then.
  return goesOn.services.length > 0 ? [] : starts.map((each) => effect('LoggedOutUntilStarted', { ...each }));
}

function region(world: RegionWorld): Answer {
  const outcome = world.outcomeOf('WorkforceManagement');
  const own = loggedOut(outcome);
  const login = world.representative.filter(({ code }) => code === 'LoggedOut');
  // Who cannot log in at all feels that, and nothing more.
  const representative = login.length > 0 ? login : own.length > 0 ? own : world.representative;
  return { operations: usual(outcome), representative };
}

function planned(world: SwitchWorld): Answer {
  return {
    operations: shortBreak('WorkforceManagement', world),
    representative: loggedOut(world.outcomeOf('WorkforceManagement')),
  };
}

export const workforceManagement: Rule = {
  region,
  // The session of a representative lives at the one place of the service, and finds no other way there by itself.
  transit(world) {
    if (!world.mpls) return { representative: [] };
    if (!world.sessionsBy) return { operations: sessionsLost(world) };
    const services = world
      .servicesOf('WorkforceManagement')
      .filter((service) => !world.hasOtherWay(service))
      .map(({ serviceClass }) => serviceClass)
      .sort();
    const representative = services.length > 0 ? [effect('LoggedOut', { services })] : world.representative;
    return { operations: sessionsLost(world), representative };
  },
  planned,
};
