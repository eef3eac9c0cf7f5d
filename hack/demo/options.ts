import { parseArgs } from 'node:util';
import type { Loss } from './disaster.ts';

export const USAGE = `usage: node hack/demo/demo.ts [--report FILE] [--keep] [--hang]

  --report FILE  write what happened as JSON
  --keep         leave everything running at the end, and print how to reach it, until Ctrl-C
  --hang         the region freezes (connections stay open and silent) instead of ending`;

export interface DemoOptions {
  /** Where to write the report. */
  readonly report: string | undefined;
  readonly keep: boolean;
  readonly loss: Loss;
  readonly help: boolean;
}

/** @throws on anything that is not an option */
export function readOptions(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      report: { type: 'string' },
      keep: { type: 'boolean', default: false },
      hang: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { hang, help, keep, report } = values;
  return { report, keep, help, loss: hang ? 'hang' : 'kill' };
}
