import type { IUGroup } from '../api/iu-group.ts';
import type { RegionLease } from '../api/region-lease.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { dependencyWaitMs, endDependencyWait } from './dependencies.ts';
import { mayPromote } from './grants.ts';
import { groupViewOf } from './instance-view.ts';
import type { RegionLink } from './region-link.ts';
import { toldOtherTimings } from './region-links.ts';

interface Grants {
  /** The services that the region may run now, each with its epoch. */
  readonly grants: Readonly<Record<string, number>>;
  /** When the first of the waits that are under way for the region ends, in milliseconds; undefined without one. */
  readonly nextInMs: number | undefined;
}

type Named = Readonly<Record<string, number>>;

/** @param old what the region has been told already */
function computeGrants(context: HubContext, region: string, old: Named): Grants {
  const grants: Record<string, number> = {};
  let nextInMs: number | undefined;
  for (const instance of context.instances.store.byIndex('region', region)) {
    const assignment = context.assignments.get(keyOf(instance));
    if (assignment?.activeRegion !== region) continue;
    const verdict = judge(context, { instance, assignment, old });
    if (verdict === 'Granted') grants[keyOf(instance)] = assignment.epoch;
    else if (verdict !== undefined) nextInMs = Math.min(nextInMs ?? Number.POSITIVE_INFINITY, verdict);
  }
  return { grants, nextInMs };
}

/** Whether a service has its right, or how many milliseconds it has still to wait. Undefined: time alone does not give it. */
function judge(
  context: HubContext,
  { assignment, instance, old }: { instance: ServiceInstance; assignment: Assignment; old: Named },
): 'Granted' | number | undefined {
  const key = keyOf(instance);
  // What is to go runs on until its order goes, but is not started anew.
  if (instance.metadata.deletionTimestamp && old[key] !== assignment.epoch) return undefined;
  const group = context.groups.store.get(instance.spec.iuGroupRef.name);
  const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
  // A class that is missing changes nothing: who deletes it by mistake does not stop what runs.
  const mode = assignment.mode ?? serviceClass?.spec.crossRegion.mode ?? 'Backup';
  if (!group || mode !== 'Backup') return undefined;
  const { waitMs } = computeProtocolTiming(group.spec.timings);
  const permission = mayPromote(context, key, instance, assignment, waitMs);
  if (!permission.ok) return permission.remainingMs;
  if (permission.by === 'Continued' && !isPresent(context, group, assignment.activeRegion)) return undefined;
  const remainingMs = remainingFor({ context, instance, serviceClass, assignment }, permission.by === 'Continued', old);
  return remainingMs === 0 ? 'Granted' : remainingMs;
}

/**
 * A hub that was restored from a backup takes a decision of the past for the present one. The region that it names may have
 * been lost and left out since, and know no better, while another one runs with the promises of the others. So a right is
 * continued at once only where it is held now; where the service stands still, or that is not known, at least half of the
 * group must have been read: one of these regions knows of the newer decision.
 */
function isPresent(context: HubContext, group: IUGroup, region: string): boolean {
  const { read, size } = groupViewOf(context, group);
  return 2 * read >= size || context.links.get(region)?.evidence(true).withoutRight === false;
}

interface Promotion {
  readonly context: HubContext;
  readonly instance: ServiceInstance;
  readonly serviceClass: ServiceClass | undefined;
  readonly assignment: Assignment;
}

/**
 * What a promotion that is safe has still to wait for: the services that it needs. One that has reached the region is no
 * promotion any more, and what runs already waits for nobody.
 */
function remainingFor({ context, instance, serviceClass, assignment }: Promotion, isContinued: boolean, old: Named) {
  const key = keyOf(instance);
  if (!isContinued && old[key] !== assignment.epoch)
    return dependencyWaitMs(context, instance, serviceClass, assignment);
  endDependencyWait(context, key);
  return 0;
}

/** A merge patch that turns `old` into `next`: names that are gone become null. */
function differenceOf(
  old: Readonly<Record<string, number>>,
  next: Readonly<Record<string, number>>,
): Record<string, number | null> {
  const patch: Record<string, number | null> = {};
  for (const name of Object.keys(old)) if (!(name in next)) patch[name] = null;
  for (const [name, epoch] of Object.entries(next)) if (old[name] !== epoch) patch[name] = epoch;
  return patch;
}

/** Rights that an earlier answer did not name. */
const additionsTo = (old: Readonly<Record<string, number>>, next: Readonly<Record<string, number>>): string[] =>
  Object.keys(next).filter((name) => old[name] !== next[name]);

/** What was last sent to a region, answered or not: nonce, term and additions. */
interface Attempt {
  what: string | undefined;
}

/** A cold cache would make the answer take rights away for no reason: until it is filled there is none. */
const isWhole = ({ classes, groups, instances }: HubContext, link: RegionLink): boolean =>
  link.services.reflector.synced && [classes, groups, instances].every(({ reflector }) => reflector.synced);

/**
 * Whether nobody but this hub can acknowledge the group. Where it follows another one it leaves its term in the region
 * first, and nothing else: neither the nonce nor the rights change, so no right begins or ends by it, and the region goes on
 * asking its peers. After that no acknowledgement of the other hub is taken there.
 */
async function isOurs(context: HubContext, link: RegionLink, lease: RegionLease): Promise<boolean> {
  const group = context.links.groupOf(link.region);
  const own = context.leadership.own();
  if (!group || !own) return false;
  const verdict = context.inheritance.look(group);
  if (verdict.kind === 'Outrank') context.outranked();
  if (verdict.kind === 'Seize' && verdict.regions.includes(link.region) && context.leadership.isCertain()) {
    const { name, resourceVersion } = lease.metadata;
    const body = { metadata: { resourceVersion }, spec: { hub: { term: own.term, by: own.by, seized: true } } };
    const options = { lane: 'control', timeoutMs: 2000 } as const;
    link.leases.store.apply(await link.client.mergePatch(RESOURCES.regionLease, { name }, body, options));
  }
  return verdict.kind === 'Own';
}

/**
 * Answers a nonce. The order is the protocol: the nonce was read (it stands in `lease`), *then* leadership is checked
 * and the grants are computed, *then* the time is noted, *then* the acknowledgement is sent. A nonce read after the
 * check could belong to a time at which another leader has already given the service away.
 *
 * The patch is a compare-and-swap on the object that the nonce was read from, so what the region holds afterwards is
 * exactly what was computed, however late or doubled it arrives.
 *
 * Each acknowledgement makes the wait for the region begin anew, so none is sent that is of no use to it: a right that
 * is taken away ends with its nonce anyway, and what got no answer is sent again only after the region was read again.
 * Else the wait for a region that is dead or hangs would count from the last acknowledgement that failed.
 *
 * @returns when the first of the waits that are under way for this region ends, in milliseconds
 */
async function acknowledge(
  context: HubContext,
  link: RegionLink,
  { lease, attempt }: { readonly lease: RegionLease; readonly attempt: Attempt },
): Promise<number | undefined> {
  const nonce = lease.spec.agent?.nonce;
  if (nonce === undefined || !(await isOurs(context, link, lease))) return undefined;
  if (toldOtherTimings(context, context.links.groupOf(link.region)).length > 0) return undefined;
  const own = context.leadership.own();
  if (own === undefined) return undefined;
  const { by, record, term } = own;
  if (!context.leadership.isCertain() || !context.assignments.loaded || !isWhole(context, link)) return undefined;
  const old = lease.spec.hub?.grants ?? {};
  const { grants, nextInMs } = computeGrants(context, link.region, old);
  const additions = additionsTo(old, grants);
  const isNews = lease.spec.hub?.nonce !== nonce || lease.spec.hub.term !== term || additions.length > 0;
  const what = [nonce, term, ...additions].join();
  if (!isNews || what === attempt.what) return nextInMs;
  attempt.what = what;
  context.grants.note(link.region, Object.keys(grants));
  const { name, resourceVersion } = lease.metadata;
  const written = await link.client.mergePatch(
    RESOURCES.regionLease,
    { name },
    {
      metadata: { resourceVersion },
      spec: { hub: { nonce, term, by, record, seized: false, grants: differenceOf(old, grants) } },
    },
    { lane: 'control', timeoutMs: 2000 },
  );
  link.leases.store.apply(written);
  link.wrote();
  return nextInMs;
}

/**
 * One loop per region: reads the lease (which is also the probe of the region's API server) and answers its nonce; the
 * watch pokes it, so that an agent that has just begun to lead is answered at once.
 */
export function createAcknowledgeLoop(context: HubContext, link: RegionLink, heartbeatMs: number): Ticker {
  let probedAt = Number.NEGATIVE_INFINITY;
  const attempt: Attempt = { what: undefined };
  const rival = context.inheritance.rivalIn(link.region);
  const run = async (signal: AbortSignal): Promise<void> => {
    const now = context.clock.now().monoMs;
    const watched = link.leases.store.get(link.region);
    const isProbe = now - probedAt >= 0.4 * heartbeatMs || !watched;
    if (isProbe) probedAt = now;
    try {
      const lease = isProbe ? await probe(link, heartbeatMs, signal) : watched;
      if (!lease) return;
      if (isProbe) attempt.what = undefined;
      link.heard(lease);
      rival.see(lease);
      const nextInMs = await acknowledge(context, link, { lease, attempt }).catch((error: unknown) => {
        link.writeFailed(error);
        throw error;
      });
      lookAfter(nextInMs);
    } catch (error) {
      // Somebody wrote first, most likely the agent with a newer nonce: the watch brings it, and pokes.
      if (!(error instanceof ConflictError)) throw error;
    }
  };
  /** A wait that ends before the next look: nobody waits for the look. */
  const lookAfter = (ms: number | undefined): void => {
    if (ms !== undefined && ms < heartbeatMs / 2) context.clock.setTimer(ms, () => ticker.poke());
  };
  const onError = (error: unknown): void =>
    context.log('debug', 'Region did not answer', { region: link.region, error: String(error) });
  const ticker = new Ticker({ clock: context.clock, everyMs: heartbeatMs / 2, run, onError });
  link.leases.store.addHandler((delta) => {
    if (delta.type === 'deleted') return;
    link.heard(delta.object);
    if (delta.object.spec.hub?.nonce !== delta.object.spec.agent?.nonce) ticker.poke();
  });
  return ticker;
}

async function probe(link: RegionLink, heartbeatMs: number, signal: AbortSignal): Promise<RegionLease> {
  try {
    const lease = await link.client.read(
      RESOURCES.regionLease,
      { name: link.region },
      { lane: 'control', timeoutMs: heartbeatMs, signal },
    );
    link.contacted();
    // A watch may lag: what was read is what is judged by.
    link.leases.store.apply(lease);
    return lease;
  } catch (error) {
    link.failed(error);
    throw error;
  }
}
