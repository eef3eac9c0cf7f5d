import type { RegionSwitch, SwitchStep } from '../api/region-switch.ts';
import { abortedStep, isSettled, type ManualProgress, type Standing } from './manual-switch.ts';
import { isOver, progressFields, type ServiceProgress, stepsOf } from './switch.ts';

/** The way home of a drill or of an undo, as `status.back` tells it. */
export function backFields(
  { status }: RegionSwitch,
  { back, left }: Pick<ManualProgress, 'back' | 'left'>,
  { now, startedAt }: { readonly now: number; readonly startedAt: number },
): Record<string, unknown> {
  const steps = stepsOf(back, status?.back?.steps ?? [], { startedAt, now, pending: left });
  return { steps, ...progressFields(back, left, status?.back) };
}

/** Those that were moved away and have not begun to go home. */
export const stillAway = ({ back, services }: Pick<ManualProgress, 'back' | 'services'>): ServiceProgress[] =>
  services.filter(({ name }) => !back.some((service) => service.name === name));

/** All are home, and nothing of the way there is still under way. */
export const isBackHome = (progress: Pick<ManualProgress, 'back' | 'left' | 'services'>): boolean =>
  progress.left === 0 && isOver(progress.back) && stillAway(progress).every(isSettled);

/** The steps of the way there. Once it is cut off no further service begins it, however many were left to begin. */
export function awaySteps(
  { status }: RegionSwitch,
  services: readonly ServiceProgress[],
  extent: { readonly now: number; readonly startedAt: number; readonly pending: number; readonly isCut: boolean },
): SwitchStep[] {
  const before = status?.steps ?? [];
  const known = before.find(({ name }) => name === 'RecordIntent');
  const isCut = extent.isCut && known?.state !== 'Done';
  const pending = isCut ? Math.max(0, (known?.total ?? 0) - services.length) : extent.pending;
  return stepsOf(services, before, { ...extent, pending }).map(
    (step): SwitchStep => (isCut && step.name === 'RecordIntent' ? abortedStep(step, known, extent.now) : step),
  );
}

/** Once everything is over nothing of the way there will be done that is not done. */
export const closedSteps = (steps: readonly SwitchStep[], endTime: string): SwitchStep[] =>
  steps.map((step) => (step.state === 'Done' ? step : { ...step, state: 'Aborted', endTime: step.endTime ?? endTime }));

/** Why nothing goes home, when nothing does. */
export function heldAtReturn({ back, left, plan, services }: ManualProgress): Standing | undefined {
  const isUnderWay = !back.every(isSettled) || !stillAway({ back, services }).every(isSettled);
  // A switch that is not over yet ends by itself.
  const held = plan.find(({ reason, verdict }) => verdict === 'Held' && reason !== 'SwitchInProgress');
  if (left === 0 || isUnderWay || !held || plan.some(({ verdict }) => verdict === 'Moves')) return undefined;
  const { message = '', name, reason = 'Progressing' } = held;
  // Its own words count seconds.
  const because =
    reason === 'NotStableYet' ? 'their region has failed, and has to be stable again first' : `${name}: ${message}`;
  return {
    is: 'Stalled',
    reason: reason as Standing['reason'],
    message: `${left} services cannot go home; ${because}`,
  };
}
