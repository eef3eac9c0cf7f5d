import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ENCLOSED } from '../../hack/nodes/requirements.ts';
import { waitFor } from '../../hack/regions/wait.ts';

/** An enclosure in this one: what it leaves behind when who made it is killed. */

const ENCLOSE = join(import.meta.dirname, '../../hack/nodes/enclose.ts');
const SLEEP = ['sleep', '86399'];

/** Processes that run this command, whoever started them. */
const running = (command: readonly string[]): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandOf(pid) === command.join(' '));

function commandOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8')
      .replace(/\0$/, '')
      .replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

test.skipIf(process.env[ENCLOSED] === undefined)('an enclosure goes with who made it, and leads nowhere', async () => {
  const makeCgroups = `for parent in /sys/fs/cgroup/*/; do mkdir "$parent$${ENCLOSED}" 2> /dev/null; done`;
  const script = `${makeCgroups}; ip route; ${SLEEP.join(' ')}`;
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
  expect(output).not.toMatch(/^default/m);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await waitFor({ what: 'its processes to end', timeoutMs: 5000 }, async () => running(SLEEP).length === 0);
  await waitFor({ what: 'its control groups to go', timeoutMs: 5000 }, async () => cgroups() === '');
});
