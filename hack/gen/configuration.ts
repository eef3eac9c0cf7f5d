import { z } from 'zod';
import { SETTINGS } from '../../src/config.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/config.ts by `npm run gen`: do not edit. -->';

export interface Setting {
  readonly name: string;
  readonly roles: readonly string[];
  readonly takes: string;
  readonly default: string;
  readonly description: string;
}

/** All environment variables of hub and agent, by name. */
export function listSettings(): readonly Setting[] {
  const all = new Map<string, Setting>();
  for (const [role, shape] of Object.entries(SETTINGS)) {
    for (const [name, schema] of Object.entries(shape)) {
      const {
        default: preset,
        description = '',
        ...rest
      } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
      const roles = [...(all.get(name)?.roles ?? []), role];
      const fallback =
        preset !== undefined ? code(String(preset)) : schema.safeParse(undefined).success ? '' : '**required**';
      all.set(name, { name, roles, takes: whatOf(rest), default: fallback, description });
    }
  }
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Bounds = Pick<z.core.JSONSchema.BaseSchema, 'enum' | 'type' | 'minimum' | 'maximum' | 'maxLength'>;

function whatOf({ enum: words, maximum, maxLength, minimum, type }: Bounds): string {
  if (words) return words.map((word) => code(String(word))).join(', ');
  if (type === 'integer') return `${minimum} to ${maximum}`;
  return maxLength === undefined ? 'text' : `text of up to ${maxLength} characters`;
}

/** The page of all settings of the program. */
export function renderConfiguration(): readonly GeneratedFile[] {
  const text = [
    NOTE,
    '# Configuration',
    'Hub and agents take their settings from the environment. All of them are checked before anything starts: what is wrong is named, with what it may be, and the program ends with 1. The chart sets them from its values, which are checked by the same schemas: [its table](../../charts/switchback/README.md). How services are placed, when they move and how long rights last is no setting of the program: it stands in the `IUGroup`, the service classes and the tenants ([api.md](api.md)).',
    table(
      ['variable', 'role', 'takes', 'default', 'meaning'],
      listSettings().map(({ default: preset, description, name, roles, takes }) => [
        code(name),
        roles.join(', '),
        takes,
        preset,
        cell(description),
      ]),
    ),
    'The commands (`kubectl switchback`) read `KUBECONFIG`, `HOME` and `NO_COLOR` ([cli.md](cli.md)); the gate takes options ([gates.md](../gates.md)).',
  ].join('\n\n');
  return [{ path: 'docs/reference/configuration.md', text: `${text}\n` }];
}
