import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installDnsEndpoint } from '../../hack/bench/dns-endpoint.ts';
import { loseRegion } from '../../hack/operator/operator.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { EAST, GROUP, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, isActiveIn, until, type World } from './support/world.ts';

/** How traffic follows the services: DNSEndpoint objects of ExternalDNS on the hub. */

const TRAFFIC = { domain: 'contact.example', ttlSeconds: 10 };
/** The default of the API. */
const FAILURE_THRESHOLD_S = 6;
/** What is asked for: the weights are written so soon after a region was lost. */
const WRITTEN_WITHIN_MS = 8000;

let world: World;
beforeAll(async () => {
  world = await bootWorld({ group: { traffic: TRAFFIC, failover: { failureThresholdSeconds: FAILURE_THRESHOLD_S } } });
  await world.settled(4);
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function recordsOf(serviceClass: string) {
  const { name, namespace = '' } = (await world.instance(serviceClass)).metadata;
  return (await world.hub.read(DNS_ENDPOINT, { name, namespace })).spec.endpoints;
}
const weightsOf = async (serviceClass: string): Promise<readonly string[]> =>
  (await recordsOf(serviceClass)).map(
    ({ providerSpecific, setIdentifier }) => `${setIdentifier} ${providerSpecific?.[0]?.value}`,
  );
const trafficOf = async (serviceClass: string) => conditionOf(await world.instance(serviceClass), 'TrafficWritten');

describe('traffic', () => {
  test('is not written, and that is said, while ExternalDNS is not installed', async () => {
    await until('the condition', async () => (await trafficOf('voice'))?.reason === 'DNSEndpointMissing');
    expect(await trafficOf('voice')).toMatchObject({
      status: 'False',
      message: 'kind DNSEndpoint (ExternalDNS) is not installed on the hub',
    });
  });

  test('is written once ExternalDNS is there', async () => {
    await installDnsEndpoint(world.hub);
    await until('the condition', async () => (await trafficOf('voice'))?.status === 'True', 60_000);
    expect(await weightsOf('voice')).toEqual([`${EAST.name} 50`, `${WEST.name} 50`]);
    await until('the records of all', async () => (await trafficOf('mail'))?.status === 'True');
    const [record, ...others] = await recordsOf('mail');
    expect(others).toEqual([]);
    expect(record?.targets).toEqual([expect.stringContaining(`.${EAST.name}.regions.${TRAFFIC.domain}`)]);
    expect(record?.recordTTL).toBe(TRAFFIC.ttlSeconds);
  });

  test('leaves a lost region soon, and follows what is promoted', async () => {
    const lostAt = performance.now();
    await loseRegion(world.regions, world.operator, EAST.name);
    await until('the weights', async () => (await weightsOf('voice')).join() === `${EAST.name} 0,${WEST.name} 100`);
    expect(performance.now() - lostAt).toBeLessThan(WRITTEN_WITHIN_MS);
    await until('promotion', () => isActiveIn(world, WEST.name, 2));
    await until('the record to follow', async () => {
      const [record] = await recordsOf('mail');
      return record?.targets[0]?.includes(`.${WEST.name}.`) ?? false;
    });
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
