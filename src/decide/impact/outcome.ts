import type { Effect, EffectCode } from '../../api/impact.ts';
import type { Functionality } from '../../api/service-class.ts';
import { effectIf } from './effect.ts';
import type { Failure, ServiceFacts, ServiceFate, TenantFacts } from './facts.ts';
import { fateOf } from './service-fate.ts';

/** Some services of a functionality, and where they go on. */
export interface Some {
  readonly services: readonly string[];
  readonly regions: readonly string[];
}

/** What becomes of the services of one functionality. */
export interface Outcome {
  /** No other region serves them by itself. */
  readonly out: Some;
  /** Those of `out` that a person could bring back. */
  readonly awaits: Some;
  /** Other regions serve them already, in full or not. */
  readonly goesOn: Some;
  readonly limited: Some;
  /** Another region is about to start them: from nothing, or from what stands by there. */
  readonly startsCold: Some;
  readonly startsWarm: Some;
  /** They are to run, or run, on a copy that stood by warm. */
  readonly fromWarm: Some;
  readonly fromReadOnly: Some;
  /** They run elsewhere, or are about to, without what is stored in the lost region. */
  readonly behind: Some;
  /** All that do not stop, wherever they go on. */
  readonly goesElsewhere: Some;
  /** Whether any of them served there. */
  readonly isTouched: boolean;
  /** Whether none is left that works by itself. */
  readonly isWhole: boolean;
  readonly count: number;
}

interface Fated {
  readonly service: ServiceFacts;
  readonly fate: ServiceFate;
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();
const regionsOf = (fate: ServiceFate): readonly string[] => ('regions' in fate ? fate.regions : []);

function some(all: readonly Fated[], matches: (each: Fated) => boolean): Some {
  const found = all.filter(matches);
  return {
    services: unique(found.map(({ service }) => service.serviceClass)),
    regions: unique(found.flatMap(({ fate }) => regionsOf(fate))),
  };
}

export function outcomeOf(facts: TenantFacts, functionality: Functionality, failure: Failure): Outcome {
  const all = facts.services
    .filter((service) => service.functionality === functionality)
    .map((service): Fated => ({ service, fate: fateOf(service, facts.home, failure) }));
  const is =
    (...kinds: readonly ServiceFate['kind'][]) =>
    ({ fate }: Fated): boolean =>
      kinds.includes(fate.kind);
  const isOut = is('Stops', 'Awaits');
  const moves = is('Moves');
  const away = is('Moves', 'Moved');
  const out = some(all, isOut);
  return {
    out,
    awaits: some(all, is('Awaits')),
    goesOn: some(all, is('GoesOn')),
    limited: some(all, (each) => is('GoesOn')(each) && each.service.view === 'Limited'),
    startsCold: some(all, (each) => moves(each) && each.service.standby === 'Cold'),
    startsWarm: some(all, (each) => moves(each) && each.service.standby !== 'Cold'),
    fromWarm: some(all, (each) => away(each) && each.service.standby === 'Warm'),
    fromReadOnly: some(all, (each) => moves(each) && each.service.standby === 'ReadOnly'),
    behind: some(all, (each) => away(each) && each.service.data === 'Behind'),
    goesElsewhere: some(all, is('GoesOn', 'Moves', 'Moved')),
    isTouched: all.some((each) => !is('Untouched')(each)),
    isWhole: all.length > 0 && all.every(isOut),
    count: all.length,
  };
}

/** What stops: a code of its own where nothing of the functionality is left, else the services that are missing. */
export const missing = ({ awaits, isWhole, out }: Outcome, whole: EffectCode): Effect[] => [
  ...effectIf(out.services.length > 0, isWhole ? whole : 'WithoutServices', { services: out.services }),
  ...approvable(awaits),
];

export const approvable = (awaits: Some): Effect[] =>
  effectIf(awaits.services.length > 0, 'ApprovalBringsBack', awaits);

/**
 * What is away until another region has started it.
 *
 * @param told services of which that is part of what is said already
 */
export const starting = ({ startsCold, startsWarm }: Outcome, told: readonly string[] = []): Effect[] => {
  const isNews = ({ services }: Some): boolean => services.some((name) => !told.includes(name));
  return [
    ...effectIf(isNews(startsCold), 'StartsCold', startsCold),
    ...effectIf(isNews(startsWarm), 'StartsWarm', startsWarm),
  ];
};

/** The rule of every functionality that has no other. */
export const usual = (outcome: Outcome, whole: EffectCode = 'NothingWorks', told: readonly string[] = []): Effect[] => [
  ...missing(outcome, whole),
  ...starting(outcome, told),
  ...effectIf(outcome.limited.services.length > 0, 'LimitedView', outcome.limited),
];
