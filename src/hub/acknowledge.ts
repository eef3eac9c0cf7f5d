import type { RegionLease } from '../api/region-lease.ts';
import { RESOURCES } from '../api/resources.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { HubContext } from './context.ts';
import { mayPromote } from './grants.ts';
import type { RegionLink } from './region-link.ts';

/** The services that this region may run now, each with its epoch. */
function computeGrants(context: HubContext, region: string): Record<string, number> {
  const grants: Record<string, number> = {};
  for (const instance of context.instances.store.byIndex('region', region)) {
    const key = keyOf(instance);
    const assignment = context.assignments.get(key);
    if (assignment?.activeRegion !== region) continue;
    const group = context.groups.store.get(instance.spec.iuGroupRef.name);
    const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
    if (!group || serviceClass?.spec.crossRegion.mode !== 'Backup') continue;
    const { waitMs } = computeProtocolTiming(group.spec.timings);
    if (mayPromote(context, key, instance, assignment, waitMs).ok) grants[key] = assignment.epoch;
  }
  return grants;
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

/**
 * Answers a nonce. The order is the protocol: the nonce was read (it stands in `lease`), *then* leadership is checked
 * and the grants are computed, *then* the time is noted, *then* the acknowledgement is sent. A nonce read after the
 * check could belong to a time at which another leader has already given the service away.
 *
 * The patch is a compare-and-swap on the object that the nonce was read from, so what the region holds afterwards is
 * exactly what was computed, however late or doubled it arrives.
 */
async function acknowledge(context: HubContext, link: RegionLink, lease: RegionLease): Promise<void> {
  const nonce = lease.spec.agent?.nonce;
  const { term } = context.leadership;
  if (nonce === undefined || term === undefined) return;
  if (!context.leadership.isCertain() || !context.assignments.loaded) return;
  const grants = computeGrants(context, link.region);
  const change = differenceOf(lease.spec.hub?.grants ?? {}, grants);
  const isNews = lease.spec.hub?.nonce !== nonce || lease.spec.hub.term !== term || Object.keys(change).length > 0;
  if (!isNews || (lease.spec.hub?.term ?? 0) > term) return;
  context.grants.note(link.region, Object.keys(grants));
  const { name, resourceVersion } = lease.metadata;
  const written = await link.client.mergePatch(
    RESOURCES.regionLease,
    { name },
    { metadata: { resourceVersion }, spec: { hub: { nonce, term, grants: change } } },
    { lane: 'control', timeoutMs: 2000 },
  );
  link.leases.store.apply(written);
}

/**
 * One loop per region: reads the lease (which is also the probe of the region's API server) and answers its nonce; the
 * watch pokes it, so that an agent that has just begun to lead is answered at once.
 */
export function createAcknowledgeLoop(context: HubContext, link: RegionLink, heartbeatMs: number): Ticker {
  let probedAt = Number.NEGATIVE_INFINITY;
  const run = async (signal: AbortSignal): Promise<void> => {
    const now = context.clock.now().monoMs;
    const watched = link.leases.store.get(link.region);
    const isProbe = now - probedAt >= 0.4 * heartbeatMs || !watched;
    if (isProbe) probedAt = now;
    try {
      const lease = isProbe ? await probe(link, heartbeatMs, signal) : watched;
      if (!lease) return;
      link.heard(lease);
      await acknowledge(context, link, lease);
    } catch (error) {
      link.failed(error);
      // Somebody wrote first, most likely the agent with a newer nonce: the watch brings it, and pokes.
      if (!(error instanceof ConflictError)) throw error;
    }
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
  const lease = await link.client.read(
    RESOURCES.regionLease,
    { name: link.region },
    { lane: 'control', timeoutMs: heartbeatMs, signal },
  );
  link.contacted();
  return lease;
}
