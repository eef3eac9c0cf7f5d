import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const RECORDER = join(import.meta.dirname, 'request-recorder.ts');
/** Longer than the recorder keeps lines in memory. */
const FLUSHED_MS = 300;

const line = z.object({
  atMs: z.number(),
  method: z.string(),
  origin: z.string(),
  path: z.string(),
  bytes: z.number(),
  body: z.string().optional(),
});
/** One request as the operator sent it; `atMs` is wall-clock time. */
export type RecordedRequest = z.infer<typeof line> & {
  /** `hub` or `agent`. */
  readonly role: string;
};

/** Requests that the processes of an operator send, as they wrote them down themselves. */
export interface RequestRecord {
  /** For `hubSettings` and `agentSettings` of the operator. */
  readonly settings: Readonly<Record<string, string>>;
  /** All requests so far, in the order of their sending. */
  read(): Promise<readonly RecordedRequest[]>;
}

export function createRequestRecord(folder: string, options: { readonly bodies?: boolean } = {}): RequestRecord {
  mkdirSync(folder, { recursive: true });
  return {
    settings: {
      NODE_OPTIONS: `--import=${RECORDER}`,
      BENCH_REQUESTS: folder,
      ...(options.bodies ? { BENCH_BODIES: '1' } : {}),
    },
    async read() {
      await sleep(FLUSHED_MS);
      return readdirSync(folder)
        .flatMap((file) => readLines(join(folder, file), file.split('-')[0] ?? ''))
        .sort((x, y) => x.atMs - y.atMs);
    },
  };
}

function readLines(path: string, role: string): RecordedRequest[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => ({ ...line.parse(JSON.parse(text)), role }));
}

const isWrite = ({ method }: RecordedRequest): boolean => method !== 'GET';
const LEASES = ['leases', 'regionleases'];
export const isLeaseTraffic = (request: RecordedRequest): boolean => LEASES.includes(kindOf(request.path).resource);

/** Writes but lease traffic. */
export const findWrites = (requests: readonly RecordedRequest[]): RecordedRequest[] =>
  requests.filter((request) => isWrite(request) && !isLeaseTraffic(request));

export const findLeaseWrites = (requests: readonly RecordedRequest[]): RecordedRequest[] =>
  requests.filter((request) => isWrite(request) && isLeaseTraffic(request));

/** How often each kind was written: `hub serviceinstances/status` → count. */
export function countByKind(requests: readonly RecordedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { path, role } of requests) {
    const { resource, subresource } = kindOf(path);
    const name = `${role} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** The object, and the part of it, that a path names: what two writes must have in common to be writes of the same. */
export const placeOf = ({ origin, path }: RecordedRequest): string => `${origin}${path.split('?')[0]}`;

function kindOf(path: string): { readonly resource: string; readonly subresource: string | undefined } {
  const parts = (path.split('?')[0] ?? '').split('/').filter((part) => part !== '');
  const afterVersion = parts.slice(parts[0] === 'api' ? 2 : 3);
  const isNamespaced = afterVersion[0] === 'namespaces' && afterVersion.length > 2;
  const [resource = '', , subresource] = isNamespaced ? afterVersion.slice(2) : afterVersion;
  return { resource, subresource };
}
