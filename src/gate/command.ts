import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { env, kill } from 'node:process';

/** How a command ended, as an exit code: its own, 128 + n for signal n, 126 and 127 when it could not be started. */
export interface Ending {
  readonly code: number;
  /** Why it could not be started. */
  readonly problem?: string;
}

export interface Command {
  readonly ended: Promise<Ending>;
  /** Sends a signal to the process, not to its group: it knows best what its children are to do. */
  signal(name: NodeJS.Signals): void;
  /** SIGKILL to the process and to everything that it has started and that has not left its group. */
  killGroup(): void;
}

/**
 * Starts `command` without a shell, in a process group (and session) of its own, with the input, the outputs and the
 * environment of the gate, and `more` beside it. What is left of the group when the process has ended is killed.
 *
 * What cannot be started has ended, with the reason as its problem; it does not throw.
 *
 * What leaves the group (a daemon that makes a session of its own) ends with the gate only where the gate is the first
 * process of its container: then the kernel ends all others with it.
 */
export function startCommand(
  [program, ...args]: readonly [string, ...string[]],
  more: Readonly<Record<string, string>>,
): Command {
  const child = spawned(program, args, more);
  if (child instanceof Error) return neverStarted(child);
  const { pid } = child;
  const killGroup = (): void => {
    if (pid !== undefined) sendSignal(-pid, 'SIGKILL');
  };
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  child.on('error', (error) => {
    if (pid === undefined) resolve({ code: codeOfFailure(error), problem: error.message });
  });
  child.once('exit', (code, signal) => {
    killGroup();
    resolve({ code: code ?? codeOfSignal(signal) });
  });
  return { ended, killGroup, signal: (name) => void child.kill(name) };
}

/** Node tells of some failures by an event, and throws the others (not enough memory, for one). */
function spawned(program: string, args: readonly string[], more: Readonly<Record<string, string>>) {
  try {
    return spawn(program, args, { stdio: 'inherit', detached: true, env: { ...env, ...more } });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const neverStarted = (error: Error): Command => ({
  ended: Promise.resolve({ code: codeOfFailure(error), problem: error.message }),
  killGroup: () => undefined,
  signal: () => undefined,
});

/** As shells do it. */
export const codeOfSignal = (signal: NodeJS.Signals | null): number => (signal ? 128 + constants.signals[signal] : 1);

const codeOfFailure = (error: Error): number => ('code' in error && error.code === 'ENOENT' ? 127 : 126);

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal);
  } catch {
    // Nobody is left there.
  }
}
