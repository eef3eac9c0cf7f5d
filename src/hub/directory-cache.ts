import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import { hashOf } from '../kube/apply.ts';
import { createInformer, type Informer } from '../kube/informer.ts';
import type { ReflectorOptions } from '../kube/reflector.ts';

/** Only in the cache: the hash of what stands in the region. */
const CONTENT = 'switchback.dev/content';

/** A cache of the shards of a region without their tenants: those the hub has anyway, so a hash is enough. */
export function createDirectoryCache(
  options: Omit<ReflectorOptions<TenantDirectory>, 'sink' | 'resource'>,
): Informer<TenantDirectory> {
  return createInformer<TenantDirectory>({
    ...options,
    resource: RESOURCES.tenantDirectory,
    transform: withoutTenants,
  });
}

function withoutTenants(object: TenantDirectory): TenantDirectory {
  const { name, resourceVersion, uid } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      annotations: { [CONTENT]: shardHash(object) },
    },
    spec: { iuGroup: object.spec.iuGroup, shard: object.spec.shard, plans: [], tenants: [] },
  };
}

/** Hash of the content of a shard, of the cache or in full. */
export const shardHash = ({ metadata, spec }: TenantDirectory): string =>
  metadata.annotations?.[CONTENT] ?? hashOf(spec);
