import type { KubeObject } from '../kube/object.ts';
import type { Reflector } from '../kube/reflector.ts';

/** How fresh one cache is. */
export interface Watched {
  readonly cluster: string;
  readonly kind: string;
  readonly isSynced: boolean;
  /** When the API server last said something on it, in milliseconds since 1970; undefined before the first list. */
  readonly lastContactMs: number | undefined;
  readonly failures: number;
  readonly lists: number;
}

export const watched = <T extends KubeObject>(cluster: string, kind: string, reflector: Reflector<T>): Watched => ({
  cluster,
  kind,
  isSynced: reflector.synced,
  lastContactMs: reflector.lastContactAt?.wallMs,
  failures: reflector.counts.failures,
  lists: reflector.counts.lists,
});
