import { API_VERSION, isoTime } from '../api/common.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { EvidenceLine } from '../decide/evidence.ts';
import { isOwnRecord } from '../decide/manual-switch.ts';
import { joinName } from '../decide/name.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { reportStatus } from '../report/status.ts';
import { isOver, type ServiceProgress, switchReport } from '../report/switch.ts';
import { withTraceId } from '../report/switch-spans.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { takenUp, untimed, withUnnamed } from './manual-record.ts';
import { ManualRecords } from './manual-records.ts';
import { advance, begin, type Move } from './switch-progress.ts';
import { JOIN_WITHIN_MS, recordedAs, UntoldMoves, unlistedMoves } from './switch-recovery.ts';

const LOOK_EVERY_MS = 1000;
const SETTLE_MS = 200;
/** The record of a switch lists all its services: it is not written for each of them while they are on their way. */
const REPORT_EVERY_MS = 2000;
/** Ended switches of the operator's own that are kept for each group. */
const HISTORY = 50;

interface OpenSwitch {
  readonly name: string;
  readonly group: string;
  readonly type: RegionSwitch['spec']['type'];
  readonly region: string;
  readonly cause: string;
  readonly evidence: readonly EvidenceLine[];
  readonly openedAt: number;
  readonly services: Map<string, ServiceProgress>;
  /** How many an earlier leader had begun that neither its list nor an assignment names. */
  readonly unnamed: number;
  reportedAt: Instant | undefined;
}

export interface SwitchLoop {
  readonly ticker: Ticker;
  note(move: Move): void;
}

/**
 * Keeps the record of each switch, those of persons included: which services, which steps, how long. It follows; nothing
 * waits for it. A switch that an earlier leader opened is taken up from what that leader last wrote, and one of which it
 * wrote nothing from the assignments.
 */
export function createSwitchLoop(context: HubContext): SwitchLoop {
  const open: OpenSwitch[] = [];
  const manual = new ManualRecords(context);
  const untold = new UntoldMoves(context);
  const ticker = new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    settleMs: SETTLE_MS,
    onError: (error) => context.log('warn', 'Switch not recorded', { error: String(error) }),
    async run(signal) {
      if (!context.leadership.isCertain()) {
        open.length = 0;
        manual.forget();
        untold.forget();
        return;
      }
      context.traceSwitches?.(context.switches.store.list());
      adoptOpen(context, open);
      for (const move of untold.take()) noteMove(open, move);
      for (const each of [...open]) {
        await follow(context, each, signal);
        if (isOver(allOf(each))) open.splice(open.indexOf(each), 1);
      }
      await manual.follow(signal);
    },
  });
  const note = (move: Move): void => {
    untold.note(move);
    if (move.next.regionSwitch === undefined) noteMove(open, move);
    else manual.note(move);
  };
  return { ticker, note };
}

function noteMove(open: OpenSwitch[], move: Move): void {
  const { decidedAt, evidence, from, instance, next } = move;
  const { region, type } = recordedAs(from, next);
  const group = instance.spec.iuGroupRef.name;
  let found = open.find(
    (s) => s.group === group && s.type === type && s.region === region && decidedAt - s.openedAt < JOIN_WITHIN_MS,
  );
  if (!found) {
    const stamp = isoTime(decidedAt).replace(/[-:]/g, '').toLowerCase();
    const cause = causeOf(move, region);
    found = {
      name: joinName([group, type.toLowerCase(), region, stamp], 63),
      group,
      type,
      region,
      cause,
      // Bounded by the API: the hub and sixteen regions, in a sentence each.
      evidence: evidence.slice(0, 17).map(({ saw, source }) => ({ source, saw: saw.slice(0, 256) })),
      openedAt: decidedAt,
      services: new Map(),
      unnamed: 0,
      reportedAt: undefined,
    };
    open.push(found);
  }
  found.services.set(keyOf(instance), begin(move));
}

function causeOf({ from, next }: Move, region: string): string {
  if (next.reason === 'FailedOver') return `region ${from} is lost`;
  if (next.reason === 'RegionSick') return `region ${from} is sick: what is not ready there leaves it`;
  if (next.reason === 'Moved') return `region ${region} is the new primary one, or has what must live in one region`;
  return `region ${region} has been healthy for long enough`;
}

/** Also one that stands there without a word: its leader made it and died. The assignments tell what it is about. */
function adoptOpen(context: HubContext, open: OpenSwitch[]): void {
  if (!context.assignments.loaded) return;
  const now = context.clock.now().wallMs;
  for (const record of context.switches.store.list()) {
    const { metadata, spec, status } = record;
    if (!isOwnRecord(record) || status?.endTime !== undefined) continue;
    if (open.some(({ name }) => name === metadata.name)) continue;
    const services = takenUp(status?.services);
    for (const move of unlistedMoves(context, record))
      services.set(keyOf(move.instance), untimed(advance(context, begin(move), now)));
    const { cause = '', iuGroupRef, region = '', type } = spec;
    const openedAt = Date.parse(status?.startTime ?? metadata.creationTimestamp ?? '') || 0;
    open.push({
      name: metadata.name,
      group: iuGroupRef.name,
      type,
      region,
      cause,
      evidence: status?.evidence ?? [],
      openedAt,
      services,
      unnamed: Math.max(0, (status?.servicesTotal ?? 0) - services.size),
      reportedAt: undefined,
    });
  }
}

const allOf = ({ services, unnamed }: OpenSwitch): ServiceProgress[] => withUnnamed(services, unnamed);

async function follow(context: HubContext, each: OpenSwitch, signal: AbortSignal): Promise<void> {
  const instant = context.clock.now();
  const now = instant.wallMs;
  for (const [name, progress] of each.services) each.services.set(name, advance(context, progress, now));
  const isRecent = each.reportedAt !== undefined && elapsedAtLeast(each.reportedAt, instant) < REPORT_EVERY_MS;
  if (isRecent && !isOver(allOf(each))) return;
  const object = context.switches.store.get(each.name) ?? (await create(context, each, signal));
  if (!object) return;
  const options = {
    client: context.client,
    resource: RESOURCES.regionSwitch,
    store: context.switches.store,
    now: isoTime(now),
    signal,
  };
  const { conditions, fields } = switchReport(object, allOf(each), now);
  const evidence = each.evidence.length > 0 && { evidence: each.evidence };
  await reportStatus(options, object, withTraceId(object, { conditions, fields: { ...fields, ...evidence } }));
  each.reportedAt = instant;
}

async function create(context: HubContext, each: OpenSwitch, signal: AbortSignal): Promise<RegionSwitch | undefined> {
  const object: RegionSwitch = {
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name: each.name, labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.iuGroup]: each.group } },
    spec: {
      iuGroupRef: { name: each.group },
      type: each.type,
      region: each.region,
      cause: each.cause,
      trigger: 'Automatic',
      dryRun: false,
      abort: false,
      undo: false,
      pause: false,
    },
  };
  try {
    const written = await context.client.create(RESOURCES.regionSwitch, object, { signal });
    context.switches.store.apply(written);
    await dropOld(context, each.group, signal);
    return written;
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
}

/** History is bounded: the oldest ended switches go. What a person made is a person's to delete. */
async function dropOld(context: HubContext, group: string, signal: AbortSignal): Promise<void> {
  const ended = context.switches.store
    .list()
    .filter((s) => isOwnRecord(s) && s.spec.iuGroupRef.name === group && s.status?.endTime !== undefined)
    .sort((x, y) => ((x.status?.endTime ?? '') < (y.status?.endTime ?? '') ? -1 : 1));
  for (const old of ended.slice(0, Math.max(0, ended.length - HISTORY))) {
    await context.client.delete(RESOURCES.regionSwitch, { name: old.metadata.name }, { signal });
  }
}
