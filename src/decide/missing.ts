import { LABELS } from '../api/labels.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import { digest } from './name.ts';

/** What regions hold and the manifests on the hub do not: by `namespace/name`. */
export interface Missing {
  readonly services: readonly string[];
  readonly tenants: readonly string[];
}

/** What regions hold of a group, as far as they were read, and what the hub knows. */
export interface Holdings {
  readonly orders: readonly Pick<RegionalService, 'metadata'>[];
  readonly shards: readonly Pick<TenantDirectory, 'spec'>[];
  readonly isInstance: (key: string) => boolean;
  readonly isTenant: (key: string) => boolean;
}

const sortedWithout = (keys: readonly string[], isKnown: (key: string) => boolean): string[] =>
  [...new Set(keys)].filter((key) => !isKnown(key)).sort();

export function missingOf(group: string, { isInstance, isTenant, orders, shards }: Holdings): Missing {
  const ordered = orders.filter(({ metadata }) => metadata.labels?.[LABELS.iuGroup] === group);
  const listed = shards.filter(({ spec }) => spec.iuGroup === group).flatMap(({ spec }) => spec.tenants);
  return {
    services: sortedWithout(
      ordered.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      isInstance,
    ),
    tenants: sortedWithout(
      listed.map(({ name }) => name),
      isTenant,
    ),
  };
}

export const isNothingMissing = ({ services, tenants }: Missing): boolean => services.length + tenants.length === 0;

/** What a person accepts as missing: exactly that, and nothing that is found missing later. */
export const digestOf = ({ services, tenants }: Missing): string =>
  digest([...services.toSorted(), '', ...tenants.toSorted()]);

const MOST_NAMED = 3;
const some = (what: string, names: readonly string[]): string[] => {
  if (names.length === 0) return [];
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return [`${names.length} ${what} (${names.slice(0, MOST_NAMED).join(', ')}${more})`];
};

/** One sentence, bounded whatever a region says. */
export function describeMissing(missing: Missing): string {
  const parts = [...some('services', missing.services), ...some('tenants', missing.tenants)];
  return `regions hold ${parts.join(' and ')} that have no manifest here: apply them, or accept that they are missing (${digestOf(missing)})`.slice(
    0,
    1024,
  );
}
