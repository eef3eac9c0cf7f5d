import type { StructuralSchema } from './structural-schema.ts';

/** Fixed in length, so that the server's cost estimate for CEL needs no `maxLength`. */
const BOUNDED_FORMATS: ReadonlySet<string> = new Set(['date-time', 'date', 'uuid']);
/** Look-around and back references: RE2, which the API server uses, has none. */
const NOT_RE2 = /\(\?[=!<]|\\[1-9]/;

/**
 * What is missing in a schema. Without a bound on each list, map and string one object can fill etcd, and the API
 * server refuses CEL rules over it because it cannot bound their cost.
 *
 * @param at where the schema stands (`spec`)
 * @returns one line for each finding, empty when all is well
 */
export function lintSchema(schema: StructuralSchema, at: string): readonly string[] {
  return [...lintNode(schema, at), ...lintChildren(schema, at)];
}

function lintNode(schema: StructuralSchema, at: string): readonly string[] {
  const findings: string[] = [];
  if (schema.type === 'array' && schema.maxItems === undefined) findings.push(`${at}: the list has no maxItems`);
  if (schema.additionalProperties && schema.maxProperties === undefined) {
    findings.push(`${at}: the map has no maxProperties`);
  }
  if (isUnboundedString(schema)) findings.push(`${at}: the string has no maxLength`);
  if (schema.pattern !== undefined && NOT_RE2.test(schema.pattern)) {
    findings.push(`${at}: RE2 cannot read the pattern ${schema.pattern}`);
  }
  return findings;
}

function isUnboundedString({ type, maxLength, enum: values, format }: StructuralSchema): boolean {
  if (type !== 'string' || maxLength !== undefined || values !== undefined) return false;
  return format === undefined || !BOUNDED_FORMATS.has(format);
}

function lintChildren(schema: StructuralSchema, at: string): readonly string[] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = `${at}.${name}`;
    const silent = child.description === undefined ? [`${path}: the field has no description`] : [];
    return [...silent, ...lintSchema(child, path)];
  });
  return [
    ...named,
    ...(schema.items ? lintSchema(schema.items, `${at}[]`) : []),
    ...(schema.additionalProperties ? lintSchema(schema.additionalProperties, `${at}{}`) : []),
  ];
}
