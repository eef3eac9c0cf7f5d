/**
 * Stands in for a large object of which the code under test uses only a few parts. Whatever else is asked for throws, so
 * that a test says when it has too little.
 */
export function partOf<T extends object>(name: string, parts: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(parts, {
    get(target, property) {
      if (property in target || typeof property === 'symbol' || property === 'then')
        return Reflect.get(target, property);
      throw new Error(`${name}.${property} is not part of this test`);
    },
  }) as T;
}
