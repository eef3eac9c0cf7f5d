import type { Clock } from '../runtime/clock.ts';
import type { ElectionLock, ElectionRecord } from '../runtime/elector.ts';
import type { KubeClient } from './client.ts';
import { ConflictError, ifPresent, NotFoundError } from './errors.ts';
import { LEASE, type Lease } from './kinds.ts';
import { microTime } from './micro-time.ts';

export interface LeaseLockOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  /** Written into the Lease for people and tools; our own rule does not read it. */
  readonly electionMs: number;
  /** Deadline of each call in milliseconds. */
  readonly timeoutMs: number;
}

const toRecord = (lease: Lease): ElectionRecord => ({
  holder: lease.spec?.holderIdentity ?? '',
  term: lease.spec?.leaseTransitions ?? 0,
  version: `${lease.metadata.uid ?? ''}/${lease.metadata.resourceVersion ?? ''}`,
});

const resourceVersionOf = (record: ElectionRecord): string => record.version.slice(record.version.indexOf('/') + 1);

/**
 * The election record as a `coordination.k8s.io/v1` Lease; the term is its `leaseTransitions`. The times in it are for
 * people: they come from the holder's clock and nothing here compares them.
 */
export function createLeaseLock(options: LeaseLockOptions): ElectionLock {
  const { client, clock, name, namespace, timeoutMs } = options;
  const where = { namespace, name };
  const call = { lane: 'control', timeoutMs } as const;

  const specOf = (next: { holder: string; term: number }, isNew: boolean): Record<string, unknown> => {
    const now = microTime(clock.now().wallMs);
    return {
      // An empty identity is refused by validation: released means that there is none.
      holderIdentity: next.holder === '' ? null : next.holder,
      leaseDurationSeconds: Math.max(1, Math.ceil(options.electionMs / 1000)),
      leaseTransitions: next.term,
      renewTime: now,
      ...(isNew ? { acquireTime: now } : {}),
    };
  };

  const create = (next: { holder: string; term: number }): Promise<Lease> => {
    const spec = specOf(next, true);
    return client.create(LEASE, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: where, spec }, call);
  };

  const swap = (next: { holder: string; term: number }, previous: ElectionRecord): Promise<Lease> => {
    // A merge patch with a resource version is a compare-and-swap that leaves other people's labels alone.
    const metadata = { resourceVersion: resourceVersionOf(previous) };
    const spec = specOf(next, next.term !== previous.term);
    return client.mergePatch(LEASE, where, { metadata, spec }, call);
  };

  return {
    async read() {
      const lease = await ifPresent(client.read(LEASE, where, call));
      return lease && toRecord(lease);
    },
    async write(next, previous) {
      try {
        return toRecord(await (previous ? swap(next, previous) : create(next)));
      } catch (error) {
        // Deleted meanwhile is the same as changed meanwhile. A missing namespace shows again in the next `create`.
        if (error instanceof ConflictError || (previous && error instanceof NotFoundError)) return undefined;
        throw error;
      }
    },
  };
}
