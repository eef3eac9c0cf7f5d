import type { View } from '../output.ts';
import { formatTable } from '../table.ts';
import type { Style } from '../terminal.ts';

/** One thing that was looked at. `Skipped` could not be: it is no reason to worry, and none to be sure. */
export interface Check {
  readonly subject: 'credentials' | 'permissions' | 'capacity' | 'clocks' | 'operator';
  readonly what: string;
  readonly result: 'Ok' | 'Warning' | 'Failed' | 'Skipped';
  readonly message: string;
}

const STYLES: Readonly<Record<Check['result'], Style>> = {
  Ok: 'green',
  Warning: 'yellow',
  Failed: 'red',
  Skipped: 'dim',
};

export const hasFailed = (checks: readonly Check[]): boolean => checks.some(({ result }) => result === 'Failed');

export const validateView = (checks: readonly Check[]): View => ({
  data: checks,
  text: (paint) =>
    formatTable(
      ['SUBJECT', 'WHAT', 'RESULT', 'WHY'],
      checks.map(({ message, result, subject, what }) => [subject, what, paint(STYLES[result], result), message]),
    ),
});
