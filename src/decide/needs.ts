import type { ConditionState } from '../api/conditions.ts';
import type { CrossRegionMode } from '../api/service-class.ts';

/** One instance of a class that is needed, as far as it concerns one region. */
export interface NeededService {
  /** `namespace/name` of the ServiceInstance. */
  readonly key: string;
  readonly mode: CrossRegionMode;
  readonly hasPlace: boolean;
  /** Assigned to be active in the region; of mode `Active`: to serve there too. */
  readonly isMeantHere: boolean;
  /** Ready in the region, at the epoch of its assignment. */
  readonly isReady: boolean;
}

/** A class that a service needs, and its instances that serve the same tenants. */
export interface Need {
  readonly serviceClass: string;
  readonly services: readonly NeededService[];
  /** Whether a promotion waits for it: it is neither optional nor part of a circle. */
  readonly isAwaited: boolean;
}

/**
 * Of a need, in one region. `NotReady` passes by itself. The other two do not, so nothing ever waits for them: what needs
 * them runs without, and says so.
 */
export type NeedState = 'Ready' | 'NotReady' | 'Elsewhere' | 'Missing';

const expectedIn = ({ services }: Need): readonly NeededService[] =>
  services.filter(({ hasPlace, isMeantHere }) => hasPlace && isMeantHere);

export function stateOfNeed(need: Need): NeedState {
  if (need.services.length === 0) return 'Missing';
  const expected = expectedIn(need);
  if (expected.length === 0) return 'Elsewhere';
  return expected.every(({ isReady }) => isReady) ? 'Ready' : 'NotReady';
}

/** What a promotion waits for now: services that will come up in the same region, and have not yet. */
export const blockersOf = (needs: readonly Need[]): readonly string[] =>
  needs
    .filter(({ isAwaited }) => isAwaited)
    .flatMap((need) => expectedIn(need).filter(({ isReady }) => !isReady))
    .map(({ key }) => key);

/** A wait that is under way. */
export interface DependencyWait {
  readonly for: readonly string[];
  /** RFC 3339. */
  readonly until: string;
}

const MOST_NAMED = 3;
const short = (names: readonly string[]): string =>
  names.length <= MOST_NAMED
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;

function describe(need: Need, region: string): Omit<ConditionState, 'type' | 'status'> | undefined {
  const { serviceClass } = need;
  const state = stateOfNeed(need);
  if (state === 'Ready') return undefined;
  if (state === 'Missing') {
    const message = `it needs ${serviceClass}, which its tenants do not have`;
    return { reason: 'ServiceInstanceNotFound', message };
  }
  const names = (services: readonly NeededService[]): string => short(services.map(({ key }) => key));
  if (state === 'NotReady') {
    const late = expectedIn(need).filter(({ isReady }) => !isReady);
    return { reason: 'DependencyNotReady', message: `it needs ${names(late)}, not ready in region ${region}` };
  }
  const isPlaced = need.services.some(({ hasPlace }) => hasPlace);
  const why = isPlaced ? `which is not active in region ${region}` : `which has no place in region ${region}`;
  return { reason: 'DependencyElsewhere', message: `it needs ${names(need.services)}, ${why}` };
}

/** Whether a service has in its region what it needs; none for a service that needs nothing. */
export function dependenciesMet(
  needs: readonly Need[],
  region: string,
  wait: DependencyWait | undefined,
): ConditionState[] {
  const type = 'DependenciesMet';
  if (needs.length === 0) return [];
  if (wait) {
    const message = `region ${region} runs it when ${short(wait.for)} is ready there, or at ${wait.until} without`;
    return [{ type, status: 'False', reason: 'AwaitingDependencies', message }];
  }
  const problems = needs.map((need) => describe(need, region)).filter((problem) => problem !== undefined);
  const [first] = problems;
  if (first) {
    const message = problems.map((problem) => problem.message).join('; ');
    return [{ type, status: 'False', reason: first.reason, message }];
  }
  const message = `what it needs is ready in region ${region}`;
  return [{ type, status: 'True', reason: 'AsDeclared', message }];
}
