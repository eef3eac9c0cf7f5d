import { styleText } from 'node:util';
import type { Line, Paint } from './table.ts';

/** Where the demo speaks. Times are seconds since it began. */
export interface Screen {
  readonly paint: Paint;
  /** A line that stays. */
  say(text: string): void;
  /** Shows the lines as the present table: in place on a terminal, else only those that have changed. */
  show(lines: readonly Line[]): void;
  /** Takes the table away, if it is shown in place. */
  hide(): void;
  /** Nothing is shown or said any more. */
  mute(): void;
}

/** On a terminal: what was said scrolls away above a table that is drawn in place. */
export function createTerminalScreen(stream: NodeJS.WriteStream, startMs: number): Screen {
  let muted = false;
  const write = (text: string): void => {
    if (!muted) stream.write(text);
  };
  let shown: readonly Line[] = [];
  /** The table's last line has no line end: so a table as high as the terminal does not scroll. */
  const erase = (): string => (shown.length === 0 ? '' : `\r${up(shown.length - 1)}${CLEAR_BELOW}`);
  const draw = (): string => {
    // One line is kept free for the one that was said last.
    const fitting = shown.slice(0, Math.max(1, stream.rows - 1));
    const hidden = shown.length - fitting.length;
    if (hidden > 0) fitting[fitting.length - 1] = { key: 'more', text: `... and ${hidden + 1} rows more` };
    shown = fitting;
    return `${WRAP_OFF}${fitting.map(({ text }) => text).join('\n')}${WRAP_ON}`;
  };
  return {
    paint: (style, text) => styleText(style, text, { stream }),
    say: (text) => {
      write(`${erase()}${stamp(startMs)}${text}\n${shown.length === 0 ? '' : draw()}`);
    },
    show: (lines) => {
      const before = erase();
      shown = lines;
      write(`${before}${draw()}`);
    },
    hide: () => {
      write(erase());
      shown = [];
    },
    mute: () => {
      muted = true;
    },
  };
}

/** Without a terminal: one line for each row that changed. */
export function createPlainScreen(write: (text: string) => void, startMs: number): Screen {
  const printed = new Map<string, string>();
  let muted = false;
  const say = (text: string): void => {
    if (!muted) write(`${stamp(startMs)}${text}\n`);
  };
  return {
    paint: (_style, text) => text,
    say,
    show: (lines) => {
      for (const { key, text } of lines) {
        if (printed.get(key) === text) continue;
        printed.set(key, text);
        say(`| ${text}`);
      }
    },
    hide: () => undefined,
    mute: () => {
      muted = true;
    },
  };
}

const CLEAR_BELOW = '\x1b[J';
/** Lines that are too long are cut off at the edge instead of going on in the next line. */
const WRAP_OFF = '\x1b[?7l';
const WRAP_ON = '\x1b[?7h';
const up = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}A`);

function stamp(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s  `;
}
