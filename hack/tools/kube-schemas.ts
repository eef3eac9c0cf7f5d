/** The schemas of an API server as kubeconform wants them: a file for each kind, in which nothing may stand that is not known. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

/** What an API server answers under `/openapi/v2`, as far as it is read here. */
export interface OpenApi {
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** Where kubeconform finds what `writeSchemas` wrote: for `-schema-location`. */
export const schemaLocation = (dir: string): string =>
  join(dir, '{{ .Group }}_{{ .ResourceKind }}_{{ .ResourceAPIVersion }}.json');

/** Writes the schema of each kind into a folder, which is made. Rejects when it cannot be written. */
export async function writeSchemas(dir: string, { definitions }: OpenApi): Promise<void> {
  await mkdir(dir, { recursive: true });
  const strict = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, strictly(name, schema)]),
  );
  for (const [name, { 'x-kubernetes-group-version-kind': kinds = [] }] of Object.entries(definitions)) {
    const [only, ...others] = kinds;
    // Options of a delete, for example, are of all groups at once.
    if (!only || others.length > 0) continue;
    const needed = reachableFrom(name, strict);
    const schema = { $ref: `#/definitions/${name}`, definitions: Object.fromEntries(needed) };
    // For want of a group kubeconform takes the version for it.
    const file = `${only.group || only.version}_${only.kind.toLowerCase()}_${only.version}.json`;
    await writeFile(join(dir, file), JSON.stringify(schema));
  }
}

/** Numbers that may be written as text, and objects that take no field but those that they name. */
function strictly(name: string, schema: Schema): Schema | object {
  if (/\.(IntOrString|Quantity)$/.test(name) || schema['x-kubernetes-int-or-string'])
    return { type: ['string', 'integer', 'number'] };
  const { additionalProperties, items, properties } = schema;
  const isClosed = properties && additionalProperties === undefined && !schema['x-kubernetes-preserve-unknown-fields'];
  return {
    ...schema,
    ...(items && { items: strictly('', items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: strictly('', additionalProperties) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, strictly('', value)])),
    }),
    ...(isClosed && { additionalProperties: false }),
  };
}

function reachableFrom(name: string, all: Readonly<Record<string, object>>): Map<string, object> {
  const found = new Map<string, object>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const schema = all[next];
    if (!schema || found.has(next)) continue;
    found.set(next, schema);
    for (const [, ref = ''] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) open.push(ref);
  }
  return found;
}
