import { stripVTControlCharacters } from 'node:util';

const GAP = 3;
const widthOf = (text: string): number => stripVTControlCharacters(text).length;
const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/**
 * Columns as kubectl shows them: a head in capitals, three spaces between, nothing behind the last one.
 *
 * @param rows cells, one for each head; they may be coloured
 */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => pad(cell, (widths[column] ?? 0) + GAP))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** Lines under each other, each moved in by two spaces for each level. */
export const indent = (text: string, levels = 1): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : `${'  '.repeat(levels)}${line}`))
    .join('\n');
