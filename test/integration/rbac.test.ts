import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Attempt, findGrant } from '../../hack/rbac/authorize.ts';
import { ROLES, type Role, RULES } from '../../hack/rbac/roles.ts';
import type { OperatorUser } from '../../hack/regions/provider.ts';
import { bootRegions, type Regions } from '../../hack/regions/regions.ts';
import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { fixedCredentials } from '../../src/kube/credentials.ts';
import { SECRET } from '../../src/kube/kinds.ts';
import { accessFromKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { createUndiciTransport } from '../../src/kube/undici-transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { objectOf } from '../support/json.ts';

/** The roles of the chart as real API servers read them, and what the credential of one region is worth elsewhere. */

let regions: Regions;
const open: KubeClient[] = [];
beforeAll(async () => {
  regions = await bootRegions({
    regions: ['us-east', 'us-west'].map((name) => ({ name, zones: [`${name}-a`], nodesPerZone: 1 })),
  });
});
afterAll(async () => {
  await Promise.all(open.map(({ transport }) => transport.close()));
  await regions?.stop();
});

const siteOf = (name: string) => (name === 'hub' ? regions.hub : regions.region(name));

/** `user` with the credential of site `of`, at the API server of site `at`. */
async function connect(user: OperatorUser, of: string, at = of): Promise<KubeClient> {
  const own = await (await accessFromKubeconfig(siteOf(of).kubeconfig(user), systemClock)).credentials.refresh();
  const there = await accessFromKubeconfig(siteOf(at).kubeconfig(user), systemClock);
  // Its own token, and the CA of the server that it is tried at: TLS must not be what refuses it.
  const credentials = fixedCredentials({ ...own, tls: (await there.credentials.refresh()).tls });
  const transport = createUndiciTransport({ cluster: at, server: there.server, credentials, clock: systemClock });
  const client = createKubeClient(transport, at);
  open.push(client);
  return client;
}

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** What the API server says to the question whether this user may do that: its status, and the answer. */
async function ask(client: KubeClient, { resource: path, ...attempt }: Attempt) {
  const [resource = '', subresource = ''] = path.split('/');
  const { body, status } = await client.transport.request({
    method: 'POST',
    path: REVIEWS,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { ...attempt, resource, subresource } },
    },
    lane: 'api',
    timeoutMs: 10_000,
  });
  return { status, allowed: objectOf(objectOf(body)['status'])['allowed'] };
}

async function may(client: KubeClient, attempt: Attempt): Promise<boolean> {
  const { allowed, status } = await ask(client, attempt);
  expect([status, typeof allowed]).toEqual([201, 'boolean']);
  return allowed === true;
}

/** Every single thing that some role grants, and the same in another namespace and under another name. */
const ATTEMPTS: readonly Attempt[] = ROLES.flatMap((role) => RULES[role]).flatMap(
  ({ group, names, resources, verbs }) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb): Attempt[] => {
        const name = names === 'credentials' ? 'us-east' : (names?.[0] ?? 'any');
        const attempt = { verb, group, resource, name };
        return [
          { ...attempt, namespace: SYSTEM_NAMESPACE },
          { ...attempt, namespace: 'customers' },
          { ...attempt, namespace: SYSTEM_NAMESPACE, name: 'other' },
        ];
      }),
    ),
);

const HOLDERS: readonly (readonly [Role, OperatorUser, string])[] = [
  ['hub', 'switchback-hub', 'hub'],
  ['hub-in-region', 'switchback-hub', 'us-east'],
  ['agent', 'switchback-agent', 'us-east'],
  ['peer', 'switchback-peer', 'us-east'],
];

describe('the roles of the chart on real API servers', () => {
  it.each(HOLDERS)('%s may do what the table says, and nothing that it does not say', async (role, user, site) => {
    const client = await connect(user, site);
    const wrong: string[] = [];
    for (const attempt of ATTEMPTS) {
      const isGranted = findGrant(role, attempt) !== undefined && !isOtherSecret(attempt);
      const allowed = await may(client, attempt);
      if (allowed !== isGranted) wrong.push(`${allowed ? 'may' : 'may not'} ${JSON.stringify(attempt)}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(HOLDERS)('%s has no right that no role of the table has', async (_role, user, site) => {
    const client = await connect(user, site);
    for (const attempt of BEYOND) expect([attempt, await may(client, attempt)]).toEqual([attempt, false]);
  });
});

/** The table leaves the names of credentials to whoever installs it: here they are those of the regions. */
const isOtherSecret = ({ name, resource }: Attempt): boolean => resource === 'secrets' && name !== 'us-east';

const RBAC = 'rbac.authorization.k8s.io';
const BEYOND: readonly Attempt[] = [
  { verb: 'create', group: RBAC, resource: 'clusterroles' },
  { verb: 'create', group: RBAC, resource: 'clusterrolebindings' },
  { verb: 'create', group: '', resource: 'serviceaccounts/token', namespace: SYSTEM_NAMESPACE },
  { verb: 'create', group: '', resource: 'pods', namespace: SYSTEM_NAMESPACE },
  { verb: 'create', group: '', resource: 'pods/exec', namespace: SYSTEM_NAMESPACE },
  { verb: 'list', group: '', resource: 'secrets', namespace: SYSTEM_NAMESPACE },
  { verb: 'list', group: '', resource: 'secrets' },
  { verb: 'get', group: '', resource: 'configmaps', namespace: SYSTEM_NAMESPACE },
  { verb: 'delete', group: '', resource: 'namespaces' },
  { verb: 'patch', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' },
  { verb: 'patch', group: 'admissionregistration.k8s.io', resource: 'validatingadmissionpolicies' },
  { verb: 'patch', group: 'switchback.dev', resource: 'tenants', namespace: 'customers' },
  { verb: 'deletecollection', group: 'switchback.dev', resource: 'regionalservices' },
];

describe('the credential of a region', () => {
  it.each([
    ['switchback-hub', 'hub'],
    ['switchback-hub', 'us-west'],
    ['switchback-agent', 'us-west'],
    ['switchback-agent', 'hub'],
    ['switchback-peer', 'us-west'],
    ['switchback-peer', 'hub'],
  ] as const)('of %s opens nothing at %s', async (user, elsewhere) => {
    const client = await connect(user, 'us-east', elsewhere);
    expect(await ask(client, { verb: 'get', group: '', resource: 'pods' })).toMatchObject({ status: 401 });
    await expect(client.list(RESOURCES.regionLease)).rejects.toMatchObject({ status: 401 });
  });

  it('reads no Secret in its region', async () => {
    const client = await connect('switchback-hub', 'us-east');
    const one = { namespace: SYSTEM_NAMESPACE, fieldSelector: 'metadata.name=us-east' };
    await expect(client.list(SECRET, one)).rejects.toMatchObject({ status: 403 });
  });
});

describe('the hub', () => {
  it('reads the Secrets that it is told by name, and no list of them', async () => {
    const client = await connect('switchback-hub', 'hub');
    const named = (name: string) => ({ namespace: SYSTEM_NAMESPACE, fieldSelector: `metadata.name=${name}` });
    await expect(client.list(SECRET, named('us-east'))).resolves.toMatchObject({ items: [] });
    await expect(client.list(SECRET, named('other'))).rejects.toMatchObject({ status: 403 });
    await expect(client.list(SECRET, { namespace: SYSTEM_NAMESPACE })).rejects.toMatchObject({ status: 403 });
  });
});
