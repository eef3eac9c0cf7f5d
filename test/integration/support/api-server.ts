import { type InstallOptions, installCrds } from '../../../hack/install.ts';
import { ROLES_IN, rbacResource, userRole } from '../../../hack/rbac/objects.ts';
import { type User, users } from '../../../hack/regions/provider.ts';
import { bootRegions, type Site } from '../../../hack/regions/regions.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { accessFromKubeconfig, type ClusterAccess } from '../../../src/kube/kubeconfig.ts';
import { createKubeClient } from '../../../src/kube/rest-client.ts';
import { createUndiciTransport } from '../../../src/kube/undici-transport.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

/** A real API server with what is installed for the given roles, and nothing else: no operator, no nodes. */
export interface ApiServer extends AsyncDisposable {
  client(user: User): KubeClient;
  /** For what the client does not give. */
  access(user: User): ClusterAccess;
}

export async function bootApiServer(
  roles: readonly InstallOptions['role'][],
  who: Pick<InstallOptions, 'hubUsers'> = {},
): Promise<ApiServer> {
  const regions = await bootRegions({ hub: true, regions: [] });
  const connections: Connection[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(connections.map(({ client }) => client.transport.close()));
    await regions.stop();
  };
  try {
    for (const user of users) connections.push(await connect(regions.hub, user));
    const of = (user: User): Connection => findConnection(connections, user);
    const admin = of('admin').client;
    await Promise.all(roles.map((role) => installCrds(admin, { role, ...who })));
    // It was booted as a hub.
    if (roles.includes('region')) await grantRegionUsers(admin);
    return { client: (user) => of(user).client, access: (user) => of(user).access, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function grantRegionUsers(admin: KubeClient): Promise<void> {
  for (const role of ROLES_IN.region) {
    for (const object of userRole(role)) {
      await admin.apply(rbacResource(object), object, { fieldManager: 'regions' });
    }
  }
}

interface Connection {
  readonly user: User;
  readonly access: ClusterAccess;
  readonly client: KubeClient;
}

async function connect(site: Site, user: User): Promise<Connection> {
  const access = await accessFromKubeconfig(site.kubeconfig(user), systemClock);
  const transport = createUndiciTransport({ cluster: site.name, ...access, clock: systemClock });
  return { user, access, client: createKubeClient(transport, site.name) };
}

function findConnection(connections: readonly Connection[], user: User): Connection {
  const connection = connections.find((candidate) => candidate.user === user);
  if (!connection) throw new Error(`${user} is not connected`);
  return connection;
}
