import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One process that we started and that may still run. */
export interface RecordedProcess {
  /** `cluster/part`, for example `us-east/etcd`. */
  readonly name: string;
  readonly pid: number;
  /** Program and arguments as given to it: the pid is ours only while it still runs exactly this. */
  readonly command: readonly string[];
}

/**
 * The processes of one work folder, always up to date in its `state.json`, so that another process can clean up after
 * one that died.
 */
export class ProcessRecord {
  readonly #path: string;
  readonly #processes = new Map<number, RecordedProcess>();

  constructor(workDir: string) {
    this.#path = stateFile(workDir);
    this.#write();
  }

  add(process: RecordedProcess): void {
    this.#processes.set(process.pid, process);
    this.#write();
  }

  remove(pid: number): void {
    this.#processes.delete(pid);
    this.#write();
  }

  /** Synchronous and by rename: the file is whole and true even when this process dies in the next instant. */
  #write(): void {
    const scratch = `${this.#path}.tmp`;
    writeFileSync(scratch, `${JSON.stringify({ processes: [...this.#processes.values()] }, null, 2)}\n`);
    renameSync(scratch, this.#path);
  }
}

export function stateFile(workDir: string): string {
  return join(workDir, 'state.json');
}

/** Recorded processes that still run; empty when the work folder has no record. */
export function runningProcesses(workDir: string): readonly RecordedProcess[] {
  return readRecord(workDir).filter((recorded) => isRunning(recorded));
}

/** Kills every recorded process that still runs. @returns those that were killed */
export function reap(workDir: string): readonly RecordedProcess[] {
  const victims = runningProcesses(workDir);
  for (const { pid } of victims) signalIfThere(pid, 'SIGKILL');
  return victims;
}

/** Sends a signal; a process that has just ended is no error. */
export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Whether the pid still is the process that we started, and not a stranger that got its number later. */
function isRunning({ pid, command }: RecordedProcess): boolean {
  const actual = process.platform === 'linux' ? commandFromProc(pid) : commandFromPs(pid);
  return actual === command.join(' ');
}

/** Its words with spaces between; empty for a zombie and for a pid that is not there. */
export function commandFromProc(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function commandFromPs(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

function readRecord(workDir: string): readonly RecordedProcess[] {
  let text: string;
  try {
    text = readFileSync(stateFile(workDir), 'utf8');
  } catch {
    return [];
  }
  const record: unknown = JSON.parse(text);
  if (!isObject(record) || !Array.isArray(record['processes'])) throw new Error(`${stateFile(workDir)} is damaged`);
  return record['processes'].filter(isRecordedProcess);
}

function isRecordedProcess(value: unknown): value is RecordedProcess {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['pid'] === 'number' &&
    Array.isArray(value['command'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
