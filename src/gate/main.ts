import { constants, openSync, write } from 'node:fs';
import { Socket } from 'node:net';
import process from 'node:process';
import { setInterval } from 'node:timers';
import { sleep, systemClock } from '../runtime/clock.ts';
import { startCommand } from './command.ts';
import { Gate } from './gate.ts';
import { createLineLog } from './line-log.ts';
import { type GateOptions, GateUsageError, readGateOptions } from './options.ts';
import { RightsClient } from './rights-client.ts';

/** A handler of SIGUSR1 also keeps Node from opening its debugger at it. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
];
/** By it a command can mark what it writes: who is promoted elsewhere later starts under a higher one. */
const EPOCH_VARIABLE = 'SWITCHBACK_EPOCH';
const STANDARD_ERROR = 2;
const FLUSH_MS = 500;
const HANG_UP_MS = 100;
const INTERNAL_ERROR_CODE = 70;
const A_LONG_TIME_MS = 2_000_000_000;

/**
 * Standard error, opened once more: so that a write fails when nobody empties the pipe, and does not wait. That cannot
 * be set on the one that the command shares, and `process.stderr` waits.
 */
function openLog(): number {
  try {
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
  } catch {
    // A socket, or a pipe of another user. Then a thread waits, and never holds up the end of the command.
    return STANDARD_ERROR;
  }
}

/**
 * Ends the write to a socket that nobody reads: a process does not end while one of its threads waits. Only for when the
 * command has ended, whose standard error it is too.
 */
async function hangUp(): Promise<void> {
  try {
    new Socket({ fd: STANDARD_ERROR, readable: false }).on('error', () => undefined).end();
    await sleep(systemClock, HANG_UP_MS);
  } catch {
    // Not a socket.
  }
}

/**
 * `switchback gate`: the composition root of the gate. It stands in every write-bearing container, so it loads nothing but
 * modules of Node and its own.
 *
 * Run it as the first process of a container, with a process namespace that is not shared: when it ends, the kernel ends
 * everything that is left there. It reaps its command only; a command that leaves orphans behind needs an init of its
 * own (`-- tini -g -- command`).
 *
 * @param args what follows `gate` on the command line
 */
export async function runGate(args: readonly string[]): Promise<void> {
  try {
    await run(readGateOptions(args));
  } catch (error) {
    process.stderr.write(`${error instanceof GateUsageError ? error.message : String(error)}\n`);
    process.exit(error instanceof GateUsageError ? 2 : INTERNAL_ERROR_CODE);
  }
}

async function run(options: GateOptions): Promise<void> {
  const { service, timing } = options;
  const output = openLog();
  const writeText = (text: string): Promise<void> => new Promise((resolve) => write(output, text, () => resolve()));
  const lines = createLineLog({ clock: systemClock, base: { role: 'gate', service }, write: writeText });
  const source = new RightsClient({ ...options, timeoutMs: 2 * timing.askEveryMs, clock: systemClock });
  const start = (epoch: number) => startCommand(options.command, { [EPOCH_VARIABLE]: `${epoch}` });
  const gate = new Gate({ clock: systemClock, timing, source, start, log: lines.log });
  const finish = async (code: number): Promise<never> => {
    const isFlushed = lines.flush().then(() => true);
    const isLate = sleep(systemClock, FLUSH_MS).then(() => false);
    if (!(await Promise.race([isFlushed, isLate])) && output === STANDARD_ERROR) await hangUp();
    process.exit(code);
  };
  // What runs must not outlive the gate, whatever ends it.
  process.on('exit', () => gate.abandon());
  process.on('uncaughtException', (error) => {
    gate.abandon();
    lines.log('error', 'Gate fails', { error: String(error.stack) });
    void finish(INTERNAL_ERROR_CODE);
  });
  for (const name of FORWARDED) process.on(name, () => gate.signal(name));
  // Neither timers of the clock nor handlers of signals keep a process alive that waits for its right.
  setInterval(() => undefined, A_LONG_TIME_MS);
  lines.log('info', 'Gate waits for the right', {});
  gate.start();
  await finish(await gate.ended);
}
