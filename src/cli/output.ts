import { dump } from 'js-yaml';
import type { Paint, Terminal } from './terminal.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** An answer: for people as text, for programs as data. */
export interface View {
  readonly data: unknown;
  text(paint: Paint, wide: boolean): string;
}

/** Writes an answer in the format that was asked for. Colours only where a person looks. */
export function show(view: View, format: Format, paint: Paint, { out }: Pick<Terminal, 'out'>): void {
  out(`${textOf(view, format, paint)}\n`);
}

function textOf(view: View, format: Format, paint: Paint): string {
  switch (format) {
    case 'json':
      return JSON.stringify(view.data, null, 2);
    case 'yaml':
      return dump(view.data, { noRefs: true, lineWidth: -1 }).trimEnd();
    case 'table':
    case 'wide':
      return view.text(paint, format === 'wide');
  }
}
