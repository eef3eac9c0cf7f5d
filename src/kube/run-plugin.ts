import { spawn } from 'node:child_process';
import { kill } from 'node:process';
import type { Clock } from '../runtime/clock.ts';
import { PluginError } from './exec-credential.ts';

export interface PluginCall {
  /** Absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  /** All that it gets: nothing of ours is handed down. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a plugin and gives what it wrote to standard output. Rejects with `PluginError`. */
export type RunPlugin = (call: PluginCall) => Promise<string>;

export interface PluginBounds {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** How many run at once; others wait for their turn. */
  readonly atOnce: number;
}

const BOUNDS: PluginBounds = { timeoutMs: 10_000, maxBytes: 256 * 1024, atOnce: 8 };

/** Plugins as processes of this machine. When all regions need a credential at once, they do not start all at once. */
export function createPluginRunner(clock: Clock, bounds: PluginBounds = BOUNDS): RunPlugin {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (call) => {
    if (running >= bounds.atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await runOnce(call, clock, bounds);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/**
 * No shell, no input, a process group of its own. What it writes to standard error is not read at all: it may hold
 * secrets, and nobody could tell which part does.
 */
function runOnce({ args, command, env }: PluginCall, clock: Clock, bounds: PluginBounds): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = start(command, args, env);
    if (typeof child === 'string') return reject(new PluginError(`could not be started (${child})`));
    const chunks: Buffer[] = [];
    let bytes = 0;
    let ending: string | undefined;
    const fail = (what: string): void => {
      timer.cancel();
      killGroup(child.pid);
      child.stdout.destroy();
      reject(new PluginError(what));
    };
    const timer = clock.setTimer(bounds.timeoutMs, () => fail(`did not end within ${bounds.timeoutMs / 1000} s`));
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bounds.maxBytes) fail(`wrote more than ${bounds.maxBytes} bytes`);
      else chunks.push(chunk);
    });
    child.on('error', (error) => fail(`could not be started (${codeOf(error)})`));
    child.once('exit', (code, signal) => {
      if (code !== 0) ending = signal ? `was ended by ${signal}` : `exited with code ${code}`;
      // What it left behind would hold standard output open.
      killGroup(child.pid);
    });
    child.once('close', () => {
      if (ending !== undefined) return fail(ending);
      timer.cancel();
      resolve(Buffer.concat(chunks, bytes).toString('utf8'));
    });
  });
}

/** The child, or the code of the error: its message may quote an argument. */
function start(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  try {
    return spawn(command, args, { cwd: '/', detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    return codeOf(error);
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left there.
  }
}
