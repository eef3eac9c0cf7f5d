import { isoTime } from '../api/common.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { endedReport, type ManualProgress, type Standing, standingConditions } from './manual-switch.ts';
import type { StatusReport } from './status.ts';
import { factsOf, isOver, progressFields } from './switch.ts';
import { awaySteps, backFields, closedSteps, heldAtReturn, isBackHome } from './way-home.ts';

/** The status of a switch that was aborted, and whose services go home again. */
export function undoReport(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  const { back, left, services } = progress;
  const { status } = object;
  if (status?.endTime !== undefined) return endedReport(object);
  const startTime = status?.startTime ?? isoTime(now);
  const startedAt = Date.parse(startTime);
  const hasEnded = isBackHome(progress);
  const { cleaned, secured, switched } = factsOf(back, left);
  const steps = awaySteps(object, services, { now, startedAt, pending: 0, isCut: true });
  const standing: Standing = hasEnded
    ? { is: 'Stalled', reason: 'SwitchNotOpen', message: `aborted and undone: ${back.length} services went home` }
    : (heldAtReturn(progress) ?? {
        is: 'Reconciling',
        reason: 'Undoing',
        message: `aborted: ${back.filter((service) => isOver([service])).length} of ${back.length + left} services are home again`,
      });
  return {
    conditions: [...standingConditions(standing), switched, cleaned, secured],
    fields: {
      startTime,
      ...(hasEnded ? { endTime: isoTime(now) } : {}),
      // Nothing more leaves: the first step says so to the loop that chooses regions.
      steps: hasEnded ? closedSteps(steps, isoTime(now)) : steps,
      ...progressFields(services, 0, status),
      // The traffic comes back with the services.
      drain: null,
      back: backFields(object, progress, { now, startedAt: Math.min(now, ...back.map((s) => s.decidedAt)) }),
    },
  };
}
