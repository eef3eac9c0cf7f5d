import { Store, type StoreOptions } from './cache.ts';
import type { KubeObject } from './object.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

/** A cache and what keeps it up to date. */
export interface Informer<T extends KubeObject> {
  readonly store: Store<T>;
  readonly reflector: Reflector<T>;
}

/** Makes the pair; nothing runs before `reflector.start()`. */
export function createInformer<T extends KubeObject>(
  options: Omit<ReflectorOptions<T>, 'sink'> & StoreOptions<T>,
): Informer<T> {
  const store = new Store<T>(options);
  return { store, reflector: new Reflector<T>({ ...options, sink: store }) };
}
