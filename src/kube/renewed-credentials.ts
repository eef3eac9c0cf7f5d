import { type Clock, elapsedAtLeast, type Instant, type Timer } from '../runtime/clock.ts';
import { jitter, type Random } from '../runtime/random.ts';
import type { CredentialProvider } from './credentials.ts';
import { UnreachableError } from './errors.ts';
import { type Issued, PluginError } from './exec-credential.ts';

/** That a credential was not renewed. */
export interface RenewalProblem {
  /** For people; holds nothing secret. */
  readonly message: string;
  /** Until when the one in use is good, by the wall clock; undefined: there is none, or it names no time. */
  readonly expiresAtMs: number | undefined;
  /** Whether there is one in use. */
  readonly hasOne: boolean;
}

export interface RenewedCredentialsOptions {
  readonly load: () => Promise<Issued>;
  readonly clock: Clock;
  readonly random: Random;
  /** Told after each attempt; undefined: all is well. */
  readonly tell: (problem: RenewalProblem | undefined) => void;
}

export interface RenewedCredentials extends CredentialProvider {
  /** Resolves when there is one; never rejects. */
  readonly first: Promise<void>;
  /** Nothing is loaded any more. */
  stop(): void;
}

const RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;
/** A server that refuses what it is shown does not make a plugin run more often than that. */
const LEAST_BETWEEN_MS = 5_000;
/** How long a request that was refused waits for a new credential: shorter than the deadline of any request. */
const PATIENCE_MS = 500;
/** How long before its end a credential is renewed: a fifth of its life within these bounds, and never more than half of it. */
const LEAST_MARGIN_MS = 30_000;
const MOST_MARGIN_MS = 600_000;
/** Timers cannot be longer than 24 days; one that is good for longer is renewed earlier. */
const LONGEST_MS = 12 * 3_600_000;

/**
 * Credentials that end, and are replaced before they do, while requests go on with the old ones.
 *
 * The last ones are sent for as long as nothing better is there, their end notwithstanding. So a region whose plugin fails
 * answers 401, which reads as *unknown*; to send nothing would look like a region that is silent, and lost.
 */
export function renewedCredentials({ clock, load, random, tell }: RenewedCredentialsOptions): RenewedCredentials {
  const { promise: first, resolve: isThere } = Promise.withResolvers<void>();
  let issued: Issued | undefined;
  let failures = 0;
  let startedAt: Instant | undefined;
  let running: Promise<void> | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  const attempt = async (): Promise<void> => {
    timer?.cancel();
    startedAt = clock.now();
    try {
      const next = await load();
      if (stopped) return;
      if (next.expiresAtMs !== undefined && next.expiresAtMs <= clock.now().wallMs) {
        throw new PluginError('gave a credential that has expired already, by the clock of this hub');
      }
      issued = next;
      failures = 0;
      isThere();
      tell(undefined);
    } catch (error) {
      if (stopped) return;
      failures += 1;
      // Only what is known to hold nothing secret is told.
      const message = error instanceof PluginError ? error.message : 'failed';
      tell({ message, expiresAtMs: issued?.expiresAtMs, hasOne: issued !== undefined });
    }
  };

  const renew = (): Promise<void> => {
    running ??= attempt().finally(() => {
      running = undefined;
      schedule();
    });
    return running;
  };

  const schedule = (): void => {
    const delayMs = failures > 0 ? retryMs(failures, random) : renewalMs(issued?.expiresAtMs, clock.now(), random);
    if (!stopped && delayMs !== undefined) timer = clock.setTimer(Math.min(delayMs, LONGEST_MS), () => void renew());
  };

  void renew();
  return {
    first,
    current: () => issued?.credentials,
    async refresh() {
      const isRecent = startedAt && elapsedAtLeast(startedAt, clock.now()) < LEAST_BETWEEN_MS;
      if (!stopped && (running || !isRecent)) await within(clock, PATIENCE_MS, renew());
      if (!issued) throw new UnreachableError('there is no credential yet');
      return issued.credentials;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

const retryMs = (failures: number, random: Random): number =>
  jitter(random, Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS));

/** Undefined: it names no end, so it is good until it is refused. Spread, so that not all regions renew at once. */
function renewalMs(expiresAtMs: number | undefined, now: Instant, random: Random): number | undefined {
  if (expiresAtMs === undefined) return undefined;
  const lifeMs = expiresAtMs - now.wallMs;
  const marginMs = Math.min(Math.max(lifeMs / 5, LEAST_MARGIN_MS), MOST_MARGIN_MS, lifeMs / 2);
  // Up to half as much earlier, never later.
  return Math.max(lifeMs - marginMs * (1 + random.next() / 2), LEAST_BETWEEN_MS);
}

/** Until the work has ended, or so long. */
function within(clock: Clock, ms: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, resolve);
    void work.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
