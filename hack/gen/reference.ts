import { CONDITION_TYPES, REASONS } from '../../src/api/conditions.ts';
import type { KindDefinition } from '../../src/api/definition.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { rootSchema } from './crds.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';
import type { StructuralSchema, ValidationRule } from './structural-schema.ts';

const NOTE = '<!-- Generated from src/api by `npm run gen`: do not edit. -->';

/** The pages of the API reference: every kind with its fields and rules, and every condition with its reasons. */
export function renderReference(kinds: readonly KindDefinition[] = KINDS): readonly GeneratedFile[] {
  return [
    { path: 'docs/reference/api.md', text: apiPage(kinds) },
    { path: 'docs/reference/conditions.md', text: conditionsPage() },
  ];
}

function apiPage(kinds: readonly KindDefinition[]): string {
  const overview = kinds.map(({ kind, livesIn, namespaced, shortNames, description }) => [
    `[${kind}](#${kind.toLowerCase()})`,
    livesIn === 'hub' ? 'hub' : 'every region',
    namespaced ? 'namespace' : 'cluster',
    shortNames.map(code).join(', '),
    cell(description),
  ]);
  return page([
    '# API reference',
    'Group `switchback.dev`, version `v1alpha1`. `kubectl get switchback` lists the objects of every kind.',
    'The rules below are checked by the API server itself, also while the operator is down. A field without a default that is not required may be left out.',
    table(['kind', 'lives in', 'scope', 'short name', 'what it is'], overview),
    ...kinds.map(kindSection),
  ]);
}

function kindSection(kind: KindDefinition): string {
  const schema = rootSchema(kind);
  const { spec = {}, status } = schema.properties ?? {};
  return [
    `## ${kind.kind}`,
    kind.description,
    '### spec',
    fieldTable(fieldsOf(spec, 'spec')),
    ...(status ? ['### status', fieldTable(fieldsOf(status, 'status'))] : []),
    ...rulesSection(schema),
    '### Columns of `kubectl get`',
    table(
      ['column', 'shows', 'what it says'],
      kind.columns.map(({ name, jsonPath, description, priority }) => [
        priority ? `${name} (\`-o wide\`)` : name,
        code(jsonPath),
        cell(description),
      ]),
    ),
  ].join('\n\n');
}

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

function fieldTable(fields: readonly Field[]): string {
  return table(
    ['field', 'type', 'default', 'bounds', 'description'],
    fields.map(({ path, schema, required }) => [
      code(path),
      typeOf(schema),
      required ? '**required**' : defaultOf(schema),
      boundsOf(schema),
      cell(schema.description ?? ''),
    ]),
  );
}

/** Depth first, in the order of the source. */
function fieldsOf(schema: StructuralSchema, path: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const at = `${path}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    return [{ path: at, schema: child, required }, ...fieldsOf(child, at), ...fieldsOf(child.items ?? {}, `${at}[]`)];
  });
}

function typeOf(schema: StructuralSchema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}${listKind(schema)}`;
  if (schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`;
  if (schema['x-kubernetes-preserve-unknown-fields']) return 'any object';
  if (schema.format === 'date-time') return 'time';
  return schema.type ?? 'anything';
}

function listKind(schema: StructuralSchema): string {
  if (schema['x-kubernetes-list-type'] === 'set') return ', all different';
  const keys = schema['x-kubernetes-list-map-keys'];
  return keys ? ` by ${keys.map(code).join(' and ')}` : '';
}

/** The default of an object only repeats those of its fields. */
function defaultOf({ default: value, type }: StructuralSchema): string {
  return value === undefined || type === 'object' ? '' : code(JSON.stringify(value));
}

function boundsOf(schema: StructuralSchema): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, maxProperties, pattern } = schema;
  const bounds = [
    range(minimum, maximum),
    range(minLength, maxLength, 'characters'),
    range(minItems, maxItems, 'items'),
    range(undefined, maxProperties, 'entries'),
  ];
  return [...bounds.filter((text) => text !== ''), ...(pattern ? [code(pattern)] : [])].join('; ');
}

function range(min: number | undefined, max: number | undefined, unit?: string): string {
  // Numbers above are not exact in JSON: a bound that only says so would not help a reader.
  const most = max === Number.MAX_SAFE_INTEGER ? undefined : max;
  const suffix = unit ? ` ${unit}` : '';
  if (min === undefined && most === undefined) return '';
  if (most === undefined) return `at least ${min}${suffix}`;
  if (min === undefined) return `at most ${most}${suffix}`;
  return min === most ? `${min}${suffix}` : `${min} to ${most}${suffix}`;
}

function rulesSection(schema: StructuralSchema): readonly string[] {
  const rows = rulesOf(schema, '').map(({ path, rule }) => [
    path === '' ? 'the object' : code(path),
    cell(rule.message),
    code(rule.rule),
  ]);
  return rows.length === 0 ? [] : ['### Rules', table(['on', 'refused with', 'rule (CEL)'], rows)];
}

interface PlacedRule {
  readonly path: string;
  readonly rule: ValidationRule;
}

/** The rule beside a pattern says the pattern in words: it stands in the table of fields already. */
function rulesOf(schema: StructuralSchema, path: string): readonly PlacedRule[] {
  const own = schema.pattern === undefined ? (schema['x-kubernetes-validations'] ?? []) : [];
  return [
    ...own.map((rule) => ({ path, rule })),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
      rulesOf(child, path === '' ? name : `${path}.${name}`),
    ),
    ...(schema.items ? rulesOf(schema.items, `${path}[]`) : []),
  ];
}

function conditionsPage(): string {
  const rows = (entries: Readonly<Record<string, string>>) =>
    Object.entries(entries).map(([name, meaning]) => [code(name), cell(meaning)]);
  return page([
    '# Conditions and reasons',
    'One list for all kinds. A condition has `status` `True`, `False` or `Unknown`, a `reason` from the closed list below and a `message` for people. `observedGeneration` says which generation it speaks of; `lastTransitionTime` moves only when `status` does.',
    'Tools that wait (kstatus, Helm, Flux) read `Ready`, `Reconciling` and `Stalled`.',
    '## Conditions',
    table(['type', '`True` means'], rows(CONDITION_TYPES)),
    '## Reasons',
    table(['reason', 'what it says'], rows(REASONS)),
  ]);
}

function page(blocks: readonly string[]): string {
  return `${[NOTE, ...blocks].join('\n\n')}\n`;
}
