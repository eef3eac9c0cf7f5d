import type { CrossRegionMode, ServiceClass } from '../api/service-class.ts';
import type { Assignment } from '../api/service-instance.ts';
import { HISTORY_LIMIT } from './assignment.ts';
import { type InstanceDecision, type InstanceView, intentFor, openIn, regionIn } from './instance-view.ts';

/**
 * A class may get another `crossRegion.mode` while its services live. The mode is part of the protocol: with `None` a
 * region runs the service without a right, with `Backup` under one, and with `Active` several do. So the class says only
 * what is wanted. What is in force stands in the assignment, and each change of it is a decision with an epoch of its own,
 * taken where the service is, and only when it costs nothing and makes nothing run twice:
 *
 * - None → Active: whenever it is wanted. Others begin to serve beside the primary region.
 * - Active → None: when the primary region serves, because the others stop.
 * - None → Backup: when every region is seen, none but the active one holds an order that runs without a right, and all of
 *   them can confirm. The order of the active region stays as it is until that region has its first right.
 * - Backup → None: at home, when no other region may still be running.
 * - Active ↔ Backup: over None, one after the other, each with its own condition.
 */

/** How a service is active across regions now. */
export const modeOf = (
  assignment: Pick<Assignment, 'mode'> | undefined,
  { spec }: Pick<ServiceClass, 'spec'>,
): CrossRegionMode => assignment?.mode ?? spec.crossRegion.mode;

/** The class as it is in force for a service: with the mode of its assignment. */
export function inForce<Class extends Pick<ServiceClass, 'spec'>>(
  serviceClass: Class,
  assignment: Pick<Assignment, 'mode'> | undefined,
): Class {
  const mode = modeOf(assignment, serviceClass);
  const { spec } = serviceClass;
  if (mode === spec.crossRegion.mode) return serviceClass;
  return { ...serviceClass, spec: { ...spec, crossRegion: { ...spec.crossRegion, mode } } };
}

/** The next mode on the way to the one that is wanted: what needs a right never becomes what needs none in one step. */
export const stepTowards = (now: CrossRegionMode, wanted: CrossRegionMode): CrossRegionMode =>
  now === 'None' || now === wanted ? wanted : 'None';

/** Whether some region may still be running it without a right, from before it was active/backup. */
export const isConverting = (history: Assignment['history']): boolean => history.some(({ mode }) => mode === 'None');

interface Obstacle {
  readonly message: string;
  readonly endsWhen: string;
}

const seenFrom = (view: InstanceView, region: string): string => `region ${region} is ${regionIn(view, region).state}`;

/** Where the service is at home and its region is well, what it loses by a change is known. */
function notAtHome(view: InstanceView, { activeRegion }: Assignment): Obstacle | undefined {
  if (activeRegion !== view.primary) {
    const message = `it is active in ${activeRegion}, and its mode changes only in its primary region ${view.primary}`;
    return { message, endsWhen: `it is back in region ${view.primary}` };
  }
  if (regionIn(view, activeRegion).state === 'Healthy') return undefined;
  return { message: seenFrom(view, activeRegion), endsWhen: `region ${activeRegion} is Healthy` };
}

function notServing(view: InstanceView, { activeRegion }: Assignment): Obstacle | undefined {
  if (regionIn(view, activeRegion).isServing) return undefined;
  const message = `region ${activeRegion} does not serve it, and the regions that do would stop`;
  return { message, endsWhen: `it is ready in region ${activeRegion}` };
}

function runsElsewhere(view: InstanceView, assignment: Assignment): Obstacle | undefined {
  const other = openIn(view, assignment).find(({ region }) => region !== assignment.activeRegion);
  if (!other) return undefined;
  const message = `region ${other.region} may still be running it since epoch ${other.epoch}`;
  return { message, endsWhen: `region ${other.region} has confirmed that it stands by, or ${view.primary} runs it` };
}

/** What runs without a right is not stopped by waiting: every region has to be seen, and to say that it stands by. */
function notAlone(view: InstanceView, { activeRegion }: Assignment): Obstacle | undefined {
  const [unfenced] = view.unfencedIn ?? [];
  if (unfenced !== undefined) {
    const message = `region ${unfenced} may be running it without a right`;
    return { message, endsWhen: `the hub sees region ${unfenced} and no order of mode None or Active there` };
  }
  const silent = [...view.regions].find(([region, { state }]) => region !== activeRegion && state !== 'Healthy');
  if (!silent) return undefined;
  const message = `${seenFrom(view, silent[0])}, and has to confirm that it stands by`;
  return { message, endsWhen: `region ${silent[0]} is Healthy` };
}

type Check = (view: InstanceView, assignment: Assignment) => Obstacle | undefined;

/** By the mode that is in force and the next one. */
function checksFor(now: CrossRegionMode, next: CrossRegionMode): readonly Check[] {
  if (next === 'Active') return [];
  if (next === 'Backup') return [notAtHome, notAlone];
  return now === 'Active' ? [notAtHome, notServing] : [notAtHome, runsElsewhere];
}

/** The first thing that is in the way of a change. */
function obstacleTo(view: InstanceView, assignment: Assignment, next: CrossRegionMode): Obstacle | undefined {
  if (view.hubIsolated) {
    return {
      message: 'the hub suspects itself of being isolated',
      endsWhen: 'it sees most regions of the group again',
    };
  }
  if (openIn(view, assignment).length >= HISTORY_LIMIT) {
    const message = `regions may still be running at ${HISTORY_LIMIT} earlier epochs`;
    return { message, endsWhen: 'one of them confirms that it stands by' };
  }
  for (const check of checksFor(view.mode, next)) {
    const obstacle = check(view, assignment);
    if (obstacle) return obstacle;
  }
  return undefined;
}

/**
 * Undefined while the service has the mode that its class wants. What stays in its region goes on so as long as it has no
 * other place: nothing would be won, and by its mode it is known which instance is from before its class changed
 * (`kept-instances.ts`), until the plan of the tenants has given it its places.
 */
export function decideModeChange(view: InstanceView, assignment: Assignment): InstanceDecision | undefined {
  const { mode, secondaries, wantedMode = mode } = view;
  if (mode === wantedMode || (mode === 'None' && secondaries.length === 0)) return undefined;
  const next = stepTowards(mode, wantedMode);
  const obstacle = obstacleTo(view, assignment, next);
  if (obstacle) {
    const message = `crossRegion.mode goes from ${mode} to ${next}, but ${obstacle.message}`;
    return {
      kind: 'Hold',
      wanted: 'ModeChanged',
      reason: 'ModeChangeUnsafe',
      message,
      recheckAfterMs: undefined,
      endsWhen: obstacle.endsWhen,
    };
  }
  const { activeRegion, reason, regionSwitch } = assignment;
  const intent = intentFor({ ...view, mode: next }, activeRegion, reason, regionSwitch);
  return { kind: 'Assign', intent, message: `its mode goes from ${mode} to ${next}` };
}
