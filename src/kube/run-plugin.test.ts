import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { afterAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../hack/regions/wait.ts';
import { systemClock } from '../runtime/clock.ts';
import { PluginError } from './exec-credential.ts';
import { createPluginRunner, type PluginBounds } from './run-plugin.ts';

/** Real child processes: scripts of this test, run by this Node. */

const dir = mkdtempSync(join(tmpdir(), 'run-plugin-'));
afterAll(() => rmSync(dir, { recursive: true }));

const SECRET = 'swordfish';
const BOUNDS: PluginBounds = { timeoutMs: 10_000, maxBytes: 1024, atOnce: 2 };
let scripts = 0;

function run(script: string, { env = {}, ...bounds }: Partial<PluginBounds> & { env?: Record<string, string> } = {}) {
  const file = join(dir, `${scripts++}.mjs`);
  writeFileSync(file, script);
  return createPluginRunner(systemClock, { ...BOUNDS, ...bounds })({
    command: execPath,
    args: [file, 'an argument'],
    env,
  });
}

const isGone = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0);
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};

describe('a plugin', () => {
  it('gets its arguments, its environment and nothing else, and no input', async () => {
    const script = `import { readFileSync } from 'node:fs';
      const input = readFileSync(0, 'utf8');
      console.log(JSON.stringify({ args: process.argv.slice(2), env: process.env, cwd: process.cwd(), input }))`;
    const said = JSON.parse(await run(script, { env: { REGION: 'east' } }));
    expect(said).toEqual({ args: ['an argument'], env: { REGION: 'east' }, cwd: '/', input: '' });
  });

  it.each<[string, string, RegExp]>([
    ['fails', `console.log('${SECRET}'); console.error('${SECRET}'); process.exit(3)`, /^exited with code 3$/],
    ['throws', `throw new Error('${SECRET}')`, /^exited with code 1$/],
    ['is killed', `process.kill(process.pid, 'SIGTERM')`, /^was ended by SIGTERM$/],
    [
      'writes too much',
      `console.log('${SECRET}'.repeat(1000)); setInterval(() => {}, 1000)`,
      /^wrote more than 1024 bytes$/,
    ],
  ])('that %s is told without a word of what it wrote', async (_, script, message) => {
    const error: unknown = await run(script).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PluginError);
    expect((error as Error).message).toMatch(message);
  });

  it('that cannot be started is told by the code of the error', async () => {
    const start = createPluginRunner(systemClock, BOUNDS);
    await expect(start({ command: '/no/such/plugin', args: [SECRET], env: {} })).rejects.toThrow(
      /^could not be started \(ENOENT\)$/,
    );
    await expect(start({ command: dir, args: [SECRET], env: {} })).rejects.toThrow(/^could not be started \(EACCES\)$/);
    const nul = start({ command: execPath, args: [`${SECRET}\0`], env: {} });
    await expect(nul).rejects.toThrow(/^could not be started \(ERR_INVALID_ARG_VALUE\)$/);
  });

  it('that hangs is ended, and what it has started with it', async () => {
    const pids = join(dir, 'pids');
    const script = `import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      writeFileSync('${pids}', JSON.stringify([process.pid, child.pid]));`;
    await expect(run(script, { timeoutMs: 2000 })).rejects.toThrow(/^did not end within 2 s$/);
    const started: number[] = JSON.parse(readFileSync(pids, 'utf8'));
    expect(started).toHaveLength(2);
    for (const pid of started) await waitFor({ what: `the end of ${pid}`, timeoutMs: 5000 }, () => isGone(pid));
  });

  it('that ends before what it has started is not waited for longer', async () => {
    const script = `import { spawn } from 'node:child_process';
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref();
      console.log('done'); process.exit(0)`;
    expect(await run(script)).toBe('done\n');
  });
});

describe('plugins', () => {
  it('do not run all at once, and one that fails gives its place to the next', async () => {
    const file = join(dir, 'slow.mjs');
    writeFileSync(
      file,
      `const from = Date.now(); setTimeout(() => { console.log(JSON.stringify([from, Date.now()])); process.exit(Number(process.argv[2])) }, 200)`,
    );
    const start = createPluginRunner(systemClock, { ...BOUNDS, atOnce: 1 });
    const runs = [1, 0, 0].map((code) => start({ command: execPath, args: [file, `${code}`], env: {} }));
    const [failed, second, third] = await Promise.allSettled(runs);
    expect(failed?.status).toBe('rejected');
    const times = [second, third].map((one) => (one?.status === 'fulfilled' ? JSON.parse(one.value) : undefined));
    expect(times[1][0]).toBeGreaterThanOrEqual(times[0][1]);
  });
});
