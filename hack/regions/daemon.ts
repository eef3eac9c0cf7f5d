/**
 * Keeps regions running in the background and serves commands on a unix socket in their work folder. Started by
 * `cli.ts up` with the work folder and the regions to boot, as JSON: `node daemon.ts FOLDER '[{"name":...}]'`.
 */
import { rmSync } from 'node:fs';
import { runCommand } from './commands.ts';
import { serveControl } from './control.ts';
import { bootRegions, type RegionOptions, type Regions } from './regions.ts';

const [workDir, regionsJson] = process.argv.slice(2);
if (!workDir || !regionsJson) throw new Error('usage: node daemon.ts FOLDER REGIONS');
// Written by cli.ts, which has checked it; names are checked again when booting.
const wanted: readonly RegionOptions[] = JSON.parse(regionsJson);

const lines: string[] = [];
const listeners = new Set<(line: string) => void>();

function log(line: string): void {
  lines.push(line);
  console.log(line);
  for (const listener of listeners) listener(line);
}

const booted = Promise.withResolvers<Regions>();
// Whoever waits is told; without a listener a failed boot would end the process before it could answer.
booted.promise.catch(() => undefined);

async function handle(words: readonly string[], tell: (line: string) => void): Promise<string> {
  if (words[0] === 'wait') return waitUntilReady(tell);
  const regions = await booted.promise;
  if (words[0] !== 'down') return runCommand(regions, words);
  await end(regions);
  setImmediate(exit);
  return 'all processes have ended';
}

async function waitUntilReady(tell: (line: string) => void): Promise<string> {
  for (const line of lines) tell(line);
  listeners.add(tell);
  try {
    const regions = await booted.promise;
    return await runCommand(regions, ['status']);
  } finally {
    listeners.delete(tell);
  }
}

const server = await serveControl(workDir, handle);

/** The folder goes before the answer does: whoever is told that all has ended may boot into it again. */
async function end(regions: Regions | undefined): Promise<void> {
  await regions?.stop();
  if (workDir) rmSync(workDir, { recursive: true, force: true });
}

/** Answers that are under way are sent first. */
function exit(): void {
  server.close(() => process.exit());
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, async () => {
    await end(await booted.promise.catch(() => undefined));
    exit();
  });
}

try {
  booted.resolve(await bootRegions({ regions: wanted, workDir, log }));
} catch (error) {
  console.error(error);
  booted.reject(error);
  process.exitCode = 1;
  server.close();
}
