import { isDeepStrictEqual } from 'node:util';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TransitCentreStatus } from '../api/transit-centre.ts';
import type { CohortPlan } from '../decide/cohort.ts';
import type { GroupFreeze } from '../decide/transit/ingress-view.ts';
import { lookAtTransit, type PathHistories, type TransitLook } from '../decide/transit/look.ts';
import { judgeProtection, judgeReach } from '../decide/transit/reach.ts';
import { ConflictError } from '../kube/errors.ts';
import { recordedTransit, transitReady, transitStatus } from '../report/transit.ts';
import { transitEvents, uplinkEvents } from '../report/transit-events.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import { whileSettling } from './settling.ts';
import { CallerBook } from './transit-callers.ts';
import { transitRows } from './transit-rows.ts';

const LOOK_EVERY_MS = 1000;

/** What the transit loop has to say of a group; the group loop writes the conditions. */
export interface TransitNews {
  readonly centres: readonly TransitCentreStatus[];
  readonly conditions: readonly ConditionState[];
  readonly uplinks: TransitLook['matrix']['uplinks'];
}

/**
 * The one loop that decides through which transit centre callers come in. It alone writes `IUGroup.status.transitCentres`,
 * onto the very object that it looked at; what leads traffic reads it there. So a restart moves nothing, and an older leader
 * replaces nothing newer.
 */
export function createTransitLoop(context: HubContext, plan: () => CohortPlan | undefined): Ticker {
  const histories = new Map<string, PathHistories>();
  const book = new CallerBook();
  let term: number | undefined;
  return new Ticker({
    clock: context.clock,
    everyMs: LOOK_EVERY_MS,
    onError: (error) => context.log('warn', 'Transit centres not looked at', { error: String(error) }),
    async run(signal) {
      if (!context.leadership.isCertain() || !context.groups.reflector.fresh) return;
      if (context.leadership.term !== term) {
        histories.clear();
        context.transit.clear();
      }
      term = context.leadership.term;
      for (const group of context.groups.store.list()) {
        const cohorts = plan();
        if (!group.spec.transit) await forget(context, group, histories, signal);
        else if (cohorts && isWhole(context, group)) await lookAt(context, group, { book, cohorts, histories }, signal);
      }
    },
  });
}

/** Before the RegionSwitches are read one of them could be a freeze, and what was told last stands until the regions are seen. */
const isWhole = (context: HubContext, group: IUGroup): boolean =>
  context.standings.has(group.metadata.name) &&
  context.assignments.loaded &&
  context.classes.reflector.synced &&
  context.instances.reflector.synced &&
  whileSettling(context, group, group) === undefined;

interface Memory {
  readonly book: CallerBook;
  readonly cohorts: CohortPlan;
  readonly histories: Map<string, PathHistories>;
}

async function lookAt(context: HubContext, group: IUGroup, memory: Memory, signal: AbortSignal): Promise<void> {
  const { name } = group.metadata;
  const look = lookNow(context, group, memory);
  if (!look) return;
  memory.histories.set(name, look.histories);
  const before = group.status?.transitCentres;
  const after = transitStatus(look, before, look.view.nowMs);
  const isRecorded = isDeepStrictEqual(before, after) || (await record(context, group, after, signal));
  if (isRecorded) publish(context, group, look, after);
}

function lookNow(context: HubContext, group: IUGroup, { book, cohorts, histories }: Memory): TransitLook | undefined {
  const { name } = group.metadata;
  const { residency, transit } = group.spec;
  if (!transit) return undefined;
  const { monoMs, wallMs } = context.clock.now();
  return lookAtTransit({
    centres: transit.centres,
    policy: transit.policy,
    rows: transitRows(context, group),
    recorded: recordedTransit(group.status?.transitCentres),
    histories: histories.get(name) ?? new Map(),
    callers: book.callersOf(context, group, cohorts),
    countries: residency?.countries,
    geographies: residency?.geographies,
    freezes: freezesOf(context, name),
    hubIsolated: isHubSuspect(context, group),
    nowMs: wallMs,
    monoMs,
  });
}

/** One of a region, of some services or of some tenants holds what moves there; callers are of the whole group. */
const freezesOf = ({ standings }: HubContext, group: string): GroupFreeze[] =>
  (standings.get(group)?.freezes ?? []).flatMap(({ name, region, services, tenants, until }) =>
    region === undefined && services === undefined && tenants === undefined ? [{ name, until }] : [],
  );

/** Intent first: one compare-and-swap, before traffic hears of it. @returns whether it stands there */
async function record(
  context: HubContext,
  group: IUGroup,
  centres: readonly TransitCentreStatus[] | null,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, resourceVersion, uid } = group.metadata;
  // The facts are those of this very look; the writes before took time.
  if (!context.leadership.isCertain()) return false;
  try {
    const patch = { metadata: { uid, resourceVersion }, status: { transitCentres: centres } };
    const written = await context.client.mergePatch(RESOURCES.iuGroup, { name }, patch, {
      subresource: 'status',
      signal,
    });
    context.groups.store.apply(written);
  } catch (error) {
    // Somebody has written in between: it is decided anew, from what stands there then.
    if (error instanceof ConflictError) return false;
    throw error;
  }
  for (const event of transitEvents(group, group.status?.transitCentres, centres ?? [])) context.events.record(event);
  return true;
}

function publish(
  context: HubContext,
  group: IUGroup,
  look: TransitLook,
  centres: readonly TransitCentreStatus[],
): void {
  const { name } = group.metadata;
  const before = context.transit.get(name);
  // By what was just decided: the next look finds it recorded.
  const view = withRecorded(look, centres);
  const conditions = [transitReady(look, centres), judgeProtection(view), judgeReach(view)];
  const { uplinks } = look.matrix;
  // A leader that has just begun does not tell again what the one before has told.
  const wasTold = !before && group.status?.conditions?.some(({ reason }) => reason === 'RegionUplinkLost') === true;
  for (const event of wasTold ? [] : uplinkEvents(group, before?.uplinks ?? [], uplinks)) context.events.record(event);
  context.transit.set(name, { centres, conditions, uplinks });
  for (const { ingress, name: centre } of centres) {
    const from = before?.centres.find((entry) => entry.name === centre)?.ingress?.servedBy;
    if (from !== undefined && from !== ingress?.servedBy) {
      context.log('info', 'Voice ingress set', { group: name, centre, from, to: ingress?.servedBy });
    }
  }
  if (!isDeepStrictEqual(before?.conditions, conditions)) context.lookAgain.group(name);
}

function withRecorded({ view }: TransitLook, centres: readonly TransitCentreStatus[]): TransitLook['view'] {
  const recorded = recordedTransit(centres);
  return {
    ...view,
    centres: view.centres.map((centre) => ({ ...centre, ingress: recorded.get(centre.spec.name)?.ingress })),
  };
}

/** A group that has no transit centres any more says nothing of them. */
async function forget(
  context: HubContext,
  group: IUGroup,
  histories: Map<string, PathHistories>,
  signal: AbortSignal,
): Promise<void> {
  histories.delete(group.metadata.name);
  if (context.transit.delete(group.metadata.name)) context.lookAgain.group(group.metadata.name);
  if (group.status?.transitCentres !== undefined) await record(context, group, null, signal);
}
