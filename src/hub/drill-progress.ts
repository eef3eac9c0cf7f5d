import { isoTime } from '../api/common.ts';
import type { DrillStatus, PlannedService, RegionSwitch } from '../api/region-switch.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { advanceDrill, advancePlanDrill, type Traveller } from '../decide/drill.ts';
import type { ManualProgress } from '../report/manual-switch.ts';
import { recoveryOf, type ServiceProgress } from '../report/switch.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import type { Linger } from './linger.ts';
import { regionsOfGroup } from './region-links.ts';

/** A service of a drill, as the decision wants it. */
export const travellerOf = (service: ServiceProgress): Traveller => {
  const { decidedAt, name, readyAt, superseded, to } = service;
  return { name, to, decidedAt, readyAt, awayMs: recoveryOf(service), superseded, protected: service.protected };
};

/** What is left of the stay of a drill, as this process has counted it: a restart begins it anew. */
export function stayLeftMs(stays: Linger, { metadata, spec, status }: RegionSwitch): number {
  const { name, uid = name } = metadata;
  const wholeMs = (spec.drill?.staySeconds ?? 0) * 1000;
  if (status?.drill?.phase === 'Staying') return stays.leftMs(uid, wholeMs);
  stays.end(uid);
  return wholeMs;
}

/** How far a drill of the plan is now. */
export function planDrillOf(
  { spec, status }: RegionSwitch,
  { plan, stop }: Pick<ManualProgress, 'plan' | 'stop'>,
  now: number,
): DrillStatus | undefined {
  const elapsedMs = now - (Date.parse(status?.startTime ?? '') || now);
  return spec.drill && advancePlanDrill({ plan, stop, settings: spec.drill, elapsedMs });
}

/** How far a region drill is now, by what the regions report. */
export function drillOf(
  context: HubContext,
  object: RegionSwitch,
  progress: Omit<ManualProgress, 'drill'> & {
    readonly waiting: readonly PlannedService[] | undefined;
    readonly stayLeftMs: number;
  },
  now: number,
): DrillStatus | undefined {
  const { spec, status } = object;
  const { diagnoses, groups, links } = context;
  const group = groups.store.get(spec.iuGroupRef.name);
  if (!spec.drill || !group) return status?.drill;
  const regions = new Map(
    regionsOfGroup(links, group).map((region): [string, RegionState] => [
      region,
      diagnoses.get(region)?.state ?? 'Unknown',
    ]),
  );
  const picture = {
    settings: spec.drill,
    home: spec.region ?? '',
    before: status?.drill,
    now,
    stayLeftMs: progress.stayLeftMs,
    startedAt: Date.parse(status?.startTime ?? '') || now,
    expiresAt: spec.expiresAt === undefined ? undefined : Date.parse(spec.expiresAt),
    stop: progress.stop,
    there: progress.services.map(travellerOf),
    waiting: progress.waiting,
    back: progress.back.map(travellerOf),
    left: progress.left,
    slowestMs: Math.max(status?.slowestRecoveryMilliseconds ?? 0, status?.back?.slowestRecoveryMilliseconds ?? 0),
    regions,
    hubIsolated: isHubSuspect(context, group),
  };
  return advanceDrill(picture, isoTime);
}
