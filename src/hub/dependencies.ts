import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { regionsOf } from '../decide/assignment.ts';
import { awaitedClasses, requirementsOf } from '../decide/class-dependencies.ts';
import { modeOf } from '../decide/mode-change.ts';
import { blockersOf, type Need, type NeededService } from '../decide/needs.ts';
import { createPartnersOf, type PartnersOf } from '../decide/partners.ts';
import { setsOf } from '../decide/together.ts';
import type { AwaitedBy } from '../decide/waves.ts';
import { keyOf } from '../kube/object.ts';
import { dependencyTimedOut } from '../report/events.ts';
import type { HubContext } from './context.ts';
import { isServing } from './instance-view.ts';

/** Name of the index of the instances by `scopeOf`. */
export const SCOPE_INDEX = 'scope';

const partnersIn = ({ instances }: Pick<HubContext, 'instances'>): PartnersOf =>
  createPartnersOf((scope) => instances.store.byIndex(SCOPE_INDEX, scope));

type Parts = Pick<HubContext, 'assignments' | 'classes' | 'diagnoses' | 'instances' | 'links'>;

const classOf = ({ classes }: Pick<HubContext, 'classes'>, { spec }: ServiceInstance): ServiceClass | undefined =>
  classes.store.get(spec.serviceClassRef.name);

function neededService(context: Parts, instance: ServiceInstance, region: string): NeededService {
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  const mode = assignment?.mode ?? classOf(context, instance)?.spec.crossRegion.mode ?? 'None';
  const hasPlace = regionsOf(instance).includes(region);
  const order = context.links.get(region)?.services.store.get(key);
  const isPresent = mode === 'Active' || order?.status?.epoch === assignment?.epoch;
  return {
    key,
    mode,
    hasPlace,
    isMeantHere: mode === 'Active' ? hasPlace : assignment?.activeRegion === region,
    isReady: isPresent && isServing(context.diagnoses.get(region)?.state, order),
  };
}

/** What a service needs in a region, as its class says; what is optional is left out. */
export function needsOf(
  context: Parts,
  instance: ServiceInstance,
  serviceClass: ServiceClass,
  region: string,
): readonly Need[] {
  const required = requirementsOf(serviceClass).filter(({ optional }) => !optional);
  if (required.length === 0) return [];
  const awaited = awaitedClasses(serviceClass, (name) => context.classes.store.get(name));
  const partnersOf = partnersIn(context);
  return required.map(({ serviceClass: name }) => ({
    serviceClass: name,
    services: partnersOf(instance, name).map((partner) => neededService(context, partner, region)),
    isAwaited: awaited.includes(name),
  }));
}

/** The same, by key alone. */
export const neededInstances = (
  context: Pick<HubContext, 'instances'>,
  instance: ServiceInstance,
  serviceClass: ServiceClass,
) =>
  requirementsOf(serviceClass)
    .filter(({ optional }) => !optional)
    .map((required) => ({
      serviceClass: required.serviceClass,
      partners: partnersIn(context)(instance, required.serviceClass).map(keyOf),
    }));

/**
 * How long the promotion of a service has still to wait for what it needs, in milliseconds; 0: not at all. It is asked only
 * for a promotion that nothing else is in the way of, and that was never given out: what runs is never asked about.
 */
export function dependencyWaitMs(
  context: Parts & Pick<HubContext, 'dependencyWaits' | 'events' | 'lookAgain'>,
  instance: ServiceInstance,
  serviceClass: ServiceClass | undefined,
  { activeRegion, epoch }: Assignment,
): number {
  if (!serviceClass || requirementsOf(serviceClass).length === 0) return 0;
  const key = keyOf(instance);
  const blockers = blockersOf(needsOf(context, instance, serviceClass, activeRegion));
  const { dependencyTimeoutSeconds } = serviceClass.spec;
  const answer = context.dependencyWaits.ask(key, epoch, blockers, dependencyTimeoutSeconds * 1000);
  if (!answer.goesOn) {
    if (answer.isNews) context.lookAgain.instance(key);
    return answer.remainingMs;
  }
  if (answer.timedOutNow)
    context.events.record(dependencyTimedOut(instance, activeRegion, blockers, dependencyTimeoutSeconds));
  return 0;
}

/** The promotion was given out: there is nothing to wait for any more, nor to tell of. */
export function endDependencyWait(context: Pick<HubContext, 'dependencyWaits' | 'lookAgain'>, key: string): void {
  if (context.dependencyWaits.end(key)) context.lookAgain.instance(key);
}

/**
 * Services of a group that must live in one region. Those that run in every region they have a place in are never apart
 * from anybody, and those that never move hold the others where they are.
 */
export function colocatedSets(
  context: Pick<HubContext, 'assignments' | 'classes' | 'instances'>,
  instances: readonly ServiceInstance[],
): readonly (readonly string[])[] {
  const partnersOf = partnersIn(context);
  const modeNow = (instance: ServiceInstance): CrossRegionMode | undefined => {
    const serviceClass = classOf(context, instance);
    return serviceClass && modeOf(context.assignments.get(keyOf(instance)), serviceClass);
  };
  const tied = instances.flatMap((instance) => {
    const required = classOf(context, instance)?.spec.requires?.filter(({ colocated }) => colocated) ?? [];
    if (required.length === 0 || modeNow(instance) !== 'Backup') return [];
    const partners = required
      .flatMap(({ serviceClass }) => partnersOf(instance, serviceClass))
      .filter((partner) => modeNow(partner) !== 'Active');
    return [{ key: keyOf(instance), with: partners.map(keyOf) }];
  });
  return setsOf(tied);
}

/** Whose promotion waits for whose, for the plans. */
export function awaitedByIn(context: Pick<HubContext, 'classes' | 'instances'>): AwaitedBy {
  const partnersOf = partnersIn(context);
  return (key) => {
    const instance = context.instances.store.get(key);
    const serviceClass = instance && classOf(context, instance);
    if (!instance || !serviceClass) return [];
    const awaited = awaitedClasses(serviceClass, (name) => context.classes.store.get(name));
    return awaited.flatMap((name) => partnersOf(instance, name).map(keyOf));
  };
}
