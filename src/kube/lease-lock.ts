import type { Clock } from '../runtime/clock.ts';
import type { ElectionLock, ElectionRecord, NextRecord, PastLeader } from '../runtime/elector.ts';
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
  /** The annotation that names who led before. Absent: nobody is named. */
  readonly pastAnnotation?: string;
}

const isPastLeader = (one: Partial<Record<keyof PastLeader, unknown>> | null): one is PastLeader =>
  typeof one?.holder === 'string' && typeof one.term === 'number' && typeof one.version === 'string';

/** What is not readable names nobody. */
function parsePast(text = '[]'): readonly PastLeader[] {
  try {
    const past: unknown = JSON.parse(text);
    return Array.isArray(past) ? past.filter(isPastLeader) : [];
  } catch {
    return [];
  }
}

const resourceVersionOf = (record: ElectionRecord): string => record.version.slice(record.version.indexOf('/') + 1);

/**
 * The election record as a `coordination.k8s.io/v1` Lease; the term is its `leaseTransitions`. The times in it are for
 * people: they come from the holder's clock and nothing here compares them.
 */
export function createLeaseLock(options: LeaseLockOptions): ElectionLock {
  const { client, clock, name, namespace, timeoutMs } = options;
  const { pastAnnotation } = options;
  const where = { namespace, name };
  const call = { lane: 'control', timeoutMs } as const;

  const toRecord = ({ metadata, spec }: Lease): ElectionRecord => ({
    holder: spec?.holderIdentity ?? '',
    term: spec?.leaseTransitions ?? 0,
    version: `${metadata.uid ?? ''}/${metadata.resourceVersion ?? ''}`,
    ...(pastAnnotation !== undefined && { past: parsePast(metadata.annotations?.[pastAnnotation]) }),
  });

  const annotationsOf = ({ past }: NextRecord): { readonly annotations?: Readonly<Record<string, string>> } =>
    pastAnnotation !== undefined && past ? { annotations: { [pastAnnotation]: JSON.stringify(past) } } : {};

  const specOf = (next: NextRecord, isNew: boolean): Record<string, unknown> => {
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

  const create = (next: NextRecord): Promise<Lease> => {
    const spec = specOf(next, true);
    const metadata = { ...where, ...annotationsOf(next) };
    return client.create(LEASE, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }, call);
  };

  const swap = (next: NextRecord, previous: ElectionRecord): Promise<Lease> => {
    // A merge patch with a resource version is a compare-and-swap that leaves other people's labels alone.
    const metadata = { resourceVersion: resourceVersionOf(previous), ...annotationsOf(next) };
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
