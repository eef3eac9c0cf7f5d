/**
 * Everything that is tested, one stage after the other: `npm test`. Says what it does and how long it takes, also
 * where there is no terminal; ends at the first stage that fails, with its exit code.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { NODE_BINARIES } from './nodes/binaries.ts';
import { whyNoNodes } from './nodes/requirements.ts';
import { CONTROL_PLANE, ensureBinaries, fetchSources } from './regions/build.ts';
import { CHART_TOOLS } from './tools/chart-tools.ts';

const ROOT = join(import.meta.dirname, '..');
/** A stage that is silent for so long is said to go on. */
const SIGN_OF_LIFE_MS = 60_000;

interface Stage {
  readonly name: string;
  /** @returns the exit code */
  readonly run: () => Promise<number>;
}

/** From the fastest to the slowest, so that a failure is seen early. */
const STAGES: readonly Stage[] = [
  { name: 'check', run: () => command('node', 'hack/check.ts') },
  { name: 'scenarios', run: () => vitest('scenarios') },
  { name: 'gitops', run: () => vitest('gitops') },
  { name: 'simulation', run: () => vitest('simulation') },
  { name: 'control planes', run: buildTools },
  { name: 'integration', run: () => vitest('integration') },
  // Skipped with a message where there is no Docker, or no right to make namespaces.
  {
    name: 'e2e',
    run: () => command('node', 'hack/nodes/enclose.ts', '--minutes', '20', 'vitest', 'run', '--project', 'e2e'),
  },
];

// The stages before need processors, and this the network.
void fetchSources([CONTROL_PLANE, CHART_TOOLS, ...(whyNoNodes() === undefined ? [NODE_BINARIES] : [])]);

for (const { name, run } of STAGES) {
  console.log(`\n=== ${name}`);
  const startMs = performance.now();
  const timer = setInterval(() => console.log(`=== ${name} goes on, ${elapsed(startMs)}`), SIGN_OF_LIFE_MS);
  const exitCode = await run();
  clearInterval(timer);
  console.log(`=== ${name} ${exitCode === 0 ? 'ok' : 'FAILED'}, ${elapsed(startMs)}`);
  if (exitCode !== 0) process.exit(exitCode);
}
console.log(`\neverything passed, ${elapsed(0)}`);

function vitest(project: string): Promise<number> {
  return command('vitest', 'run', '--project', project, '--passWithNoTests');
}

async function buildTools(): Promise<number> {
  try {
    console.log(`control planes are in ${await ensureBinaries({ log: console.log })}`);
    console.log(`tools of the chart are in ${await ensureBinaries({ log: console.log }, CHART_TOOLS)}`);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

/** Runs a tool of this checkout, whatever is installed elsewhere, with this terminal. */
function command(program: string, ...args: string[]): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: 'inherit' });
  child.once('error', (error) => {
    console.error(`cannot run ${program}: ${error.message}`);
    resolve(1);
  });
  // Who stops this stops the stage, which then ends what it has started. A terminal tells both of Ctrl-C by itself.
  const stop = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  child.once('close', (code) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    resolve(code ?? 1);
  });
  return promise;
}

function elapsed(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(0)} s`;
}
