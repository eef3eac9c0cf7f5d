import type { IUGroup } from '../api/iu-group.ts';
import { FIELD_MANAGERS } from '../api/labels.ts';
import type { Region } from '../api/region.ts';
import type { PeerSighting, RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import type { RegionEvidence } from '../decide/evidence.ts';
import { type Applier, createApplier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { ConflictError, isRefusal, NotFoundError } from '../kube/errors.ts';
import { createInformer, type Informer } from '../kube/informer.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { createDirectoryCache } from './directory-cache.ts';
import { ReadinessBook } from './readiness.ts';
import { type Judgement, RegionHistory } from './region-history.ts';

const SILENCE_MS = 5000;

export interface RegionLinkOptions {
  readonly region: string;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

/** More than a region is ever asked for. */
const MOST_ITEMS = 16;

/** What a region says is untrusted: one that breaks the schema must not break the loop that judges all of them. */
export const listOf = <T extends object>(list: readonly T[] | undefined): readonly T[] =>
  Array.isArray(list) ? list.slice(0, MOST_ITEMS).filter((item) => typeof item === 'object' && item !== null) : [];

/** What of a group's spec belongs to one region. */
export const unitOf = (group: IUGroup, region: string) =>
  group.spec.infrastructureUnits.find((unit) => unit.region === region);

/**
 * The hub's end of one region: its client, its caches, and what was seen of it and when. Everything that comes through
 * it is untrusted; a link that hangs holds up nothing but itself.
 */
export class RegionLink {
  readonly region: string;
  readonly client: KubeClient;
  readonly applier: Applier;
  readonly services: Informer<RegionalService>;
  readonly regions: Informer<Region>;
  readonly leases: Informer<RegionLease>;
  /** Without the tenants: what is written there is told apart by a hash. */
  readonly directory: Informer<TenantDirectory>;
  readonly #clock: Clock;
  #engagedAt: Instant;
  #contactAt: Instant | undefined;
  #heartbeatAt: Instant | undefined;
  #agent: RegionLease['spec']['agent'];
  #writesFailAt: Instant | undefined;
  #refused = false;
  readonly #history: RegionHistory;
  /** Since when services that run in the region are not ready there. */
  readonly readiness: ReadinessBook;

  constructor(options: RegionLinkOptions) {
    this.region = options.region;
    this.client = options.client;
    this.applier = createApplier({ client: options.client, fieldManager: FIELD_MANAGERS.hub });
    this.#clock = options.clock;
    this.#engagedAt = options.clock.now();
    this.#history = new RegionHistory(options.clock);
    this.readiness = new ReadinessBook(options.clock);
    const only = { fieldSelector: `metadata.name=${options.region}` };
    this.services = createInformer<RegionalService>({ ...options, resource: RESOURCES.regionalService });
    this.regions = createInformer<Region>({ ...options, resource: RESOURCES.region, ...only });
    this.leases = createInformer<RegionLease>({
      ...options,
      resource: RESOURCES.regionLease,
      ...only,
      lane: 'control',
    });
    // What becomes of it says nothing of the region: an agent of an older version may not have the kind yet.
    this.directory = createDirectoryCache({ ...options, onError: () => undefined });
  }

  /** Whether every cache of the region has been filled once. Until then nothing is known to be absent. */
  get synced(): boolean {
    return this.services.reflector.synced && this.regions.reflector.synced;
  }

  start(): void {
    for (const informer of this.#informers()) informer.reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#informers().map((informer) => informer.reflector.stop()));
  }

  /**
   * A new leadership judges by what it sees itself. A cache that lags behind what the leader before has granted would
   * make this one take the right away again.
   */
  beginLeadership(): void {
    void this.services.reflector.refresh();
    // What it found of the transit centres: a watch that is dead without a word would let callers move for yesterday's news.
    void this.regions.reflector.refresh();
    this.#engagedAt = this.#clock.now();
    this.#contactAt = undefined;
    this.#heartbeatAt = undefined;
    this.#agent = undefined;
    this.#writesFailAt = undefined;
    this.#history.forget();
    this.readiness.forget();
  }

  /** Any answer of the region's API server. */
  contacted(): void {
    const silentForMs = this.#since(this.#contactAt);
    // A write that failed before a silence says nothing of what comes after it.
    if (silentForMs === undefined || silentForMs >= SILENCE_MS) this.#writesFailAt = undefined;
    this.#contactAt = this.#clock.now();
    this.#refused = false;
  }

  /** A lease that was read or watched: a nonce that was not seen before is a heartbeat. */
  heard(lease: RegionLease): void {
    const { agent } = lease.spec;
    if (agent === undefined || agent.nonce === this.#agent?.nonce) return;
    this.#agent = agent;
    this.#heartbeatAt = this.#clock.now();
  }

  /** What its agent saw of its peers when it last beat. */
  get sightings(): readonly PeerSighting[] {
    return listOf(this.#agent?.peers);
  }

  /** A write of the hub was answered. */
  wrote(): void {
    this.#writesFailAt = undefined;
  }

  /** Reads say nothing of writes: a region may be seen well and yet be told nothing. A conflict is an answer. */
  writeFailed(error: unknown): void {
    if (error instanceof ConflictError || error instanceof NotFoundError) this.wrote();
    else this.#writesFailAt ??= this.#clock.now();
  }

  /** An answer that refuses is an answer: the region is not lost, but nothing is known of it. */
  failed(error: unknown): void {
    if (error instanceof NotFoundError) this.contacted();
    else if (isRefusal(error)) this.#refused = true;
  }

  /** Keeps account of how it has fared. */
  judged(judgement: Judgement): void {
    this.#history.judged(judgement);
  }

  /** How long it has been well without a break. */
  get healthyForMs(): number {
    return this.#history.wellForMs;
  }

  /** How long it has been lost without a break; undefined: it is not. */
  get lostForMs(): number | undefined {
    return this.#history.lostForMs;
  }

  /** Wall-clock milliseconds of the last answer. */
  lastSignAt(): number | undefined {
    return this.#contactAt?.wallMs;
  }

  evidence(everSeen: boolean): RegionEvidence {
    return {
      sinceContactMs: this.#since(this.#contactAt),
      sinceHeartbeatMs: this.#since(this.#heartbeatAt),
      sinceLookMs: this.#since(this.#engagedAt) ?? 0,
      everSeen: everSeen || this.#contactAt !== undefined,
      credentials: this.#refused ? 'Invalid' : 'Ok',
      writesFailForMs: this.#since(this.#writesFailAt),
      withoutRight: this.#agent?.withoutRight,
      sinceSeenMs: this.#history.sinceSeenMs,
      wellAgainForMs: this.#history.wellAgainForMs,
      changeAgesMs: this.#history.changeAgesMs,
      lostZones: this.#lostZones(),
    };
  }

  #since(at: Instant | undefined): number | undefined {
    return at && elapsedAtLeast(at, this.#clock.now());
  }

  #lostZones(): string[] {
    const zones = listOf(this.regions.store.get(this.region)?.status?.zones);
    return zones.filter(({ state }) => state === 'Lost').map(({ zone }) => String(zone).slice(0, 40));
  }

  #informers() {
    return [this.services, this.regions, this.leases, this.directory];
  }
}
