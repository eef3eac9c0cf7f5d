import { setTimeout as sleep } from 'node:timers/promises';
import { readCatalogue } from './manifests.ts';
import {
  countByKind,
  createRequestRecord,
  findLeaseWrites,
  findWrites,
  type RecordedRequest,
} from './recorded-requests.ts';
import { atMost, type BenchOptions, type BenchResult, exactly } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openTenantWorld } from './tenant-world.ts';

/** The defaults of the API. */
const HEARTBEAT_MS = 2000;
/** Events and statuses that follow what is ready are written by then. */
const SETTLED_MS = 20_000;

/** Everything is ready and nobody changes anything: what is still written, by kind. */
export async function* runSteady({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const [tenants, idleMs] = quick ? [50, 10_000] : [1000, 60_000];
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  const settings = { hubSettings: record.settings, agentSettings: record.settings };
  await using world = await openTenantWorld({ classes: readCatalogue(), tenants, ...settings });
  log(`${tenants} tenants are ready`);
  await sleep(SETTLED_MS);
  const before = (await record.read()).length;
  await sleep(idleMs);
  const sent = (await record.read()).slice(before);
  const writes = findWrites(sent);
  const leases = findLeaseWrites(sent);
  const regions = world.regions.regions.map(({ name, url }) => ({ name, url }));
  const perHeartbeat = regions.map(({ name, url }) => ({
    name,
    count: countPerHeartbeat(leases.filter(({ origin }) => origin === url)),
  }));
  yield {
    name: 'steady',
    goals: [
      exactly('steady: writes but lease traffic', writes.length, 0, 'writes'),
      ...perHeartbeat.map(({ count, name }) =>
        atMost(`steady: lease writes in ${name} for each heartbeat`, count, 4, 'writes'),
      ),
    ],
    figures: {
      tenants,
      idleMs,
      writes: countByKind(writes),
      leases: countByKind(leases),
      reads: countByKind(sent.filter(({ method }) => method === 'GET')),
      largestLeaseBytes: Math.max(...leases.map(({ bytes }) => bytes)),
    },
  };
}

/**
 * Writes per heartbeat to one decimal, by the mean period of each object that is written: whether the window begins or
 * ends right before a write does not count.
 */
function countPerHeartbeat(requests: readonly RecordedRequest[]): number {
  const series = Map.groupBy(requests, ({ path, role }) => `${role} ${path.split('?')[0]}`);
  const counts = [...series.values()].map((writes) => {
    const times = writes.map(({ atMs }) => atMs);
    return (HEARTBEAT_MS * (times.length - 1)) / (Math.max(...times) - Math.min(...times));
  });
  return Math.round(10 * counts.reduce((sum, count) => sum + count, 0)) / 10;
}
