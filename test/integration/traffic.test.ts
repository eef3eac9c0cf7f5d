import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installDnsEndpoint, installHttpRoute } from '../../hack/bench/dns-endpoint.ts';
import { type DemoCentre, startCentre, transitOf } from '../../hack/demo/transit-centre.ts';
import { loseRegion } from '../../hack/operator/operator.ts';
import type { IUGroup } from '../../src/api/iu-group.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { Tenant } from '../../src/api/tenant.ts';
import type { DNSRecord } from '../../src/decide/desired/traffic.ts';
import { HTTP_ROUTE } from '../../src/hub/http-route.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { type NameServer, startNameServer } from '../support/dns-server.ts';
import { CUSTOMERS, EAST, GROUP, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, isActiveIn, until, type World } from './support/world.ts';

/**
 * How traffic follows the services: DNSEndpoint objects of ExternalDNS on the hub, and a name server that says what they
 * say. The test stands in for ExternalDNS: it serves the objects, and notes that it has read them.
 */

const DOMAIN = 'contact.example';
const TRAFFIC = {
  domain: DOMAIN,
  ttlSeconds: 10,
  tenantNames: { frontDoor: 'mail', services: ['voice'] },
  gateway: { name: 'edge', classes: ['voice'], backend: { port: 80 } },
};
/** The default of the API. */
const FAILURE_THRESHOLD_S = 6;
/** What is asked for: the weights are written so soon after a region was lost. */
const WRITTEN_WITHIN_MS = 8000;
const ENTRIES = { [EAST.name]: '198.51.100.1', [WEST.name]: '198.51.100.2' };
let world: World;
let server: NameServer;
let centres: readonly DemoCentre[] = [];
let records: readonly DNSRecord[] = [];
const resolver = new Resolver({ timeout: 2000, tries: 2 });

beforeAll(async () => {
  server = await startNameServer(() => records);
  resolver.setServers([server.address]);
  const traffic = { ...TRAFFIC, resolver: server.address };
  world = await bootWorld({ group: { traffic, failover: { failureThresholdSeconds: FAILURE_THRESHOLD_S } } });
  await world.settled(4);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  for (const centre of centres) await centre[Symbol.asyncDispose]();
});

/** The entry of a region, which the region itself keeps. */
function entryOf(host: string): DNSRecord[] {
  const region = Object.keys(ENTRIES).find((name) => host.endsWith(`.${name}.regions.${DOMAIN}`));
  const address = region && ENTRIES[region];
  return address ? [{ dnsName: host, recordTTL: 60, recordType: 'A', targets: [address] }] : [];
}

/** One round of ExternalDNS: what the objects say is served, and they are marked as read. */
async function publish(): Promise<void> {
  const { items } = await world.hub.list(DNS_ENDPOINT);
  const written = items.flatMap(({ spec }) => spec.endpoints);
  const hosts = new Set(written.flatMap(({ recordType, targets }) => (recordType === 'CNAME' ? targets : [])));
  records = [...written, ...[...hosts].flatMap(entryOf)];
  for (const { metadata, status } of items) {
    const { generation, name, namespace = '' } = metadata;
    if (status?.observedGeneration === generation) continue;
    const patch = { status: { observedGeneration: generation } };
    await world.hub.mergePatch(DNS_ENDPOINT, { name, namespace }, patch, { subresource: 'status' });
  }
}

async function recordsOf(serviceClass: string) {
  const { name, namespace = '' } = (await world.instance(serviceClass)).metadata;
  return (await world.hub.read(DNS_ENDPOINT, { name, namespace })).spec.endpoints;
}
const weightsOf = async (serviceClass: string): Promise<readonly string[]> =>
  (await recordsOf(serviceClass)).map(
    ({ providerSpecific, setIdentifier }) => `${setIdentifier} ${providerSpecific?.[0]?.value}`,
  );
const routeWeights = async (): Promise<readonly string[]> => {
  const { name, namespace = '' } = (await world.instance('voice')).metadata;
  const { spec } = await world.hub.read(HTTP_ROUTE, { name, namespace });
  return spec.rules.flatMap(({ backendRefs }) => backendRefs.map((ref) => `${ref.name} ${ref.weight}`));
};
const trafficOf = async (serviceClass: string) => conditionOf(await world.instance(serviceClass), 'TrafficWritten');
const stateOf = async (serviceClass: string) => (await world.instance(serviceClass)).status?.traffic?.state;
const group = (): Promise<IUGroup> => world.hub.read(RESOURCES.iuGroup, { name: GROUP });
const acme = (): Promise<Tenant> => world.hub.read(RESOURCES.tenant, { name: 'acme', namespace: CUSTOMERS });
const decisionsOf = async (object: Promise<IUGroup | Tenant>): Promise<readonly string[]> =>
  ((await object).status?.decisions ?? []).map(({ clusterName, reason }) => `${clusterName} ${reason}`);
const shard = () => world.hub.read(DNS_ENDPOINT, { name: `${GROUP}.tenants.all`, namespace: 'switchback-system' });

describe('traffic', () => {
  test('is not written, and that is said, while ExternalDNS and the Gateway API are not installed', async () => {
    await until('the condition', async () => (await trafficOf('voice'))?.reason === 'DNSEndpointMissing');
    expect(await trafficOf('voice')).toMatchObject({
      status: 'False',
      message: 'kind DNSEndpoint (ExternalDNS) is not installed on the hub',
    });
    expect(conditionOf(await world.instance('voice'), 'RouteWritten')?.reason).toBe('HTTPRouteMissing');
    await until('the word on the names of tenants', async () => {
      const said = (await group()).status?.conditions?.find(({ type }) => type === 'TrafficWritten');
      return said?.reason === 'DNSEndpointMissing';
    });
  });

  test('is written once ExternalDNS is there', async () => {
    await installDnsEndpoint(world.hub);
    await until('the condition', async () => (await trafficOf('voice'))?.status === 'True', 60_000);
    expect(await weightsOf('voice')).toEqual([`${EAST.name} 50`, `${WEST.name} 50`]);
    await until('the records of all', async () => (await trafficOf('mail'))?.status === 'True');
    const [record, ...others] = await recordsOf('mail');
    expect(others).toEqual([]);
    expect(record?.targets).toEqual([expect.stringContaining(`.${EAST.name}.regions.${DOMAIN}`)]);
    expect(record?.recordTTL).toBe(TRAFFIC.ttlSeconds);
  });

  test('is followed until it was accepted, and until the name server shows it', async () => {
    expect(await stateOf('mail')).toBe('Written');
    await until('the names of tenants', async () => (await group()).status?.traffic?.tenants?.shards === 1, 60_000);
    await publish();
    await until(
      'all to be seen',
      async () => (await stateOf('mail')) === 'Seen' && (await stateOf('voice')) === 'Seen',
    );
    expect((await world.instance('mail')).status?.traffic).toMatchObject({
      revision: 1,
      acceptedTime: expect.any(String),
    });
    await until('the shard to be accepted', async () => (await group()).status?.traffic?.tenants?.accepted === 1);
    expect((await group()).status?.traffic?.tenants).toEqual({ names: 2, shards: 1, accepted: 1, refused: 0 });
    expect(await resolver.resolve4(`acme.tenants.${DOMAIN}`)).toEqual([ENTRIES[EAST.name]]);
  });

  test('is shared by routes too, once the Gateway API is there', async () => {
    await installHttpRoute(world.hub);
    const { name } = (await world.instance('voice')).metadata;
    const isWritten = async () => conditionOf(await world.instance('voice'), 'RouteWritten')?.status === 'True';
    await until('the condition', isWritten, 60_000);
    expect(await routeWeights()).toEqual([`${name}-${EAST.name} 50`, `${name}-${WEST.name} 50`]);
  });

  test('for calls enters where a transit centre is well', async () => {
    const host = `_sips._tcp.sip.acme.tenants.${DOMAIN}`;
    const entry = async (): Promise<string | undefined> => {
      await publish();
      return (await resolver.resolveSrv(host).catch(() => []))[0]?.name;
    };
    const [dallas, ashburn] = await Promise.all([startCentre('dallas'), startCentre('ashburn')]);
    centres = [dallas, ashburn];
    const transit = transitOf(centres, [EAST.name, WEST.name]);
    await world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { spec: { transit } });
    await until('the names of the centres', async () => (await entry()) === 'dallas.transit.example', 60_000);
    const [pointer] = await resolver.resolveNaptr(`sip.acme.tenants.${DOMAIN}`);
    expect(pointer?.replacement).toBe(`_sips._tcp.dallas.transit.${DOMAIN}`);
    await until('them to be seen', async () => (await group()).status?.traffic?.ingress?.state === 'Seen');
    const reportOf = async (name: string) => {
      const { status } = await world.region(name).read(RESOURCES.region, { name });
      const seen = status?.transitCentres?.map((centre) => `${centre.name} ${centre.voice} ${centre.mpls}`);
      return seen?.sort().join(', ');
    };
    const voiceOf = async (name: string) =>
      (await group()).status?.transitCentres?.find((centre) => centre.name === name)?.voice?.state;
    await until(
      'both to be well',
      async () => (await voiceOf('dallas')) === 'Up' && (await voiceOf('ashburn')) === 'Up',
    );

    dallas.loseVoice();
    await until('callers to come in elsewhere', async () => (await entry()) === 'ashburn.transit.example');
    await until('the group to say so', async () => (await voiceOf('dallas')) === 'Lost');
    await until('each region to say what it sees', async () => {
      const reports = await Promise.all([EAST, WEST].map(({ name }) => reportOf(name)));
      return reports.every((report) => report === 'ashburn Up Up, dallas Down Up');
    });
    // Its calls come in through the other centre, and nothing of it needs MPLS.
    await until('nothing to be felt', async () => ((await acme()).status?.impact?.length ?? 0) === 0);

    dallas.restoreVoice();
    await until('callers to come home', async () => (await entry()) === 'dallas.transit.example', 60_000);
  });

  test('needs services that know their tenants: a directory in each region, which no failover writes', async () => {
    for (const { name } of [EAST, WEST]) {
      const [shard] = (await world.region(name).list(RESOURCES.tenantDirectory)).items;
      expect(shard?.spec.tenants.map((tenant) => tenant.name)).toContain(`${CUSTOMERS}/acme`);
    }
  });

  test('leaves a lost region soon, and follows what is promoted', async () => {
    const { generation } = (await shard()).metadata;
    const [directory] = (await world.region(WEST.name).list(RESOURCES.tenantDirectory)).items;
    expect(await decisionsOf(acme())).toEqual([`${EAST.name} Assigned`]);
    const lostAt = performance.now();
    await loseRegion(world.regions, world.operator, EAST.name);
    await until('the weights', async () => (await weightsOf('voice')).join() === `${EAST.name} 0,${WEST.name} 100`);
    expect(performance.now() - lostAt).toBeLessThan(WRITTEN_WITHIN_MS);
    await until('promotion', () => isActiveIn(world, WEST.name, 2));
    await until('the record to follow', async () => {
      const [record] = await recordsOf('mail');
      return record?.targets[0]?.includes(`.${WEST.name}.`) ?? false;
    });
    await publish();
    expect(await resolver.resolve4(`acme.tenants.${DOMAIN}`)).toEqual([ENTRIES[WEST.name]]);
    expect((await shard()).metadata.generation).toBe(generation);
    const [after] = (await world.region(WEST.name).list(RESOURCES.tenantDirectory)).items;
    expect(after?.metadata.generation).toBe(directory?.metadata.generation);
    expect((await routeWeights()).map((weight) => weight.split(' ')[1])).toEqual(['0', '100']);
    await until('what followed the epoch to be seen', async () => {
      const { revision, state } = (await world.instance('mail')).status?.traffic ?? {};
      return state === 'Seen' && revision === 2;
    });
  });

  test('takes along what an ApplicationSet makes', async () => {
    await until('the tenant', async () => (await decisionsOf(acme())).join() === `${WEST.name} FailedOver`, 60_000);
    await until('the group', async () => (await decisionsOf(group())).join() === `${WEST.name} RegionHealthy`, 60_000);
  });

  test('stays where it was when no region is left', async () => {
    await loseRegion(world.regions, world.operator, WEST.name);
    await until('the loss', async () => conditionOf(await world.instance('mail'), 'Held')?.reason === 'HubIsolated');
    expect(await weightsOf('voice')).toEqual([`${EAST.name} 0`, `${WEST.name} 100`]);
    expect(await recordsOf('mail')).toHaveLength(1);
  });
});

describe('a group without a traffic domain', () => {
  test('has none written, and says so', async () => {
    await world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { spec: { traffic: null } });
    await until('the condition', async () => (await trafficOf('voice'))?.reason === 'DomainNotSet');
  });
});
