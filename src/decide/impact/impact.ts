import type { Effect } from '../../api/impact.ts';
import { type Functionality, functionality as functionalities } from '../../api/service-class.ts';
import { effect, NOTHING } from './effect.ts';
import type { Cells, Failure, ImpactTable, ServiceFacts, TableRow, TenantFacts } from './facts.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { RULES } from './rules/all.ts';
import { transitWorld } from './transit.ts';
import type { Answer, RegionWorld, Rule } from './worlds.ts';

export const FUNCTIONALITIES: readonly Functionality[] = functionalities.options;

/** Representatives feel the same whatever they work with: their desktop and their phone go elsewhere, or nowhere. */
function representativeIn(login: Outcome): readonly Effect[] {
  const { goesOn, isTouched, isWhole, out, startsCold, startsWarm } = login;
  if (!isTouched) return [];
  if (isWhole) return [effect('LoggedOut', { services: out.services })];
  if (goesOn.services.length > 0) return [effect('Reconnects', { regions: goesOn.regions })];
  const starts = startsCold.services.length > 0 ? startsCold : startsWarm;
  return starts.services.length > 0 ? [effect('LoggedOutUntilStarted', { ...starts })] : [];
}

type Ask = (rule: Rule) => Answer;
interface Question {
  readonly ask: Ask;
  readonly representative: readonly Effect[];
}
const UNFELT: Question = { ask: () => ({}), representative: [] };

function questionOf(facts: TenantFacts, failure: Failure): Question {
  const servicesOf = (functionality: Functionality): readonly ServiceFacts[] =>
    facts.services.filter((service) => service.functionality === functionality);
  const outcomes = (functionality: Functionality): Outcome => outcomeOf(facts, functionality, failure);
  switch (failure.kind) {
    case 'Zone': {
      const { region, zone } = failure;
      const runningOf = (functionality: Functionality): readonly ServiceFacts[] =>
        servicesOf(functionality).filter(({ servesIn }) => servesIn.includes(region));
      // Calls, desktops and phones are spread over zones, and either half carries them all: nobody feels it.
      return { ask: (rule) => rule.zone?.({ zone, runningOf }) ?? {}, representative: [] };
    }
    case 'Region':
    case 'Services': {
      const lost = failure.kind === 'Region' ? failure.region : undefined;
      const representative = representativeIn(outcomes('AgentLogin'));
      const world: RegionWorld = { lost, outcomeOf: outcomes, servicesOf, representative };
      return { ask: (rule) => rule.region(world), representative };
    }
    case 'TransitCentre': {
      const world = transitWorld(facts, failure);
      return world ? { ask: (rule) => rule.transit(world), representative: world.representative } : UNFELT;
    }
    case 'PlannedSwitch':
      return { ask: (rule) => rule.planned({ outcomeOf: outcomes, servicesOf }), representative: [] };
  }
}

/** What each audience feels of a failure, for each functionality that the tenant has. */
export function computeImpact(facts: TenantFacts, failure: Failure): ImpactTable {
  const { ask, representative } = questionOf(facts, failure);
  const has = new Set(facts.services.map((service) => service.functionality));
  const rows = FUNCTIONALITIES.filter((each) => has.has(each)).map((functionality): TableRow => {
    const cells: Cells = { ...NOTHING, representative, ...ask(RULES[functionality]) };
    return { functionality, ...cells };
  });
  return { failure, rows };
}
