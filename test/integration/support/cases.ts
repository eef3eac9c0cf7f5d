import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

/**
 * How to read the files under `manifests/`. `base/<kind>.yaml` is one whole, valid object. A case in
 * `refused/<kind>.yaml` or `accepted/<kind>.yaml` changes it: `set` before it is created, `then` in a second write. Both
 * map a JSON pointer to a new value, null removes. What stands under `/status` goes to the status endpoint. A refused
 * case is refused in its last write, with `message` in the answer.
 *
 * Values may be generated: `{$repeat: 9, item: 'zone-{i}'}` is a list, `{$entries: 9, key: 'n-{i}', value: 1}` a map,
 * `{$text: 300}` a string of that length.
 */
export interface ManifestCase {
  /** A sentence that says what the object is, for people. */
  readonly name: string;
  readonly set?: Changes;
  readonly then?: Changes;
  readonly message?: string;
}

export type Changes = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** The cases of one kind, and the object that they change. */
export interface CaseFile {
  readonly base: Manifest;
  readonly cases: readonly ManifestCase[];
}

const MANIFESTS = join(import.meta.dirname, '../manifests');

export function readCases(folder: 'refused' | 'accepted'): readonly CaseFile[] {
  return readdirSync(join(MANIFESTS, folder)).map((file) => ({
    base: readManifest(join(MANIFESTS, 'base', file)),
    cases: parse(readFileSync(join(MANIFESTS, folder, file), 'utf8')),
  }));
}

/** Every object in the YAML files of a folder and of the folders in it; none when the folder is not there. */
export function readManifests(folder: string): readonly Manifest[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')))
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

/** A copy of `object` with the changes made. */
export function withChanges<T>(object: T, changes: Changes | undefined): T {
  const copy = structuredClone(object);
  // From the end of a list to its start, so that a removed item moves none that is still to be changed.
  for (const [pointer, value] of Object.entries(changes ?? {}).reverse()) change(copy, pointer, expand(value));
  return copy;
}

/** Whether the changes are for the status endpoint. @throws when they are for both, which no single write can do */
export function areOfStatus(changes: Changes): boolean {
  const ofStatus = Object.keys(changes).filter((pointer) => pointer.startsWith('/status'));
  if (ofStatus.length === 0) return false;
  if (ofStatus.length < Object.keys(changes).length) throw new Error('one write changes spec or status, not both');
  return true;
}

function readManifest(path: string): Manifest {
  return parse(readFileSync(path, 'utf8'));
}

function change(root: unknown, pointer: string, value: unknown): void {
  const path = pointer.split('/').slice(1).map(unescaped);
  const last = path.pop() ?? '';
  const parent = path.reduce<unknown>((node, key) => childOf(node, key, pointer), root);
  if (Array.isArray(parent)) {
    if (value === null) parent.splice(Number(last), 1);
    else parent[Number(last)] = value;
  } else if (isRecord(parent)) {
    if (value === null) delete parent[last];
    else parent[last] = value;
  } else throw new Error(`${pointer} leads nowhere`);
}

function childOf(node: unknown, key: string, pointer: string): unknown {
  const child = Array.isArray(node) ? node[Number(key)] : isRecord(node) ? node[key] : undefined;
  if (child === undefined) throw new Error(`${pointer} leads nowhere at ${key}`);
  return child;
}

const unescaped = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (!isRecord(value)) return value;
  const { $repeat, $entries, $text } = value;
  if (typeof $text === 'number') return 'x'.repeat($text);
  if (typeof $repeat === 'number') return Array.from({ length: $repeat }, (_, i) => numbered(value['item'], i));
  if (typeof $entries === 'number') {
    return Object.fromEntries(
      Array.from({ length: $entries }, (_, i) => [numbered(value['key'], i), numbered(value['value'], i)]),
    );
  }
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, expand(child)]));
}

function numbered(value: unknown, index: number): unknown {
  if (typeof value === 'string') return value.replaceAll('{i}', String(index));
  if (Array.isArray(value)) return value.map((item) => numbered(item, index));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, numbered(child, index)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
