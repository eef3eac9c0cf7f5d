import { setImmediate } from 'node:timers';
import type { Dispatcher } from 'undici';
import { elapsedAtMost } from '../runtime/clock.ts';
import { MalformedAnswerError } from './errors.ts';
import { collector, describe, type Exchange, type HttpAnswer, type Reader, run, type Settle } from './exchange.ts';
import { LineSplitter } from './line-splitter.ts';
import type { WatchEvent } from './transport.ts';

/** A watch: after a 200 each line goes to `onEvent`; any other status is read as an ordinary answer. */
export interface StreamExchange extends Omit<Exchange, 'timeoutMs' | 'signal'> {
  readonly signal: AbortSignal;
  readonly maxLineBytes: number;
  readonly onEvent: (event: WatchEvent) => void;
  readonly onOpen: () => void;
}

/** After so much parsing without a pause, timers and sockets get their turn. */
const SLICE_MS = 8;

/**
 * Opens a watch and resolves when the server ends it. Rejects with the signal's reason when aborted, with
 * `UnreachableError` when the connection broke, with `MalformedAnswerError` when a line is too long or no JSON.
 */
export function stream(request: StreamExchange): Promise<HttpAnswer> {
  return run(
    request,
    () => request.signal.reason,
    (settle) => lineReader(request, settle),
  );
}

function lineReader(request: StreamExchange, settle: Settle): Reader {
  const errors = collector(request, settle);
  const splitter = new LineSplitter(request.maxLineBytes);
  const onLine = (line: string): void => {
    // The receiver may abort while it takes an event; what else is in the same chunk is no longer wanted.
    if (!request.signal.aborted) request.onEvent(parseEvent(request, line));
  };
  let headers: HttpAnswer['headers'] = {};
  let ok = false;
  let busyMs = 0;
  let paused = false;

  const rest = (controller: Dispatcher.DispatchController): void => {
    busyMs = 0;
    paused = true;
    controller.pause();
    setImmediate(() => {
      paused = false;
      controller.resume();
    });
  };

  return {
    onHead(status, head) {
      headers = head;
      ok = status === 200;
      if (ok) request.onOpen();
      else errors.onHead(status, head);
    },
    onData(chunk, controller) {
      if (!ok) return errors.onData(chunk, controller);
      const from = request.clock.now();
      splitter.push(chunk, onLine);
      busyMs += elapsedAtMost(from, request.clock.now());
      if (busyMs >= SLICE_MS && !paused) rest(controller);
    },
    onEnd() {
      if (!ok) return errors.onEnd();
      settle.done({ status: 200, headers, text: '' });
    },
  };
}

const EVENT_TYPES: ReadonlySet<unknown> = new Set<WatchEvent['type']>([
  'ADDED',
  'MODIFIED',
  'DELETED',
  'BOOKMARK',
  'ERROR',
]);

const isWatchEvent = (value: unknown): value is WatchEvent =>
  typeof value === 'object' && value !== null && 'type' in value && EVENT_TYPES.has(value.type) && 'object' in value;

function parseEvent(request: StreamExchange, line: string): WatchEvent {
  try {
    const value: unknown = JSON.parse(line);
    if (isWatchEvent(value)) return value;
  } catch {
    // falls through to the error below: both cases mean the same
  }
  throw new MalformedAnswerError(`${describe(request)}: a line of the watch is no event`);
}
