import { setTimeout as sleep } from 'node:timers/promises';
import { hubOf, readMemory, restartHub } from './hub-process.ts';
import { readCatalogue } from './manifests.ts';
import { atMost, type BenchOptions, type BenchResult, median, round } from './result.ts';
import { addTenants, openTenantWorld } from './tenant-world.ts';
import type { World } from './world.ts';

/** Time for the garbage of the start to be collected. */
const SETTLED_MS = 15_000;
const MIB = 1024 * 1024;

/**
 * Resident memory of the hub with two regions: of the process that has brought everything about, and, for the cost of a
 * further tenant, of processes that were started when everything was there (their heaps have seen the same).
 */
export async function* runMemory({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const [few, many, starts] = quick ? [20, 60, 1] : [1000, 3000, 3];
  const classes = readCatalogue();
  await using world = await openTenantWorld({ classes, tenants: few });
  await sleep(SETTLED_MS);
  const working = await readMemory(hubOf(world));
  const startedWithFew = await measureStarts(world, starts);
  log(`${few} tenants: ${round(working.residentBytes / MIB)} MiB`);
  await addTenants(world, { from: few, to: many, services: classes.length });
  const startedWithMany = await measureStarts(world, starts);
  const slope = (median(startedWithMany) - median(startedWithFew)) / (many - few);
  yield {
    name: 'memory',
    goals: [
      atMost(`memory: hub with ${few} tenants`, working.residentBytes / MIB, 200, 'MiB'),
      atMost('memory: each further tenant', slope / 1024, 6, 'KiB'),
    ],
    figures: {
      workingMib: round(working.residentBytes / MIB),
      workingHeapMib: round(working.heapBytes / MIB),
      startedMib: {
        [few]: startedWithFew.map((bytes) => round(bytes / MIB)),
        [many]: startedWithMany.map((bytes) => round(bytes / MIB)),
      },
    },
  };
}

async function measureStarts(world: World, starts: number): Promise<readonly number[]> {
  const resident: number[] = [];
  for (let i = 0; i < starts; i += 1) {
    await restartHub(world);
    await sleep(SETTLED_MS);
    resident.push((await readMemory(hubOf(world))).residentBytes);
  }
  return resident;
}
