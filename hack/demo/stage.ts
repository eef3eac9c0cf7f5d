import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import { adminClient, createOperator, install, type Operator } from '../operator/operator.ts';
import { cacheDir } from '../regions/cache.ts';
import { bootRegions, type RegionOptions, type Regions } from '../regions/regions.ts';
import { reap } from '../regions/state.ts';
import { Observer } from './observer.ts';
import { createPicture, type Picture, startPicture, stopPicture } from './picture.ts';
import { type DemoCentre, startCentre } from './transit-centre.ts';

/** Two regions that stand in for each other, each of two zones: those of the quickstart manifests. */
export const REGIONS: readonly [RegionOptions, RegionOptions] = [
  { name: 'us-east', zones: ['us-east-a', 'us-east-b'] },
  { name: 'us-west', zones: ['us-west-a', 'us-west-b'] },
];

/** The folder of `hack/regions/cli.ts` when it is told no other one. */
export const defaultDir = join(cacheDir(), 'regions');

/** Everything that the demo plays with. */
export interface Stage {
  readonly workDir: string;
  readonly regions: Regions;
  readonly operator: Operator;
  /** As administrator of the hub. */
  readonly hub: KubeClient;
  /** What really runs. */
  readonly observer: Observer;
  /** What the operator says. */
  readonly picture: Picture;
  /** Where callers come in. */
  readonly centres: readonly [DemoCentre, DemoCentre];
}

/** Takes back what was set up, in reverse order, however far the set-up came. */
export class CleanUp {
  readonly #acts: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  add(act: () => Promise<void>): void {
    this.#acts.push(act);
  }

  /** Safe to call twice: the second caller waits for the first one's run. */
  run(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    for (const act of this.#acts.toReversed()) await act();
  }
}

/** Boots the hub and the regions as processes of this machine. */
export async function bootStage(workDir: string, cleanUp: CleanUp, log: (line: string) => void): Promise<Regions> {
  // Covers a boot that is broken off: then nobody else knows of the processes.
  cleanUp.add(async () => void reap(workDir));
  const regions = await bootRegions({ regions: REGIONS, workDir, log });
  cleanUp.add(() => regions.stop());
  return regions;
}

/** Installs the operator, starts it, and begins to watch it and what it does. */
export async function setUpStage(regions: Regions, cleanUp: CleanUp): Promise<Stage> {
  await install(regions);
  const hub = await adminClient(regions, 'hub');
  const observer = new Observer(await connectAll(regions));
  const clients = new Map((await connectAll(regions)).map(({ client, region }) => [region.name, client]));
  const picture = createPicture(hub, clients);
  const operator = createOperator({ regions });
  cleanUp.add(async () => {
    await Promise.all([observer.stop(), stopPicture(picture)]);
    await operator.stop();
  });
  const centres = await Promise.all([startCentre('gtn-us-east'), startCentre('gtn-us-west')]);
  cleanUp.add(async () => void (await Promise.all(centres.map((centre) => centre[Symbol.asyncDispose]()))));
  await Promise.all([observer.start(), startPicture(picture)]);
  operator.start();
  return { workDir: regions.workDir, regions, operator, hub, observer, picture, centres };
}

/** Past every link. Called twice, so that observer and picture share not even a connection. */
function connectAll(regions: Regions) {
  return Promise.all(
    regions.regions.map(async (region) => ({ region, client: await adminClient(regions, region.name) })),
  );
}

/**
 * Where everything is kept: a temporary folder, or, for a demo that keeps running, the one that `hack/regions/cli.ts`
 * uses by itself, unless regions are kept there already.
 */
export function openWorkDir(keep: boolean): string {
  if (keep && !existsSync(defaultDir)) {
    mkdirSync(defaultDir, { recursive: true });
    return defaultDir;
  }
  return mkdtempSync(join(tmpdir(), 'switchback-demo-'));
}

/** Removes the work folder; after a failure the logs of the operator stay. */
export function clearWorkDir(workDir: string, keepLogs: boolean): void {
  const options = { recursive: true, force: true, maxRetries: 10 } as const;
  const names = keepLogs ? readdirSync(workDir).filter((name) => name !== 'operator') : ['.'];
  for (const name of names) rmSync(join(workDir, name), options);
}
