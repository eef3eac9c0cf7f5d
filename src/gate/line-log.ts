import type { Clock } from '../runtime/clock.ts';

export interface LineLog {
  /** Writes one JSON line: `level`, `time` (RFC 3339), the base, the fields, `msg`. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Resolves when everything is written. */
  flush(): Promise<void>;
}

export interface LineLogOptions {
  readonly clock: Clock;
  readonly base: Readonly<Record<string, string>>;
  /** Writes the text; resolves when it is written, and also when it cannot be. */
  readonly write: (text: string) => Promise<void>;
}

const MOST_LINES = 1000;

/**
 * The lines of the program, with the keys of `report/log.ts` and without its weight.
 *
 * Nothing waits for a line: the gate shares a pipe with its command, and a pipe that nobody empties would block it for
 * ever. One write is under way at a time; what no longer fits is left out.
 */
export function createLineLog({ base, clock, write }: LineLogOptions): LineLog {
  const waiting: string[] = [];
  let writing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    for (let text = waiting.splice(0).join(''); text !== ''; text = waiting.splice(0).join('')) await write(text);
    writing = undefined;
  };
  return {
    log(level, message, fields) {
      if (waiting.length >= MOST_LINES) return;
      const time = new Date(clock.now().wallMs).toISOString();
      waiting.push(`${JSON.stringify({ level, time, ...base, ...fields, msg: message })}\n`);
      writing ??= drain();
    },
    flush: async () => writing,
  };
}
