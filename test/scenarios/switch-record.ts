import { isoTime } from '../../src/api/common.ts';
import { mergeConditions } from '../../src/api/conditions.ts';
import type { PlannedService, RegionSwitch } from '../../src/api/region-switch.ts';
import type { Assignment } from '../../src/api/service-instance.ts';
import { isHubIsolated, type RegionState } from '../../src/decide/diagnosis.ts';
import { advanceDrill, advancePlanDrill } from '../../src/decide/drill.ts';
import { isMovedAwayBy, isReturning, isWayHome, madeAt, stopOf } from '../../src/decide/manual-switch.ts';
import { travellerOf } from '../../src/hub/drill-progress.ts';
import { drillReport } from '../../src/report/drill.ts';
import type { ManualProgress } from '../../src/report/manual-switch.ts';
import type { ServiceProgress } from '../../src/report/switch.ts';
import { undoReport } from '../../src/report/undo.ts';
import { aProgress } from '../support/objects.ts';

/** What a story shows of one region. */
export interface Seen {
  readonly state: RegionState;
  readonly isRunning: boolean;
  readonly orderEpoch: number;
  readonly standbyEpoch: number;
}

export interface Sight {
  readonly nowMs: number;
  readonly assignment: Assignment | undefined;
  readonly primary: string;
  readonly regions: ReadonlyMap<string, Seen>;
  /** What was last made of the service; undefined: the switch does not concern it. */
  readonly planned: PlannedService | undefined;
}

/** The record of a drill, or of a switch that is undone, of the one service of a story: as `ManualRecords` keeps it. */
export class SwitchRecord {
  #there: ServiceProgress | undefined;
  #back: ServiceProgress | undefined;

  note(object: RegionSwitch, key: string, from: string, next: Assignment, nowMs: number): void {
    const progress = aProgress({ name: key, from, to: next.activeRegion, epoch: next.epoch, decidedAt: nowMs });
    if (isWayHome(object, next)) this.#back = progress;
    else this.#there = progress;
  }

  /** The object with its new status. */
  follow(object: RegionSwitch, key: string, sight: Sight): RegionSwitch {
    if (object.status?.endTime !== undefined) return object;
    if (this.#there && !this.#back) this.#there = advance(this.#there, sight);
    if (this.#back) this.#back = advance(this.#back, sight);
    const progress = this.#progressOf(object, key, sight);
    const { conditions, fields } =
      object.spec.type === 'Drill'
        ? drillReport(object, progress, sight.nowMs)
        : undoReport(object, progress, sight.nowMs);
    const time = isoTime(sight.nowMs);
    const merged = mergeConditions(object.status?.conditions, conditions, { generation: 1, time });
    return { ...object, status: { observedGeneration: 1, ...object.status, ...fields, conditions: merged } };
  }

  #progressOf(object: RegionSwitch, key: string, sight: Sight): ManualProgress {
    const { assignment, planned, primary } = sight;
    const services = this.#there ? [this.#there] : [];
    const back = this.#back ? [this.#back] : [];
    const { region = '' } = object.spec;
    const asked = { name: object.metadata.name, region, moved: new Set([key]), madeAtMs: madeAt(object) };
    const isLeft = isReturning(object) && assignment && isMovedAwayBy(asked, { assignment, key, primary });
    const isPlanned = isReturning(object) ? isLeft : services.length === 0;
    const plan = isPlanned && planned ? [planned] : [];
    const stop = stopOf(object, sight.nowMs);
    const nothing = { regions: [], drain: undefined, obstacle: undefined, drill: undefined };
    const progress = { services, back, plan, stop, left: isLeft ? 1 : 0, ...nothing };
    return object.spec.drill ? { ...progress, drill: drillOf(object, progress, sight) } : progress;
  }
}

function advance(progress: ServiceProgress, { assignment, nowMs, regions }: Sight): ServiceProgress {
  const { epoch, from, to } = progress;
  const isReady = regions.get(to)?.isRunning === true && (regions.get(to)?.orderEpoch ?? 0) >= epoch;
  const confirmed = [...regions].some(([region, { standbyEpoch }]) => region !== to && standbyEpoch >= epoch);
  return {
    ...progress,
    promotedAt: progress.promotedAt ?? (isReady ? nowMs : undefined),
    readyAt: progress.readyAt ?? (isReady ? nowMs : undefined),
    trafficMoved: progress.trafficMoved || isReady,
    cleanedUp: progress.cleanedUp || (regions.get(from)?.standbyEpoch ?? 0) >= epoch,
    protected: progress.protected || (isReady && confirmed),
    superseded: progress.superseded || ((assignment?.epoch ?? 0) > epoch && assignment?.activeRegion !== to),
  };
}

function drillOf(object: RegionSwitch, { back, left, plan, services, stop }: ManualProgress, sight: Sight) {
  const { drill, expiresAt, region = '' } = object.spec;
  const regions = new Map([...sight.regions].map(([name, { state }]): [string, RegionState] => [name, state]));
  if (!drill) return undefined;
  if (drill.kind === 'Plan') {
    const elapsedMs = sight.nowMs - (Date.parse(object.status?.startTime ?? '') || sight.nowMs);
    return advancePlanDrill({ plan, stop, settings: drill, elapsedMs });
  }
  const picture = {
    settings: drill,
    home: region,
    before: object.status?.drill,
    now: sight.nowMs,
    stayLeftMs: Number.POSITIVE_INFINITY,
    startedAt: Date.parse(object.status?.startTime ?? '') || sight.nowMs,
    expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    stop,
    there: services.map(travellerOf),
    waiting: plan.filter(({ verdict }) => verdict !== 'Stays'),
    back: back.map(travellerOf),
    left,
    regions,
    hubIsolated: isHubIsolated([...regions.values()]),
  };
  return advanceDrill(picture, isoTime);
}
