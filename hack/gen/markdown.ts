/** A GitHub-flavoured table. Cells must be ready: see `cell` and `code`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text for a cell: a bar would end the cell, `<` would begin a tag. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** Code for a cell. Bars end a cell in code as well, unless they are escaped. */
export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
