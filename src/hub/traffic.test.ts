import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { aGroup, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { HTTPRoute } from '../decide/desired/http-route.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import { createApplier } from '../kube/apply.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { ensureRoute, HTTP_ROUTE } from './http-route.ts';
import { DNS_ENDPOINT, ensureTraffic, recordSetOf } from './traffic.ts';

const NOW = '2026-01-01T00:00:00Z';
const WHERE = { name: 'mail', namespace: 'switchback-system' };
const NONE = { weights: undefined, readers: undefined };
const GATEWAY = { name: 'edge', classes: ['voice-mail'], backend: { port: 80 } };

let hub: DirectClient;
let server: FakeApiServer;
let groups: IUGroup[];
let instances: ServiceInstance[];
let isSynced: boolean;
let context: HubContext;

const instance = (namespace: string, day: number, group = 'americas'): ServiceInstance => {
  const made = anInstance('mail', { iuGroupRef: { name: group } });
  const creationTimestamp = `2026-01-0${day}T00:00:00Z`;
  return { ...made, metadata: { ...made.metadata, namespace, creationTimestamp } };
};
const mail = instance('switchback-system', 2);

beforeEach(() => {
  server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(DNS_ENDPOINT);
  hub = connectDirectly(server);
  groups = [aGroup('americas', ['us-east', 'us-west'], { traffic: { domain: 'example.com', gateway: GATEWAY } })];
  instances = [mail];
  isSynced = true;
  const reflector = {
    get synced() {
      return isSynced;
    },
  };
  context = partOf<HubContext>('context', {
    client: hub.client,
    applier: createApplier({ client: hub.client, fieldManager: 'hub' }),
    groups: { store: { get: (name: string) => groups.find(({ metadata }) => metadata.name === name) } },
    instances: { store: { byIndex: (_: string, name: string) => instances.filter((i) => i.metadata.name === name) } },
    endpoints: { store: new Store<DNSEndpoint>(), reflector },
    routes: { store: new Store<HTTPRoute>(), reflector },
    seen: new Map(),
  });
});

const write = (assignment: string, of = mail): Promise<ConditionState> =>
  ensureTraffic(context, of, anAssignment(assignment), NONE, new AbortController().signal);
const route = (assignment: string): Promise<ConditionState | undefined> =>
  ensureRoute(context, mail, anAssignment(assignment), undefined, new AbortController().signal);

describe('the record set of a service', () => {
  it('is never one of an older plan, also while the cache is empty', async () => {
    await write('3 us-west>us-east');
    context = { ...context, endpoints: { ...context.endpoints, store: new Store<DNSEndpoint>() } };
    isSynced = false;
    expect(await write('2 us-east>us-west')).toMatchObject({
      status: 'False',
      message: 'a newer plan is already written',
    });
    const { metadata, spec } = await hub.client.read(DNS_ENDPOINT, WHERE);
    expect(metadata.annotations?.['switchback.dev/epoch']).toBe('3');
    expect(spec.endpoints[0]?.targets).toEqual(['mail.us-west.regions.example.com']);
  });

  it('is told of once it is there', async () => {
    const state = await write('3 us-west>us-east');
    expect(recordSetOf(context, mail, state, NOW)).toMatchObject({ name: 'mail', revision: 3, state: 'Written' });
  });

  it('is that of the older one of two services with one name in a domain', async () => {
    const dedicated = instance('acme', 1);
    instances = [mail, dedicated];
    const refused = await write('1 us-east>us-west');
    expect(refused).toEqual({
      type: 'TrafficWritten',
      status: 'False',
      reason: 'NameTaken',
      message: 'mail.example.com is the name of ServiceInstance acme/mail, which is older',
    });
    expect(hub.writes()).toEqual([]);
    expect(recordSetOf(context, mail, refused, NOW)).toBeNull();
    expect(await write('1 us-east>us-west', dedicated)).toMatchObject({ status: 'True' });
  });

  it('may have a name that stands in another domain too', async () => {
    groups = [...groups, aGroup('emea', ['eu'], { traffic: { domain: 'example.net' } })];
    instances = [mail, instance('acme', 1, 'emea')];
    expect(await write('1 us-east>us-west')).toMatchObject({ status: 'True' });
  });
});

describe('the route of a service', () => {
  it('is missed, and keeps nothing from being told, while the Gateway API is not installed', async () => {
    expect(await route('1 us-east>us-west')).toMatchObject({ status: 'False', reason: 'HTTPRouteMissing' });
  });

  it('is written once, never by an older plan, and goes when it is not wanted any more', async () => {
    server.serve(HTTP_ROUTE);
    expect(await route('2 us-west>us-east')).toMatchObject({ status: 'True', reason: 'AsDeclared' });
    await route('2 us-west>us-east');
    expect(hub.writes()).toEqual(['PATCH mail']);
    expect(await route('1 us-east>us-west')).toMatchObject({ message: 'a newer plan is already written' });
    groups = [aGroup('americas', ['us-east', 'us-west'], { traffic: { domain: 'example.com' } })];
    expect(await route('2 us-west>us-east')).toBeUndefined();
    expect(hub.writes()).toEqual(['PATCH mail', 'DELETE mail']);
  });
});
