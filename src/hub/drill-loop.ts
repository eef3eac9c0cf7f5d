import { API_VERSION, isoTime } from '../api/common.ts';
import type { DrillEntry, ScheduledDrill } from '../api/drill-schedule.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import { findObstacle } from '../decide/drill-obstacle.ts';
import { type DrillQuestion, type DrillStep, decideDrill, entryAfter } from '../decide/drill-schedule.ts';
import { labelValue } from '../decide/name.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { drillSkipped, drillStarted } from '../report/events.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import { fencedServices } from './instance-view.ts';

const LOOK_EVERY_MS = 5000;
/** Ended drills of the calendar that are kept for each group. */
const HISTORY = 20;

/**
 * Makes a RegionSwitch for each time of each drill of the calendar. It chooses no region: the placement loop carries the
 * drills out. What it decided is told by the group loop; its names make sure that no drill is made twice.
 */
export function createDrillLoop(context: HubContext): Ticker {
  let term: number | undefined;
  return new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    onError: (error) => context.log('warn', 'Drills not looked at', { error: String(error) }),
    async run(signal) {
      if (!context.leadership.isCertain()) return;
      if (context.leadership.term !== term) context.drills.clear();
      term = context.leadership.term;
      if (!context.groups.reflector.synced || !context.switches.reflector.synced || !context.assignments.loaded) return;
      for (const group of context.groups.store.list()) await lookAt(context, group, signal);
    },
  });
}

async function lookAt(context: HubContext, group: IUGroup, signal: AbortSignal): Promise<void> {
  const { name } = group.metadata;
  const before = context.drills.get(name) ?? group.status?.drills ?? [];
  const after: DrillEntry[] = [];
  for (const drill of group.spec.drills) {
    const entry = before.find((known) => known.name === drill.name);
    const now = context.clock.now().wallMs;
    const question = { group: name, drill, entry, now, obstacle: obstacleTo(context, group, now) };
    const step = decideDrill(question);
    const isDone = await carryOut(context, group, question, step, signal);
    // What could not be written is decided anew at the next look.
    after.push(isDone || !entry ? entryAfter(question, isDone ? step : { kind: 'Nothing' }) : entry);
  }
  const isNews = JSON.stringify(before) !== JSON.stringify(after);
  context.drills.set(name, after);
  if (isNews) context.lookAgain.group(name);
}

function obstacleTo(context: HubContext, group: IUGroup, now: number): string | undefined {
  const { name } = group.metadata;
  const regions = group.spec.infrastructureUnits.map(({ region }): [string, RegionState] => [
    region,
    context.diagnoses.get(region)?.state ?? 'Unknown',
  ]);
  return findObstacle({
    group: name,
    switches: context.switches.store.list(),
    standing: context.standings.get(name),
    regions: new Map(regions),
    hubIsolated: isHubSuspect(context, group),
    fenced: fencedServices(context, group),
    now,
  });
}

/** @returns whether it is carried out, and need not be decided again */
async function carryOut(
  context: HubContext,
  group: IUGroup,
  { drill }: DrillQuestion,
  step: DrillStep,
  signal: AbortSignal,
): Promise<boolean> {
  if (step.kind === 'Skip') {
    if (!drill.suspend) context.events.record(drillSkipped(group, drill.name, step.message));
    context.log('info', 'Drill left out', { drill: drill.name, because: step.message });
  }
  if (step.kind !== 'Start') return true;
  // The facts are those of this very look; the writes before took time.
  if (!context.leadership.isCertain()) return false;
  try {
    const written = await context.client.create(RESOURCES.regionSwitch, drillObject(group, drill, step), { signal });
    context.switches.store.apply(written);
    context.events.record(drillStarted(group, drill.name, step.name));
  } catch (error) {
    // A leader before this one has made it.
    if (error instanceof ConflictError) return true;
    context.log('warn', 'Drill not begun', { drill: drill.name, error: String(error) });
    return false;
  }
  await dropOld(context, group, signal);
  return true;
}

function drillObject(
  group: IUGroup,
  {
    abortAfterSeconds,
    kind,
    name,
    objectiveSeconds,
    region,
    services,
    staySeconds,
    windowSeconds,
    zone,
  }: ScheduledDrill,
  step: Extract<DrillStep, { kind: 'Start' }>,
): RegionSwitch {
  const objective = objectiveSeconds === undefined ? {} : { objectiveSeconds };
  const labels = {
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.iuGroup]: labelValue(keyOf(group)),
    [LABELS.drill]: name,
  };
  return {
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name: step.name, labels },
    spec: {
      iuGroupRef: { name: group.metadata.name },
      type: 'Drill',
      trigger: 'Schedule',
      region,
      ...(services && { services }),
      reason: `drill ${name} of IU group ${group.metadata.name}, due at ${isoTime(step.dueAt)}`,
      drill: { kind, ...(zone !== undefined && { zone }), staySeconds, abortAfterSeconds, ...objective },
      expiresAt: isoTime(step.dueAt + windowSeconds * 1000),
      dryRun: false,
      abort: false,
      undo: false,
      pause: false,
    },
  };
}

/** History is bounded: of the drills that it made itself the oldest ended ones go. */
async function dropOld(context: HubContext, group: IUGroup, signal: AbortSignal): Promise<void> {
  const isOwn = ({ metadata, spec }: RegionSwitch): boolean =>
    spec.trigger === 'Schedule' && metadata.labels?.[LABELS.managedBy] === MANAGED_BY;
  const ended = context.switches.store
    .list()
    .filter((s) => isOwn(s) && s.spec.iuGroupRef.name === group.metadata.name && s.status?.endTime !== undefined)
    .sort((x, y) => ((x.status?.endTime ?? '') < (y.status?.endTime ?? '') ? -1 : 1));
  for (const { metadata } of ended.slice(0, Math.max(0, ended.length - HISTORY))) {
    await context.client.delete(RESOURCES.regionSwitch, { name: metadata.name }, { signal });
  }
}
