import { setTimeout as sleep } from 'node:timers/promises';
import { restartHub } from './hub-process.ts';
import { readCatalogue } from './manifests.ts';
import { listRaw } from './raw-list.ts';
import { countByKind, createRequestRecord, findWrites } from './recorded-requests.ts';
import { atMost, type BenchOptions, type BenchResult, exactly, median, round } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openTenantWorld } from './tenant-world.ts';

const SETTLED_MS = 20_000;
/** Longer than a new leader needs to look at everything. */
const AFTERWARDS_MS = 15_000;

/**
 * The hub is killed and started again while everything is ready: what it writes, and how long its caches take, against
 * a process that lists the same objects and does nothing else.
 */
export async function* runRestart({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const [tenants, rounds] = quick ? [50, 2] : [1000, 5];
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  const settings = { hubSettings: record.settings, agentSettings: record.settings };
  await using world = await openTenantWorld({ classes: readCatalogue(), tenants, ...settings });
  log(`${tenants} tenants are ready`);
  await sleep(SETTLED_MS);
  const before = (await record.read()).length;
  const syncMs: number[] = [];
  const listMs: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    syncMs.push((await restartHub(world)).syncMs);
    await sleep(AFTERWARDS_MS);
    listMs.push(await listRaw(world.regions.hub.kubeconfigPath('switchback-hub')));
  }
  const writes = findWrites((await record.read()).slice(before));
  const ratio = median(syncMs.map((ms, i) => ms / (listMs[i] ?? Number.NaN)));
  yield {
    name: 'restart',
    goals: [
      exactly(`restart: writes in ${rounds} restarts with ${tenants} tenants`, writes.length, 0, 'writes'),
      atMost('restart: time to synced against listing the same objects raw', ratio, 2, 'x'),
    ],
    figures: { tenants, syncMs: syncMs.map(round), listMs: listMs.map(round), writes: countByKind(writes) },
  };
}
