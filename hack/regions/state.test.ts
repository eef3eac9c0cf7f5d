import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManagedProcess } from './process.ts';
import { ProcessRecord, reap, runningProcesses } from './state.ts';
import { waitFor } from './wait.ts';

let dir: string;
let record: ProcessRecord;
const started: ManagedProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'state-'));
  record = new ProcessRecord(dir);
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.kill()));
  rmSync(dir, { recursive: true, force: true });
});

function sleeper(): ManagedProcess {
  const process = new ManagedProcess(
    { name: 'test/sleep', command: ['/bin/sleep', '600'], logFile: join(dir, 'sleep.log') },
    record,
  );
  started.push(process);
  process.start();
  return process;
}

function ended(process: ManagedProcess): Promise<void> {
  return waitFor({ what: 'the end of a process', timeoutMs: 5_000 }, async () => !process.running);
}

describe('the record of processes', () => {
  it('names a process while it runs, and no longer', async () => {
    const process = sleeper();
    await waitFor({ what: 'the process', timeoutMs: 5_000 }, async () => runningProcesses(dir).length === 1);
    expect(runningProcesses(dir)).toMatchObject([{ name: 'test/sleep', command: ['/bin/sleep', '600'] }]);
    await process.kill();
    expect(runningProcesses(dir)).toEqual([]);
  });

  it('lets a stranger kill what runs, frozen or not', async () => {
    const process = sleeper();
    await waitFor({ what: 'the process', timeoutMs: 5_000 }, async () => runningProcesses(dir).length === 1);
    process.freeze();
    expect(reap(dir)).toHaveLength(1);
    await ended(process);
  });

  it('spares a process that only has the pid of one of ours', async () => {
    const stranger = spawn('/bin/sleep', ['599'], { stdio: 'ignore' });
    await once(stranger, 'spawn');
    record.add({ name: 'test/sleep', pid: stranger.pid ?? 0, command: ['/bin/sleep', '600'] });
    expect(reap(dir)).toEqual([]);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  it('is empty where nothing was recorded', () => {
    expect(runningProcesses(join(dir, 'nowhere'))).toEqual([]);
  });

  it('tells what an own process printed', async () => {
    const process = new ManagedProcess(
      { name: 'test/echo', command: ['/bin/echo', 'hello'], logFile: join(dir, 'echo.log') },
      record,
    );
    process.start();
    await ended(process);
    expect(readFileSync(process.logFile, 'utf8')).toBe('hello\n');
  });
});

describe('the watchdog', () => {
  it('kills what is recorded when the process that it watches over is killed', async () => {
    const program = `
      const { ProcessRecord } = await import(${JSON.stringify(join(import.meta.dirname, 'state.ts'))});
      const { ManagedProcess } = await import(${JSON.stringify(join(import.meta.dirname, 'process.ts'))});
      const { startWatchdog } = await import(${JSON.stringify(join(import.meta.dirname, 'watchdog.ts'))});
      const dir = ${JSON.stringify(dir)};
      startWatchdog(dir, true);
      const command = ['/bin/sleep', '600'];
      new ManagedProcess({ name: 'test/sleep', command, logFile: dir + '/log' }, new ProcessRecord(dir)).start();
      setInterval(() => undefined, 1000);
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'inherit' });
    const count = (wanted: number) => async () => runningProcesses(dir).length === wanted;
    await waitFor({ what: 'the process', timeoutMs: 10_000 }, count(1));
    parent.kill('SIGKILL');
    await waitFor({ what: 'its end', timeoutMs: 10_000 }, count(0));
    await waitFor({ what: 'the end of its folder', timeoutMs: 10_000 }, async () => !existsSync(dir));
  });
});
