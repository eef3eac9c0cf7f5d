import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a server answers: any number of log lines, then a result or an error. One JSON document per line. */
export type Reply = { readonly log: string } | { readonly result: string } | { readonly error: string };

/** Unix socket through which other processes break and mend the regions of a work folder. */
export function controlSocket(workDir: string): string {
  return join(workDir, 'control.sock');
}

/**
 * Serves commands until it is closed.
 * @param handle carries out one command and resolves with what to print; `log` sends a line at once
 */
export async function serveControl(
  workDir: string,
  handle: (words: readonly string[], log: (line: string) => void) => Promise<string>,
): Promise<Server> {
  const server = createServer((socket) => {
    const reply = (message: Reply) => void socket.write(`${JSON.stringify(message)}\n`);
    socket.on('error', () => undefined);
    createInterface(socket).once('line', (line) => {
      answer(line, handle, reply).finally(() => socket.end());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(controlSocket(workDir), resolve);
  });
  return server;
}

async function answer(
  line: string,
  handle: (words: readonly string[], log: (line: string) => void) => Promise<string>,
  reply: (message: Reply) => void,
): Promise<void> {
  try {
    const words: unknown = JSON.parse(line);
    if (!Array.isArray(words)) throw new Error('a command is a list of words');
    reply({ result: await handle(words.map(String), (log) => reply({ log })) });
  } catch (error) {
    reply({ error: error instanceof Error ? error.message : String(error) });
  }
}

/** Nobody serves the work folder. */
export class NotRunningError extends Error {
  override readonly name = 'NotRunningError';
}

/**
 * Has the server of a work folder carry out one command.
 * @param log told about the server's log lines while the command runs
 * @returns what the command prints
 * @throws NotRunningError when there is no server; Error with the server's words when the command failed
 */
export async function sendCommand(
  workDir: string,
  words: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  const socket = await open(workDir);
  socket.write(`${JSON.stringify(words)}\n`);
  for await (const line of createInterface(socket)) {
    const reply: unknown = JSON.parse(line);
    if (has(reply, 'error')) throw new Error(reply.error);
    if (has(reply, 'result')) return reply.result;
    if (has(reply, 'log')) log(reply.log);
  }
  throw new Error('the server ended before it answered; see daemon.log in the work folder');
}

function open(workDir: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlSocket(workDir));
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new NotRunningError(`no regions are up in ${workDir}`, { cause })));
  });
}

function has<K extends string>(value: unknown, key: K): value is Record<K, string> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, key) === 'string';
}
