import { type ApiFailure, conflict, invalid } from './api-status.ts';
import { equalJson, isJsonObject, type JsonObject, objectOf } from './json.ts';

/**
 * Server-side apply as far as Switchback uses it: each manager owns the paths of the leaves it applied. Objects merge
 * by field, lists named in `LIST_KEYS` by the key of their items, every other list is one leaf (atomic).
 */
const LIST_KEYS: Readonly<Record<string, string>> = {
  conditions: 'type',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
};

/** Maps that are one leaf: an apply replaces them as a whole, whoever owns what stood in them. */
const ATOMIC_MAPS: ReadonlySet<string> = new Set(['selector', 'nodeSelector']);

/** Leaves by owner. An owner is an operation, a manager and a subresource: `apply:hub:status`. */
export type Owners = ReadonlyMap<string, ReadonlySet<string>>;

/** What stands before an object in the path of its leaves; no field name contains it. */
const SEPARATOR = '\u0001';
/** Marks a path segment that is the key of a list item, not a field. */
const ITEM = '\u0002';

export interface Applied {
  readonly object: JsonObject;
  readonly owners: Owners;
}

export interface ApplyOptions {
  readonly owner: string;
  /** Takes fields away from other owners instead of refusing. */
  readonly force: boolean;
}

/** Everything that stood in an object before its first apply belongs to this owner, as in the real server. */
export const beforeFirstApply = (live: JsonObject): Owners =>
  new Map([['update:before-first-apply:', new Set(leavesOf(live).keys())]]);

/**
 * Merges `applied` into `live`: sets its leaves, removes those that `owner` applied before and now leaves out, unless
 * somebody else owns them too. Throws a 409 that names the fields when another owner has them with another value and
 * `force` is not set.
 */
export function applyFields(live: JsonObject, owners: Owners, applied: JsonObject, options: ApplyOptions): Applied {
  const wanted = leavesOf(applied);
  const present = leavesOf(live);
  const changed = [...wanted].filter(([path, value]) => !equalJson(present.get(path), value)).map(([path]) => path);
  if (!options.force) refuseConflicts(changed, owners, options.owner);
  const others = withoutLeaves(owners, changed, options.owner);
  const dropped = [...(owners.get(options.owner) ?? [])].filter(
    (path) => present.has(path) && !wanted.has(path) && !isOwned(others, path),
  );
  const kept = dropped.reduce((object, path) => removeAt(object, path.split(SEPARATOR)), live);
  others.set(options.owner, new Set(wanted.keys()));
  if (dropped.length > 0) refuseEmptied(present, kept, others);
  return { object: objectOf(mergeApplied(kept, applied, '')), owners: others };
}

/** Whether an owner owns the same leaves in both. */
export function ownsSame(a: Owners, b: Owners, owner: string): boolean {
  const before = a.get(owner) ?? new Set();
  const after = b.get(owner) ?? new Set();
  return before.size === after.size && after.isSubsetOf(before);
}

/** The refusal of a map that an apply left empty: the merge turns it into null, which the schema forbids. */
export const emptied = (field: string): ApiFailure =>
  invalid(`${field}: Invalid value: "null": must be of type object: "null"`);

/** Owners after an update or a patch: what it changed belongs to `owner`, what it removed to nobody. */
export function trackUpdate(owners: Owners, owner: string, old: JsonObject, next: JsonObject): Owners {
  const before = leavesOf(old);
  const after = leavesOf(next);
  const changed = [...after.keys()].filter((path) => !equalJson(before.get(path), after.get(path)));
  const removed = [...before.keys()].filter((path) => !after.has(path));
  const tracked = withoutLeaves(owners, [...changed, ...removed]);
  tracked.set(owner, new Set([...(tracked.get(owner) ?? []), ...changed]));
  return tracked;
}

/** Identity of the object and what the server itself sets belong to nobody. */
const UNOWNED = new Set(
  ['apiVersion', 'kind'].concat(
    ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp'].map(
      (field) => `metadata${SEPARATOR}${field}`,
    ),
  ),
);

/** Leaves of an object by path; null counts as absent, an empty object as a leaf. */
function leavesOf(object: JsonObject): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const visit = (value: unknown, path: string, field: string) => {
    if (value === undefined || value === null || UNOWNED.has(path)) return;
    const members = membersOf(value, field);
    if (members.length === 0) leaves.set(path, value);
    for (const [segment, member, name] of members) visit(member, path ? path + SEPARATOR + segment : segment, name);
  };
  visit(object, '', '');
  return leaves;
}

type Member = readonly [segment: string, value: unknown, field: string];

/** What is inside a value: its fields, or its items where the list has a key. Empty for a leaf. */
function membersOf(value: unknown, field: string): Member[] {
  if (ATOMIC_MAPS.has(field)) return [];
  if (isJsonObject(value)) return Object.entries(value).map(([name, member]) => [name, member, name]);
  const items = keyedItems(value, field);
  return items ? [...items].map(([key, item]) => [ITEM + key, item, '']) : [];
}

/** Items of a list by their key; undefined when the list has none and so is atomic. */
function keyedItems(value: unknown, field: string): Map<string, JsonObject> | undefined {
  const keyName = LIST_KEYS[field];
  if (keyName === undefined || !Array.isArray(value)) return undefined;
  const items = new Map<string, JsonObject>();
  for (const item of value) {
    const key = isJsonObject(item) ? item[keyName] : undefined;
    if (!isJsonObject(item) || typeof key !== 'string') return undefined;
    items.set(key, item);
  }
  return items;
}

function mergeApplied(live: unknown, applied: unknown, field: string): unknown {
  if (isJsonObject(applied) && !ATOMIC_MAPS.has(field)) {
    const merged: Record<string, unknown> = { ...objectOf(live) };
    for (const [name, value] of Object.entries(applied)) {
      if (value !== undefined && value !== null) merged[name] = mergeApplied(merged[name], value, name);
    }
    return merged;
  }
  const wanted = keyedItems(applied, field);
  const present = keyedItems(live ?? [], field);
  if (!wanted || !present) return applied;
  for (const [key, item] of wanted) present.set(key, objectOf(mergeApplied(present.get(key), item, '')));
  return [...present.values()];
}

/** The object without the leaf at `path`, and without the parents that this leaves empty. */
function removeAt(object: JsonObject, path: readonly string[]): JsonObject {
  const [segment, ...rest] = path;
  if (segment === undefined) return object;
  const { [segment]: member, ...others } = object;
  const left = rest.length === 0 ? undefined : removeInside(member, segment, rest);
  return left === undefined ? others : { ...object, [segment]: left };
}

function removeInside(member: unknown, field: string, path: readonly string[]): unknown {
  if (isJsonObject(member)) return nonEmpty(removeAt(member, path));
  const items = keyedItems(member, field);
  const key = path[0]?.slice(ITEM.length) ?? '';
  const item = items?.get(key);
  if (!items || !item) return member;
  // The key of an item stays as long as anything else of it does, whoever owns that.
  const left = path[1] === LIST_KEYS[field] ? item : removeAt(item, path.slice(1));
  const isGone = Object.keys(left).every((name) => name === LIST_KEYS[field]);
  if (isGone) items.delete(key);
  else items.set(key, left);
  return items.size === 0 ? undefined : [...items.values()];
}

const nonEmpty = (object: JsonObject): JsonObject | undefined =>
  Object.keys(object).length === 0 ? undefined : object;

const isOwned = (owners: Owners, path: string): boolean => [...owners.values()].some((paths) => paths.has(path));

/** A copy of `owners` in which only `except` may still own the given leaves. Owners of nothing are left out. */
function withoutLeaves(owners: Owners, leaves: readonly string[], except?: string): Map<string, ReadonlySet<string>> {
  const lost = new Set(leaves);
  const left = new Map<string, ReadonlySet<string>>();
  for (const [owner, paths] of owners) {
    if (owner === except) continue;
    const kept = lost.isDisjointFrom(paths) ? paths : paths.difference(lost);
    if (kept.size > 0) left.set(owner, kept);
  }
  return left;
}

/**
 * A map whose last field goes vanishes, unless somebody applied it as an empty map: then the real server leaves null
 * (seen on 1.36). Metadata is not affected, its empty maps do not exist.
 */
function refuseEmptied(before: ReadonlyMap<string, unknown>, kept: JsonObject, owners: Owners): void {
  for (const path of [...owners.values()].flatMap((paths) => [...paths])) {
    if (path.startsWith('metadata') || before.has(path)) continue;
    const isParent = before.keys().some((leaf) => leaf.startsWith(path + SEPARATOR));
    if (isParent && valueAt(kept, path.split(SEPARATOR)) === undefined) throw emptied(readable(path));
  }
}

function valueAt(object: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, segment) => objectOf(value)[segment], object);
}

const readable = (path: string): string => path.replaceAll(SEPARATOR, '.').replaceAll(ITEM, '');

function refuseConflicts(changed: readonly string[], owners: Owners, except: string): void {
  const taken = changed.filter((path) => [...owners].some(([owner, paths]) => owner !== except && paths.has(path)));
  if (taken.length === 0) return;
  const fields = taken.map((path) => `.${readable(path)}`);
  throw conflict(`Apply failed with ${taken.length} conflict(s): ${fields.join(', ')}`);
}
