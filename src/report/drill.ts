import { isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { DrillStatus, RegionSwitch } from '../api/region-switch.ts';
import {
  endedReport,
  isSettled,
  type ManualProgress,
  planOf,
  type Standing,
  standingConditions,
} from './manual-switch.ts';
import type { StatusReport } from './status.ts';
import { factsOf, progressFields } from './switch.ts';
import { awaySteps, backFields, closedSteps, heldAtReturn } from './way-home.ts';

const REASONS = { Passed: 'DrillPassed', Failed: 'DrillFailed', Aborted: 'DrillAborted' } as const;

/** The status of a drill. Its end has one of three results, and stays as it is for ever. */
export function drillReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  if (object.status?.endTime !== undefined) return endedReport(object);
  if (progress.obstacle) return { conditions: standingConditions({ is: 'Stalled', ...progress.obstacle }) };
  return object.spec.drill?.kind === 'Plan' ? planReport(object, progress, now) : regionReport(object, progress, now);
}

export const resultStanding = ({ message = '', result }: Pick<DrillStatus, 'message' | 'result'>): Standing => ({
  is: result === 'Passed' ? 'Ready' : 'Stalled',
  reason: REASONS[result ?? 'Aborted'],
  message: `${result}: ${message}`,
});

/** Nothing moves: the plan of an evacuation, as it was when nothing held it any more. */
function planReport({ status }: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const { drill = { phase: 'Away' }, stop } = progress;
  const summary = planOf(progress);
  const waiting: Standing = { is: 'Reconciling', reason: 'PlanOnly', message: `${summary.held} services are held` };
  const hasEnded = drill.phase === 'Ended';
  return {
    conditions: standingConditions(hasEnded ? resultStanding(drill) : waiting),
    fields: {
      startTime: status?.startTime ?? isoTime(now),
      servicesTotal: summary.moves,
      ...(stop ? {} : { plan: summary }),
      drill,
      ...(hasEnded ? { endTime: isoTime(now) } : {}),
    },
  };
}

function regionReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const { back, drill = { phase: 'Away' }, left, plan, services } = progress;
  const { status } = object;
  const startTime = status?.startTime ?? isoTime(now);
  const isAway = drill.phase === 'Away' || drill.phase === 'Staying';
  const pending = isAway ? plan.filter(({ verdict }) => verdict !== 'Stays').length : 0;
  const { cleaned, secured, switched } = isAway ? factsOf(services, pending) : factsOf(back, left);
  const steps = awaySteps(object, services, { now, pending, startedAt: Date.parse(startTime), isCut: !isAway });
  const wayHome = { now, startedAt: Math.min(now, ...back.map((service) => service.decidedAt)) };
  return {
    conditions: [...standingConditions(standingOf(object, progress, { drill, switched })), switched, cleaned, secured],
    fields: {
      startTime,
      ...(drill.phase === 'Ended' ? { endTime: isoTime(now) } : {}),
      steps: drill.phase === 'Ended' ? closedSteps(steps, isoTime(now)) : steps,
      ...progressFields(services, pending, status),
      ...(drill.phase === 'Away' ? { plan: plan.length > 0 ? planOf(progress) : null } : {}),
      ...(isAway ? {} : { back: backFields(object, progress, wayHome) }),
      drill,
    },
  };
}

function standingOf(
  { spec }: RegionSwitch,
  progress: ManualProgress,
  { drill, switched }: { readonly drill: DrillStatus; readonly switched: ConditionState },
): Standing {
  const running = (message: string): Standing => ({ is: 'Reconciling', reason: 'Progressing', message });
  const { plan } = progress;
  switch (drill.phase) {
    case 'Away': {
      const held = plan.find(({ verdict }) => verdict === 'Held');
      return running(
        `services leave ${spec.region}: ${held ? `${held.name} is held: ${held.message}` : switched.message}`,
      );
    }
    case 'Staying':
      return running(`all run in other regions, and go home at ${drill.stayUntil}`);
    case 'Home': {
      const why = drill.cause ? `${drill.cause.message}; ` : '';
      const home = `${progress.back.filter(isSettled).length} of ${progress.services.length} services are home again`;
      return heldAtReturn(progress) ?? running(`${why}${home}`);
    }
    case 'Ended':
      return resultStanding(drill);
    default:
      return drill.phase satisfies never;
  }
}
