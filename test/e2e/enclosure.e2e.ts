import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ENCLOSED } from '../../hack/nodes/requirements.ts';
import { commandFromProc } from '../../hack/regions/state.ts';
import { waitFor } from '../../hack/regions/wait.ts';

/** An enclosure in this one: what it leaves behind when who made it is killed. */

const ENCLOSE = join(import.meta.dirname, '../../hack/nodes/enclose.ts');
const SLEEP = ['sleep', '86399'];

/** Processes that run this command, whoever started them. */
const running = (command: readonly string[]): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandFromProc(Number(pid)) === command.join(' '));

const isOutside = process.env[ENCLOSED] === undefined;
/** Of control groups of version 1: what is frozen there does not even end by SIGKILL. */
const FREEZER = '/sys/fs/cgroup/freezer';

test.skipIf(isOutside)('an enclosure goes with who made it, and leads nowhere', async () => {
  const makeCgroups = `for parent in /sys/fs/cgroup/*/; do mkdir "$parent$${ENCLOSED}" 2> /dev/null; done`;
  const made = await enclose(`${makeCgroups}; ip route; ${SLEEP.join(' ')}`);
  expect(made.output()).not.toMatch(/^default/m);
  await made.kill();
});

test.skipIf(isOutside || !existsSync(FREEZER))('so does one in which a node stands still', async () => {
  const group = `${FREEZER}/$${ENCLOSED}/node`;
  const freeze = `mkdir -p ${group}; echo $! > ${group}/tasks; echo FROZEN > ${group}/freezer.state`;
  const made = await enclose(`${SLEEP.join(' ')} & ${freeze}; wait`);
  const state = join(FREEZER, made.cgroup, 'node/freezer.state');
  const isFrozen = async () => readFileSync(state, 'utf8') === 'FROZEN\n';
  await waitFor({ what: 'it to stand still', timeoutMs: 5000 }, isFrozen);
  await made.kill();
});

/** An enclosure in which SLEEP runs. */
async function enclose(script: string) {
  const child = spawn(process.execPath, [ENCLOSE, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await waitFor({ what: 'the enclosure', timeoutMs: 20_000 }, async () => running(SLEEP).length === 1);
  const cgroup = `switchback-${child.pid}`;
  const cgroups = (): string => execFileSync('find', ['/sys/fs/cgroup', '-name', cgroup], { encoding: 'utf8' });
  expect(cgroups()).not.toBe('');
  return {
    cgroup,
    output: () => output,
    /** Kills who made it, and waits until nothing of it is left. */
    async kill(): Promise<void> {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await waitFor({ what: 'its processes to end', timeoutMs: 5000 }, async () => running(SLEEP).length === 0);
      await waitFor({ what: 'its control groups to go', timeoutMs: 5000 }, async () => cgroups() === '');
    },
  };
}
