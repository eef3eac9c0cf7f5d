import type { LeasePromise, RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { isRefusal } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { AgentContext } from './context.ts';
import { rightMs } from './facts.ts';

/** Opens a connection to the API server of another region; undefined when nothing is known of that region. */
export type ConnectPeer = (region: string) => Promise<KubeClient | undefined>;

export interface PeerOptions {
  readonly connectPeer: ConnectPeer;
  readonly heartbeatMs: number;
  /** Told which services may have gained a right. */
  readonly onPromised: (services: readonly string[]) => void;
  /** Told when a peer looks different from before. */
  readonly onSighting: () => void;
}

export interface PeerLoop {
  start(): void;
  stop(): Promise<void>;
}

/** What this agent knows of one peer. */
interface Peer {
  readonly region: string;
  client: KubeClient | undefined;
  isBusy: boolean;
  /** The nonce that the hub had not answered when it was last looked at, and the one that we answered last. */
  unanswered: string | undefined;
  promised: string | undefined;
}

/**
 * Failsafe: the loss of the hub, or of the link between it and one region, stops nothing. An active region that the
 * hub does not answer runs on with the promises of all its successors not to start the service.
 *
 * Each agent reads the `RegionLease` of every peer that it shares a service with, four times a heartbeat: one `get` of
 * one object. It serves both sides: there stands the nonce that the peer asks with, and what the peer promised us. A
 * promise is written only for a nonce that the hub leaves unanswered, so while the hub is well nothing is written. That
 * the nonce moves is what this region can tell the hub of the peer.
 */
export function createPeerLoop(context: AgentContext, options: PeerOptions): PeerLoop {
  const peers = new Map<string, Peer>();
  const peerOf = (region: string): Peer => {
    const known = peers.get(region);
    if (known) return known;
    const peer = { region, client: undefined, isBusy: false, unanswered: undefined, promised: undefined };
    peers.set(region, peer);
    return peer;
  };
  const ticker = new Ticker({
    clock: context.clock,
    everyMs: options.heartbeatMs / 4,
    // A peer that hangs must not hold up the others: each is looked at on its own.
    run: async (signal) => {
      if (!context.leadership.hasDuty) return;
      const regions = findPeers(context);
      context.sightings.keep(regions);
      for (const region of regions) void look(context, peerOf(region), options, signal);
    },
  });
  return {
    start: () => ticker.start(),
    async stop() {
      await ticker.stop();
      await Promise.all([...peers.values()].map(disconnect));
    },
  };
}

/** Regions that this one shares an active/backup service with, as its orders name them. */
function findPeers({ orders, region }: AgentContext): Set<string> {
  const found = new Set<string>();
  for (const { spec } of orders.values()) {
    if (spec.mode !== 'Backup' || spec.onHubLoss !== 'Fence') continue;
    for (const peer of spec.role === 'Active' ? spec.successors : [spec.activeRegion]) found.add(peer);
  }
  found.delete(region);
  return found;
}

async function look(context: AgentContext, peer: Peer, options: PeerOptions, signal: AbortSignal): Promise<void> {
  if (peer.isBusy) return;
  peer.isBusy = true;
  let isRead = false;
  try {
    peer.client ??= await options.connectPeer(peer.region);
    if (!peer.client) {
      if (context.sightings.unknown(peer.region)) options.onSighting();
      return;
    }
    const lease = await peer.client.read(
      RESOURCES.regionLease,
      { name: peer.region },
      { lane: 'control', timeoutMs: options.heartbeatMs, signal },
    );
    isRead = true;
    believe(context, peer, lease, options);
    if (context.sightings.answered(peer.region, lease)) options.onSighting();
    await answer(context, peer, lease);
  } catch (error) {
    if (!signal.aborted) context.log('debug', 'Peer did not answer', { peer: peer.region, error: String(error) });
    if (!isRead && noteFailure(context, peer, error)) options.onSighting();
    // Credentials are replaced while the agent runs: the next look reads them anew.
    if (isRefusal(error)) await disconnect(peer);
  } finally {
    peer.isBusy = false;
  }
}

/** A peer that refuses this region, or whose credentials cannot be used, is not known to be gone. */
const noteFailure = ({ sightings }: AgentContext, { client, region }: Peer, error: unknown): boolean =>
  !client || isRefusal(error) ? sightings.unknown(region) : sightings.failed(region);

async function disconnect(peer: Peer): Promise<void> {
  const { client } = peer;
  peer.client = undefined;
  await client?.transport.close();
}

/** Takes what the peer promised this region. */
function believe(context: AgentContext, peer: Peer, { spec }: RegionLease, { onPromised }: PeerOptions): void {
  const promise = spec.promises?.[context.region];
  // It stands there for long after it has ended; four looks a heartbeat must cost nothing then.
  if (!promise || !context.authority.isNews(peer.region, promise)) return;
  const hasRight = (order: RegionalService): boolean => rightMs(context, order) > 0;
  const waiting = [...context.orders.values()].filter((order) => order.spec.role === 'Active' && !hasRight(order));
  context.authority.takePromise(peer.region, promise);
  onPromised(waiting.filter(hasRight).map(keyOf));
}

/**
 * Promises the peer what it asks for. The order is the protocol: the nonce was read (it stands in `lease`), *then*
 * leadership and orders are looked at, *then* the time is noted, *then* the promise is sent. What arrives late is of no
 * use to anybody: the right that it gives counts from before the nonce was sent.
 */
async function answer(context: AgentContext, peer: Peer, { spec }: RegionLease): Promise<void> {
  const nonce = spec.agent?.nonce;
  const isAnswered = nonce === undefined || spec.hub?.nonce === nonce;
  const isSecondLook = peer.unanswered === nonce;
  peer.unanswered = isAnswered ? undefined : nonce;
  // A nonce that the hub is about to answer needs no promise; each gets one at most.
  if (isAnswered || !isSecondLook || peer.promised === nonce) return;
  const promise = promiseFor(context, peer.region, nonce);
  if (!promise) return;
  peer.promised = nonce;
  context.promises.note(promise.services.map(({ name }) => name));
  await context.client.mergePatch(
    RESOURCES.regionLease,
    { name: context.region },
    { spec: { promises: { [peer.region]: promise } } },
    { lane: 'control' },
  );
}

/** What this region stands by for, at the epochs at which the peer is to run it; only from orders that are sure. */
function promiseFor(context: AgentContext, peer: string, nonce: string): LeasePromise | undefined {
  const { leadership, orders, region } = context;
  if (!leadership.isCertain() || !orders.sure) return undefined;
  const services = [...orders.values()].filter(
    ({ metadata, spec }) =>
      spec.mode === 'Backup' &&
      spec.role === 'Standby' &&
      spec.activeRegion === peer &&
      spec.successors.includes(region) &&
      metadata.deletionTimestamp === undefined,
  );
  if (services.length === 0) return undefined;
  return { nonce, services: services.map((order) => ({ name: keyOf(order), epoch: order.spec.epoch })) };
}
