/**
 * Runs a command in an enclosure: `node hack/nodes/enclose.ts [--minutes NUMBER] COMMAND...`, for example
 * `vitest run --project e2e`. An enclosure has its own network (which leads nowhere), processes, mounts and `/run`. So
 * nothing in it can reach anything else, it is always the same inside, and when it ends, also by SIGKILL, the kernel ends and
 * removes all that was in it.
 *
 * Where real nodes cannot be had it says why, and ends with 0.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBinaries } from '../regions/build.ts';
import { CHART_TOOLS } from '../tools/chart-tools.ts';
import { MACHINE } from './addresses.ts';
import { NODE_BINARIES } from './binaries.ts';
import { ENCLOSED, whyNoNodes } from './requirements.ts';

/** Control groups have no namespace of their own here: who watches from outside removes them, once they are empty. */
const CLEANER = join(import.meta.dirname, 'remove-cgroups.sh');
const INSIDE = join(import.meta.dirname, 'inside.sh');

/** What is forgotten, or hangs, must not keep five nodes for ever. */
const LONGEST_MS = 8 * 3_600_000;

const [option = '', minutes = '', ...rest] = process.argv.slice(2);
const isBounded = option === '--minutes';
const command = isBounded ? rest : process.argv.slice(2);
const longestMs = isBounded ? Number(minutes) * 60_000 : LONGEST_MS;
if (command.length === 0 || !(longestMs > 0)) throw new Error('usage: node enclose.ts [--minutes NUMBER] COMMAND...');

const problem = whyNoNodes();
if (problem === undefined) process.exitCode = await enclose(command);
else console.log(`real nodes are skipped: ${problem}`);

async function enclose(words: readonly string[]): Promise<number> {
  // Outside, because nothing can be fetched inside.
  await ensureBinaries({ log: console.log });
  for (const set of [NODE_BINARIES, CHART_TOOLS]) await ensureBinaries({ log: console.log }, set);
  const cgroup = `switchback-${process.pid}`;
  watch(cgroup);
  const namespaces = ['--net', '--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, INSIDE, ...words], {
    stdio: 'inherit',
    env: {
      ...process.env,
      [ENCLOSED]: cgroup,
      SWITCHBACK_MACHINE: MACHINE,
      TMPDIR: '/run/switchback',
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGKILL'));
  const timer = setTimeout(() => {
    console.error(`the enclosure is ended after ${longestMs / 60_000} minutes`);
    child.kill('SIGKILL');
  }, longestMs);
  const code = await ending(child);
  clearTimeout(timer);
  spawnSync(CLEANER, [cgroup], { stdio: 'inherit' });
  return code;
}

function ending(child: ChildProcess): Promise<number> {
  const { promise, reject, resolve } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? 1));
  return promise;
}

/** A shell that waits for the end of this process, however it comes. */
function watch(cgroup: string): void {
  const script = 'read -r line; exec "$0" "$@"';
  const child = spawn('/bin/sh', ['-c', script, CLEANER, cgroup], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
}
