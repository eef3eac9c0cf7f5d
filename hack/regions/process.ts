import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { type ProcessRecord, signalIfThere } from './state.ts';

const keepAliveMs = 1_000;

export interface ProcessSpec {
  /** `cluster/part`, for example `us-east/etcd`. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Appended to. */
  readonly logFile: string;
}

/** One process that can be started, frozen, killed and started again with the same command. */
export class ManagedProcess {
  readonly name: string;
  readonly logFile: string;
  readonly #spec: ProcessSpec;
  readonly #record: ProcessRecord;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(spec: ProcessSpec, record: ProcessRecord) {
    this.name = spec.name;
    this.logFile = spec.logFile;
    this.#spec = spec;
    this.#record = record;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it unless it runs. @throws when the program cannot be executed */
  start(): void {
    if (this.#child) return;
    const [program, ...args] = this.#spec.command;
    const log = openSync(this.#spec.logFile, 'a');
    // A session of its own: Ctrl-C in a terminal must reach only the program that decides what to stop, and when.
    const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true, env: childEnv() });
    closeSync(log);
    const { pid } = child;
    if (pid === undefined) throw new Error(`cannot execute ${program}`);
    // The child must not keep our event loop alive: who forgets to stop it ends, and the watchdog cleans up.
    child.unref();
    this.#record.add({ name: this.name, pid, command: this.#spec.command });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => {
        this.#record.remove(pid);
        if (this.#child === child) this.#child = undefined;
        resolve();
      });
    });
  }

  /** Ends it at once, frozen or not; resolves when it has ended. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    // The child itself does not keep the event loop alive, this wait must.
    const keepAlive = setInterval(() => undefined, keepAliveMs);
    await this.#exited;
    clearInterval(keepAlive);
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) signalIfThere(pid, signal);
  }
}

/** The last lines of a log, for an error message. */
export function fileTail(path: string, lines = 8): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

/** Nothing of the caller's environment may change how a cluster behaves: proxies and KUBECONFIG above all. */
function childEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return { PATH, HOME, TMPDIR };
}
