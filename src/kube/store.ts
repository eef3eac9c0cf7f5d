import type { KubeObject } from './object.ts';

export type Delta<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'deleted'; readonly object: T };

/** What the loops see of a cache. */
export interface StoreReader<T extends KubeObject> {
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Objects for which the named index function returned `value`. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}
