import { stringify } from 'yaml';
import { z } from 'zod';
import type { GeneratedFile } from '../generated-file.ts';
import { cell, code, table } from '../markdown.ts';
import { values } from './values.ts';

const CHART = 'charts/switchback';
const NOTE = 'Generated from hack/gen/chart/values.ts by `npm run gen`: do not edit.';

/** As much of JSON schema as the values use. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [keyword: string]: unknown;
}

interface Leaf {
  readonly path: string;
  readonly schema: Schema;
}

/** `values.yaml` with comments, and the schema that Helm checks all values against. */
export function renderValues(): readonly GeneratedFile[] {
  const schema = valuesSchema();
  return [
    { path: `${CHART}/values.yaml`, text: `# ${NOTE}\n${yamlOf(schema, '')}` },
    { path: `${CHART}/values.schema.json`, text: `${JSON.stringify(schema, null, 2)}\n` },
  ];
}

/** A row for each value. */
export function valuesTable(): string {
  const rows = leavesOf(valuesSchema(), '').map(({ path, schema }) => [
    code(path),
    cell(schema.description ?? ''),
    schema.default === undefined ? 'required' : code(JSON.stringify(schema.default)),
  ]);
  return table(['value', 'what it is', 'default'], rows);
}

/** Helm gives every template all values, so none is required but those that have no default. */
export function valuesSchema(): Schema {
  const whole: unknown = z.toJSONSchema(values, { io: 'input', target: 'draft-7' });
  if (!isSchema(whole)) throw new Error('the values have no schema');
  const { required: _, ...schema } = relax(whole);
  // Helm itself puts these two into the values of a chart.
  return { ...schema, properties: { global: { type: 'object' }, ...schema.properties }, required: ['role'] };
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

/** Without `required` where there are defaults: a list's items keep it. */
function relax(schema: Schema): Schema {
  const { properties, required: _, ...rest } = schema;
  if (!properties) return schema;
  const inner = Object.entries(properties).map(([key, value]) => [key, isSchema(value) ? relax(value) : value]);
  return { ...rest, properties: Object.fromEntries(inner) };
}

const isGroup = ({ properties }: Schema): boolean => properties !== undefined;

function leavesOf(schema: Schema, prefix: string): readonly Leaf[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'global')
    .flatMap(([key, inner]) => {
      const path = `${prefix}${key}`;
      return isGroup(inner) ? leavesOf(inner, `${path}.`) : [{ path, schema: inner }];
    });
}

function yamlOf(schema: Schema, indent: string): string {
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'global')
    .map(([key, inner]) => {
      const comment = inner.description ? `${indent}# -- ${inner.description}\n` : '';
      if (isGroup(inner)) return `${comment}${indent}${key}:\n${yamlOf(inner, `${indent}  `)}`;
      return `${comment}${leafOf(key, inner, indent)}`;
    })
    .join('');
}

function leafOf(key: string, { default: value, enum: choices }: Schema, indent: string): string {
  const lines = stringify({ [key]: value ?? (value === null ? null : '') }, { lineWidth: 0 })
    .trimEnd()
    .split('\n');
  const choice = choices ? `${indent}# One of: ${choices.join(', ')}.\n` : '';
  return `${choice}${lines.map((line) => `${indent}${line}\n`).join('')}`;
}
