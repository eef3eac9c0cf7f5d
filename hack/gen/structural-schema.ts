import { z } from 'zod';

/**
 * An OpenAPI v3 schema as CustomResourceDefinitions take it: "structural", that is without unions, references and
 * whatever else the API server could not prune and default by.
 */
export interface StructuralSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: StructuralSchema;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
}

export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: string;
}

type Children = Pick<
  StructuralSchema,
  'items' | 'properties' | 'additionalProperties' | 'x-kubernetes-preserve-unknown-fields'
>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What zod emits, before anything is known about it. */
type Raw = Readonly<Record<string, unknown>>;

/** Taken over as they are. The order is that of the output, so that generated files are stable and read well. */
const PLAIN_KEYS = [
  'type',
  'description',
  'default',
  'nullable',
  'enum',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
] as const;

/** Handled by `normaliseChildren`. */
const NESTED_KEYS: ReadonlySet<string> = new Set(['items', 'properties', 'additionalProperties']);
/** For humans and other tools; CRDs refuse them. */
const DROPPED_KEYS: ReadonlySet<string> = new Set(['readOnly', 'deprecated', 'examples', 'title']);
const EXTENSION = 'x-kubernetes-';
const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };

/**
 * The structural schema of a zod schema, as a client writes it (defaulted fields are optional).
 *
 * @param at where the schema stands, for messages (`spec`)
 * @throws when the schema uses something that the API server would refuse or silently ignore
 */
export function structuralSchema(schema: z.ZodType, at: string): StructuralSchema {
  const raw = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    // `output` would make defaulted fields required and forbid unknown ones, which the server prunes instead.
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    unrepresentable: 'throw',
    override: ({ zodSchema, path }) => refuseFlags(zodSchema._zod.def.checks ?? [], [at, ...path].join('.')),
  });
  return normalise({ ...raw }, at);
}

/** JSON Schema has no flags: the API server would check another expression than zod does. */
function refuseFlags(checks: readonly z.core.$ZodCheck<never>[], at: string): void {
  for (const { _zod: check } of checks) {
    const pattern = 'pattern' in check.def ? check.def.pattern : undefined;
    if (pattern instanceof RegExp && pattern.flags !== '') {
      throw new Error(`${at}: the flags of ${pattern} would be lost: write the expression without flags`);
    }
  }
}

function normalise(raw: Raw, at: string): StructuralSchema {
  refuseUnknownKeys(raw, at);
  const result: Record<string, unknown> = {};
  for (const key of PLAIN_KEYS) if (raw[key] !== undefined) result[key] = raw[key];
  if (raw['type'] === 'integer') result['format'] = integerFormat(raw);
  // zod adds an expression of its own to a format; the server knows the format itself, in the whole of RFC 3339.
  if (raw['format'] !== undefined) delete result['pattern'];
  const children = normaliseChildren(raw, at);
  Object.assign(result, children);
  if (isRaw(raw['default'])) result['default'] = completeDefault(raw['default'], children.properties ?? {});
  for (const [key, value] of Object.entries(raw)) if (key.startsWith(EXTENSION)) result[key] = value;
  return result;
}

function refuseUnknownKeys(raw: Raw, at: string): void {
  const known: ReadonlySet<string> = new Set(PLAIN_KEYS);
  for (const key of Object.keys(raw)) {
    if (known.has(key) || NESTED_KEYS.has(key) || DROPPED_KEYS.has(key) || key.startsWith(EXTENSION)) continue;
    throw new Error(
      `${at}: a CustomResourceDefinition cannot say \`${key}\`: for a union use an enum, optional fields and a CEL rule`,
    );
  }
}

/** The narrowest format that holds the bounds. Bounds are kept: zod and the server must agree on every value. */
function integerFormat(raw: Raw): 'int32' | 'int64' {
  const { minimum, maximum } = raw;
  const fits = typeof minimum === 'number' && typeof maximum === 'number';
  return fits && minimum >= INT32.min && maximum <= INT32.max ? 'int32' : 'int64';
}

/**
 * `{}` with the defaults of the fields filled in. The server would do that by itself, but it checks a default against
 * the CEL rules of the object before it does.
 */
function completeDefault(value: Raw, properties: NonNullable<StructuralSchema['properties']>): Raw {
  const fields = Object.entries(properties)
    .filter(([name, child]) => name in value || child.default !== undefined)
    .map(([name, child]) => {
      const field = value[name] ?? child.default;
      return [name, isRaw(field) ? completeDefault(field, child.properties ?? {}) : field];
    });
  return Object.fromEntries(fields);
}

function normaliseChildren(raw: Raw, at: string): Children {
  const result: Writable<Children> = {};
  if (isRaw(raw['items'])) result.items = normalise(raw['items'], `${at}[]`);
  const rest = raw['additionalProperties'];
  if (isRaw(raw['properties'])) {
    const children = Object.entries(raw['properties']).map(([name, child]) => {
      if (!isRaw(child)) throw new Error(`${at}.${name}: not a schema`);
      return [name, normalise(child, `${at}.${name}`)] as const;
    });
    if (children.length > 0) result.properties = Object.fromEntries(children);
  }
  // `false` (a strict object) needs no word: the server drops unknown fields and warns about them.
  if (isRaw(rest)) {
    if (Object.keys(rest).length === 0) result['x-kubernetes-preserve-unknown-fields'] = true;
    else result.additionalProperties = normalise(rest, `${at}{}`);
  }
  if (raw['type'] === undefined) result['x-kubernetes-preserve-unknown-fields'] = true;
  return result;
}

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
