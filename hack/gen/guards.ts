import { GUARD_FACTS, MOVE_FACTS } from '../../src/decide/guard-facts.ts';
import { GUARDS } from '../../src/decide/guards.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/decide/guards.ts and guard-facts.ts by `npm run gen`: do not edit. -->';

/** The page of all guards, in the order in which they are asked. */
export function renderGuards(): readonly GeneratedFile[] {
  const names = [...new Set(Object.values(GUARDS).flatMap((list) => list.map(({ name }) => name)))];
  const guards = names.map((name) => {
    const { endsWhen = '', holdsWhile = '', reasons = [] } = GUARD_FACTS[name] ?? {};
    return [code(name), cell(holdsWhile), reasons.map((reason) => reasonCell(reason)).join(', '), cell(endsWhen)];
  });
  const text = [
    NOTE,
    '# Guards',
    'What may hold a move. The first guard of a list that objects holds it: its reason and message stand in `status.hold` and the condition `Held` of the ServiceInstance, with an event; `until` says when only time is missing, else `endsWhen` says what is.',
    ...Object.entries(MOVE_FACTS).flatMap(([list, title]) => {
      const order = GUARDS[list as keyof typeof GUARDS].map(({ name }, index) => `${index + 1}. ${code(name)}`);
      return [`## ${title}`, order.join('\n')];
    }),
    '## What each of them holds',
    table(['guard', 'holds while', 'reason', 'ends when'], guards),
  ].join('\n\n');
  return [{ path: 'docs/reference/guards.md', text: `${text}\n` }];
}

const reasonCell = (reason: string): string => (reason === 'Rule' ? 'that of the rule' : code(reason));
