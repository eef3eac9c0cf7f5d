/** How many services and tenants have series of their own. */
export interface SeriesLimits {
  readonly services: number;
  readonly tenants: number;
}

/** Always the same ones, in order of their names: a series that comes and goes is worse than none. */
export function firstByName<T extends { readonly metadata: { readonly namespace?: string; readonly name: string } }>(
  objects: readonly T[],
  most: number,
): readonly T[] {
  if (most === 0 || objects.length <= most) return most === 0 ? [] : objects;
  const name = ({ metadata }: T): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  return objects.toSorted((x, y) => (name(x) < name(y) ? -1 : 1)).slice(0, most);
}
