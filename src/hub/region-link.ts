import type { IUGroup } from '../api/iu-group.ts';
import { FIELD_MANAGERS } from '../api/labels.ts';
import type { Region } from '../api/region.ts';
import type { RegionLease } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import type { RegionEvidence } from '../decide/diagnosis.ts';
import { type Applier, createApplier } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { isRefusal, NotFoundError } from '../kube/errors.ts';
import { createInformer, type Informer } from '../kube/informer.ts';
import { type Clock, elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';

export interface RegionLinkOptions {
  readonly region: string;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

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
  readonly #clock: Clock;
  #engagedAt: Instant;
  #contactAt: Instant | undefined;
  #heartbeatAt: Instant | undefined;
  #nonce: string | undefined;
  #refused = false;
  #healthySince: Instant | undefined;

  constructor(options: RegionLinkOptions) {
    this.region = options.region;
    this.client = options.client;
    this.applier = createApplier({ client: options.client, fieldManager: FIELD_MANAGERS.hub });
    this.#clock = options.clock;
    this.#engagedAt = options.clock.now();
    const only = { fieldSelector: `metadata.name=${options.region}` };
    this.services = createInformer<RegionalService>({ ...options, resource: RESOURCES.regionalService });
    this.regions = createInformer<Region>({ ...options, resource: RESOURCES.region, ...only });
    this.leases = createInformer<RegionLease>({
      ...options,
      resource: RESOURCES.regionLease,
      ...only,
      lane: 'control',
    });
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

  /** A new leadership judges by what it sees itself. */
  beginLeadership(): void {
    this.#engagedAt = this.#clock.now();
    this.#contactAt = undefined;
    this.#heartbeatAt = undefined;
    this.#nonce = undefined;
    this.#healthySince = undefined;
  }

  /** Any answer of the region's API server. */
  contacted(): void {
    this.#contactAt = this.#clock.now();
    this.#refused = false;
  }

  /** A lease that was read or watched: a nonce that was not seen before is a heartbeat. */
  heard(lease: RegionLease): void {
    const nonce = lease.spec.agent?.nonce;
    if (nonce === undefined || nonce === this.#nonce) return;
    this.#nonce = nonce;
    this.#heartbeatAt = this.#clock.now();
  }

  /** An answer that refuses is an answer: the region is not lost, but nothing is known of it. */
  failed(error: unknown): void {
    if (error instanceof NotFoundError) this.contacted();
    else if (isRefusal(error)) this.#refused = true;
  }

  /** Keeps account of how long the region has been healthy without a break. */
  judged(healthy: boolean): void {
    if (!healthy) this.#healthySince = undefined;
    else this.#healthySince ??= this.#clock.now();
  }

  get healthyForMs(): number {
    return this.#since(this.#healthySince) ?? 0;
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
    };
  }

  #since(at: Instant | undefined): number | undefined {
    return at && elapsedAtLeast(at, this.#clock.now());
  }

  #informers() {
    return [this.services, this.regions, this.leases];
  }
}
