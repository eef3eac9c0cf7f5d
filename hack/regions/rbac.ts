import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import { NAMESPACE } from '../../src/kube/kinds.ts';
import { pathOf } from '../../src/kube/object.ts';
import { ROLES_IN, rbacResource, userRole } from '../rbac/objects.ts';
import type { AdminApi } from './api.ts';

/**
 * Gives the users of the operator in one cluster exactly the roles of the chart: a right that the operator lacks must show
 * here, and not at a user's.
 *
 * @param credentials names of the Secrets that the hub may read
 */
export async function grantOperatorUsers(
  api: AdminApi,
  where: 'hub' | 'region',
  credentials: readonly string[] = [],
): Promise<void> {
  const metadata = { name: SYSTEM_NAMESPACE };
  await api.apply(pathOf(NAMESPACE, metadata), { apiVersion: 'v1', kind: 'Namespace', metadata });
  const objects = ROLES_IN[where].flatMap((role) => userRole(role, credentials));
  for (const object of objects) {
    await api.apply(pathOf(rbacResource(object), object.metadata), object);
  }
}
