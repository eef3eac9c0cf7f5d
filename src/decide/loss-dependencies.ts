import type { ConditionState } from '../api/conditions.ts';
import type { WhatIf } from '../api/iu-group.ts';
import type { Audience } from './cohort.ts';
import type { Outcome, ServiceAtStake } from './region-loss.ts';

type Unmet = NonNullable<WhatIf['dependencies']>[number];

/** Bound of the list. */
const LISTED = 20;
const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

/** Where a service would run, were the region lost. */
function placesAfter(lost: string, { fate, service }: Outcome): readonly string[] {
  if (fate?.kind === 'Moves') return [fate.to];
  if (fate?.kind === 'Stops') return [];
  const { servedIn, view } = service;
  const active = view.assignment ? [view.assignment.activeRegion] : [];
  return (view.mode === 'Active' ? servedIn : active).filter((region) => region !== lost);
}

function problemOf(lost: string, outcome: Outcome, partners: readonly Outcome[]): string | undefined {
  const places = placesAfter(lost, outcome);
  const isTouched = [outcome, ...partners].some(({ fate }) => fate !== undefined);
  const isMet = partners.some((partner) => placesAfter(lost, partner).some((region) => places.includes(region)));
  const [first] = partners;
  if (places.length === 0 || !isTouched || isMet || !first) return undefined;
  const there = placesAfter(lost, first);
  const rest = first.fate?.kind === 'Stops' ? first.fate.message : `it would be active in ${there.join(', ')}`;
  return `${outcome.service.key} would be active in ${places.join(', ')} without ${first.service.key}: ${rest}`;
}

/** Tenants with the same instances see the same; an instance that serves no tenant we know of is related by its object. */
function unmetOf(lost: string, outcome: Outcome, all: ReadonlyMap<string, Outcome>, own: readonly Audience[]) {
  const { needs = [], serviceClass } = outcome.service;
  const find = (keys: readonly string[]): Outcome[] => keys.flatMap((other) => all.get(other) ?? []);
  return needs.flatMap((need): Unmet[] => {
    const cases =
      own.length > 0
        ? own.map(({ instances, tenants }) => ({
            tenants,
            partners: find(instances).filter(({ service }) => service.serviceClass === need.serviceClass),
          }))
        : [{ tenants: 0, partners: find(need.partners) }];
    const bad = cases.flatMap(({ partners, tenants }) => {
      const message = problemOf(lost, outcome, partners);
      return message === undefined ? [] : [{ message, tenants }];
    });
    const [first] = bad;
    if (!first) return [];
    const tenants = bad.reduce((sum, each) => sum + each.tenants, 0);
    const message = first.message.slice(0, 512);
    return [{ serviceClass, needs: need.serviceClass, reason: 'DependencyElsewhere', services: 1, tenants, message }];
  });
}

/** What would go on without something that it needs, were the region lost: by class and by what is missing. */
export function unmetAfter(
  lost: string,
  outcomes: readonly Outcome[],
  audiences: readonly Audience[],
): Pick<WhatIf, 'dependencies'> {
  const all = new Map(outcomes.map((outcome): [string, Outcome] => [outcome.service.key, outcome]));
  const found = new Map<string, Unmet>();
  const needy = outcomes.filter(({ service: { needs = [] } }) => needs.length > 0);
  const audiencesOf = new Map(needy.map(({ service }): [string, Audience[]] => [service.key, []]));
  for (const audience of needy.length > 0 ? audiences : []) {
    for (const key of audience.instances) audiencesOf.get(key)?.push(audience);
  }
  for (const unmet of needy.flatMap((outcome) =>
    unmetOf(lost, outcome, all, audiencesOf.get(outcome.service.key) ?? []),
  )) {
    const head = `${unmet.serviceClass} ${unmet.needs}`;
    const before = found.get(head);
    const counts = before && { services: before.services + 1, tenants: before.tenants + unmet.tenants };
    found.set(head, before ? { ...before, ...counts } : unmet);
  }
  const sorted = [...found.values()].sort(
    (x, y) => y.services - x.services || compare(x.serviceClass, y.serviceClass) || compare(x.needs, y.needs),
  );
  return sorted.length > 0 ? { dependencies: sorted.slice(0, LISTED) } : {};
}

/** Whether everything that goes on has what it needs, whichever region is lost; none where nothing needs anything. */
export function judgeDependencies(
  whatIf: readonly WhatIf[],
  services: readonly ServiceAtStake[],
): ConditionState | undefined {
  const type = 'DependenciesMet';
  if (services.every(({ needs = [] }) => needs.length === 0)) return undefined;
  const broken = whatIf.flatMap(({ dependencies = [], region }) => dependencies.map((unmet) => ({ ...unmet, region })));
  const [first] = broken;
  if (!first) {
    const message = 'whichever region is lost, what goes on has what it needs where it runs';
    return { type, status: 'True', reason: 'AsDeclared', message };
  }
  const others = broken.length > 1 ? ` (and ${broken.length - 1} more)` : '';
  const message = `if region ${first.region} is lost, ${first.message}${others}`;
  return { type, status: 'False', reason: first.reason, message };
}
