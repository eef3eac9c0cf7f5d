import { beforeEach, describe, expect, it } from 'vitest';
import { HUB } from '../../test/simulation/catalogue.ts';
import { serveOurKinds } from '../../test/simulation/rules.ts';
import { anExecCredential, aProfile, aProvider } from '../../test/support/access-providers.ts';
import { Kind } from '../../test/support/cluster/kind.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { FakeNetwork } from '../../test/support/fake-network.ts';
import { CALM, Faults } from '../../test/support/faults.ts';
import { aGroup } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import type { VirtualProcess } from '../../test/support/virtual-process.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { CLUSTER_PROFILE } from '../kube/cluster-profile.ts';
import type { Credentials } from '../kube/credentials.ts';
import { PluginError, type PluginProvider } from '../kube/exec-credential.ts';
import { SECRET } from '../kube/kinds.ts';
import type { ClusterAccess } from '../kube/kubeconfig.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import type { PluginCall } from '../kube/run-plugin.ts';
import type { RegionLink } from './region-link.ts';
import { RegionLinks } from './region-links.ts';

/** A hub whose region east comes from an inventory, on API servers in memory; plugins are functions of the test. */

const EAST = { server: 'https://east:6443' };
const cloud = aProvider('cloud', { args: ['--quiet'], env: [{ name: 'REGION', value: 'east' }] });
const byProfile = { clusterProfileRef: { name: 'east', namespace: 'fleet' } };
const groupWith = (credentials: object) => aGroup('americas', [{ region: 'east', credentials }]);

let time: VirtualTime;
let network: FakeNetwork;
let hub: FakeApiServer;
let process: VirtualProcess;
let calls: PluginCall[];
let plugin: (call: PluginCall) => Promise<string>;
let events: string[];
let accesses: ClusterAccess[];

beforeEach(() => {
  time = new VirtualTime();
  const random = new SeededRandom(1);
  network = new FakeNetwork({ time, faults: new Faults({ random, knobs: CALM }) });
  hub = new FakeApiServer({ name: HUB, time, random, window: 1000 });
  const east = new FakeApiServer({ name: 'east', time, random, window: 1000 });
  for (const resource of [CLUSTER_PROFILE, SECRET]) hub.serve(resource);
  serveOurKinds(east, 'region');
  for (const server of [hub, east]) network.addServer(server);
  process = time.startProcess({ id: 'links', site: HUB });
  calls = [];
  events = [];
  accesses = [];
  plugin = async () => issued();
});

/** A token that is good for a minute, named by how often the plugin has run. */
function issued(): string {
  const expirationTimestamp = new Date(process.now().wallMs + 60_000).toISOString();
  return anExecCredential({ token: `token-${calls.length}`, expirationTimestamp });
}

function follow(credentials: object, providers: readonly PluginProvider[] | 'off' = [cloud]): RegionLinks {
  const clientOf = (server: string) => createKubeClient(network.connect({ process, server }), server);
  const links = new RegionLinks({
    hub: clientOf(HUB),
    connect: async (_region, kubeconfig) => clientOf(kubeconfig),
    clock: process,
    random: new SeededRandom(1),
    onEngaged: () => events.push('engaged'),
    onDisengaged: () => events.push('disengaged'),
    onError: () => undefined,
    onCredentials: (_region, problem) => events.push(problem?.reason ?? 'well'),
    profiles:
      providers === 'off'
        ? undefined
        : {
            providers,
            run: (call) => {
              calls.push(call);
              return plugin(call);
            },
            connect: (region, access) => {
              accesses.push(access);
              return clientOf(region);
            },
          },
  });
  links.follow([groupWith(credentials)]);
  return links;
}

const profiles = () => new Kind(hub.storage, time, CLUSTER_PROFILE);
const secrets = () => new Kind(hub.storage, time, SECRET);
const secret = (region: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'east', namespace: 'switchback-system' },
  data: { kubeconfig: Buffer.from(region).toString('base64') },
});
const seconds = (count: number): Promise<void> => time.run(time.nowMs + count * 1000);
const sent = (): Credentials | undefined => accesses.at(-1)?.credentials.current();

describe('a region with a ClusterProfile', () => {
  it('is engaged with what the plugin gives, which gets what is configured and the cluster', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile);
    await seconds(2);
    expect([events, links.credentialsOf('east'), links.problemOf('east')]).toEqual([['engaged'], 'Ok', undefined]);
    expect(accesses[0]?.server).toBe(EAST.server);
    const { args, command, env } = calls[0] ?? { args: [], command: '', env: {} as Record<string, string> };
    expect([command, args, Object.keys(env)]).toEqual([
      '/plugins/one',
      ['--quiet'],
      ['REGION', 'KUBERNETES_EXEC_INFO'],
    ]);
    expect(JSON.parse(env['KUBERNETES_EXEC_INFO'] ?? '')).toMatchObject({
      spec: { interactive: false, cluster: EAST },
    });
  });

  it('keeps its link while its credential is renewed', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile);
    await seconds(2);
    const link: RegionLink | undefined = links.get('east');
    await seconds(300);
    expect(calls.length).toBeGreaterThan(5);
    expect(sent()?.headers).toEqual({ authorization: `Bearer token-${calls.length}` });
    expect(links.get('east')).toBe(link);
    expect(events).toEqual(['engaged']);
  });

  it('keeps its link while its plugin fails, and that is told once, without a word of the plugin', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile);
    await seconds(2);
    plugin = () => Promise.reject(new PluginError('exited with code 3'));
    await seconds(300);
    expect([events, links.credentialsOf('east')]).toEqual([['engaged', 'CredentialsPluginFailed'], 'Ok']);
    expect(links.problemOf('east')?.message).toMatch(
      /^ClusterProfile fleet\/east: the plugin of access provider cloud exited with code 3; the hub goes on with the credential that it has, which is good until \S+Z; it is run again within a minute/,
    );
    expect(sent()?.headers).toEqual({ authorization: 'Bearer token-1' });
    plugin = async () => issued();
    await seconds(70);
    expect([events.at(-1), links.problemOf('east')]).toEqual(['well', undefined]);
  });

  it('is engaged when its plugin gives something at last', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    plugin = async () => 'swordfish';
    const links = follow(byProfile);
    await seconds(30);
    expect([links.get('east'), links.credentialsOf('east')]).toEqual([undefined, 'Invalid']);
    expect(links.problemOf('east')?.message).toContain('wrote no JSON; there is no credential yet');
    expect(links.problemOf('east')?.message).not.toContain('swordfish');
    plugin = async () => issued();
    await seconds(60);
    expect([events, links.credentialsOf('east')]).toEqual([['CredentialsPluginFailed', 'well', 'engaged'], 'Ok']);
  });

  it.each([
    ['while ClusterProfiles are switched off', 'off', 'CredentialsNotAllowed', /hub\.clusterProfiles\.enabled/],
    [
      'whose provider is not allowed',
      [aProvider('vault')],
      'CredentialsNotAllowed',
      /offers the access providers cloud; this hub allows vault/,
    ],
  ] as const)('%s is refused, and nothing is run', async (_, providers, reason, message) => {
    profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile, providers);
    await seconds(5);
    expect([events, links.credentialsOf('east'), calls]).toEqual([[reason], 'Invalid', []]);
    expect(links.problemOf('east')?.message).toMatch(message);
  });

  it('is engaged when its profile comes, and is left alone when that goes or cannot be used any more', async () => {
    const links = follow(byProfile);
    await seconds(5);
    expect([links.credentialsOf('east'), links.problemOf('east')]).toEqual(['NotFound', undefined]);
    const profile = profiles().create(aProfile('east', {}));
    await seconds(5);
    expect(links.problemOf('east')?.reason).toBe('CredentialsNotFound');
    profiles().update(profile, { ...profile, ...aProfile('east', { cloud: EAST }), metadata: profile.metadata });
    await seconds(5);
    const link = links.get('east');
    expect(link).toBeDefined();
    const offered = profiles().get('fleet/east');
    if (!offered) throw new Error('there is no profile');
    profiles().update(offered, { ...offered, ...aProfile('east', { other: EAST }), metadata: offered.metadata });
    await seconds(200);
    expect([links.get('east') === link, links.problemOf('east')?.reason]).toEqual([true, 'CredentialsNotAllowed']);
    const refused = profiles().get('fleet/east');
    if (refused) profiles().delete(refused);
    await seconds(5);
    expect([links.get('east') === link, links.credentialsOf('east')]).toEqual([true, 'Ok']);
    expect(events.filter((event) => event === 'disengaged')).toEqual([]);
  });

  it('gets another link when its server changes, and none when the rest of its profile does', async () => {
    const profile = profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile);
    await seconds(5);
    const link = links.get('east');
    const healthy = { ...profile.status, conditions: [{ type: 'ControlPlaneHealthy', status: 'True' }] };
    const same = profiles().update(profile, { ...profile, status: healthy });
    await seconds(5);
    expect([links.get('east') === link, calls.length]).toEqual([true, 1]);
    const moved = aProfile('east', { cloud: { server: 'https://other:6443' } });
    profiles().update(same, { ...same, status: moved.status ?? {} });
    await seconds(5);
    expect(links.get('east')).not.toBe(link);
    expect([accesses.at(-1)?.server, events]).toEqual(['https://other:6443', ['engaged', 'disengaged', 'engaged']]);
  });

  it('may get a Secret instead, and the other way round', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    secrets().create(secret('east'));
    const links = follow({ secretName: 'east' });
    await seconds(5);
    expect([calls, events]).toEqual([[], ['engaged']]);
    links.follow([groupWith(byProfile)]);
    await seconds(5);
    expect([calls.length, events]).toEqual([1, ['engaged', 'disengaged', 'engaged']]);
    links.follow([groupWith({ secretName: 'east' })]);
    await seconds(300);
    // Nothing is renewed for a link that is closed.
    expect([calls.length, events.filter((event) => event === 'engaged').length]).toEqual([1, 3]);
  });

  it('is not engaged by what it does not name any more', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    plugin = () => Promise.reject(new PluginError('exited with code 1'));
    const links = follow(byProfile);
    await seconds(5);
    links.follow([groupWith({ secretName: 'nowhere' })]);
    plugin = async () => issued();
    await seconds(120);
    expect([links.get('east'), calls.length]).toEqual([undefined, 1]);
    links.follow([groupWith(byProfile)]);
    await seconds(5);
    expect([links.credentialsOf('east'), calls.length]).toEqual(['Ok', 2]);
  });

  it('ends its renewals with its link', async () => {
    profiles().create(aProfile('east', { cloud: EAST }));
    const links = follow(byProfile);
    await seconds(5);
    links.follow([]);
    await seconds(300);
    expect([links.get('east'), calls.length]).toEqual([undefined, 1]);
  });
});
