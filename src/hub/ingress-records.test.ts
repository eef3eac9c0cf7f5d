import { beforeEach, describe, expect, it } from 'vitest';
import { connectDirectly, type DirectClient } from '../../test/support/direct-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { aGroup } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import type { IUGroup, IUGroupStatus } from '../api/iu-group.ts';
import type { DNSEndpoint } from '../decide/desired/traffic.ts';
import { createApplier } from '../kube/apply.ts';
import { Store } from '../kube/cache.ts';
import type { HubContext } from './context.ts';
import { type IngressReport, reportIngress } from './ingress-records.ts';
import { DNS_ENDPOINT } from './traffic.ts';

const NOW = '2026-01-01T00:00:00Z';
const KEY = 'switchback-system/americas.ingress';
const centre = (name: string) => ({
  name,
  geography: 'US',
  country: 'US',
  pair: 'us',
  regions: ['east'],
  voice: { targets: [`sbc.${name}.net`] },
});
const group = (name: string, day: number, centres = ['dallas', 'ashburn']): IUGroup => {
  const transit = centres.length > 0 ? { transit: { centres: centres.map(centre) } } : {};
  const made = aGroup(name, ['east'], { traffic: { domain: 'example.com' }, ...transit });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: `2026-01-0${day}T00:00:00Z` } };
};
const servedBy = (by: string): IUGroupStatus => ({
  observedGeneration: 1,
  transitCentres: [{ name: 'dallas', ingress: { servedBy: by, since: '2026-01-01T00:00:00Z', reason: 'VoiceLost' } }],
});

let hub: DirectClient;
let server: FakeApiServer;
let groups: IUGroup[];
let endpoints: Store<DNSEndpoint>;
let isFresh: boolean;
let context: HubContext;

beforeEach(() => {
  server = new FakeApiServer({ name: 'hub', time: new VirtualTime(), random: new SeededRandom(1) });
  server.serve(DNS_ENDPOINT);
  hub = connectDirectly(server);
  groups = [group('americas', 1)];
  endpoints = new Store<DNSEndpoint>();
  isFresh = true;
  context = partOf<HubContext>('context', {
    client: hub.client,
    applier: createApplier({ client: hub.client, fieldManager: 'hub' }),
    log: () => undefined,
    leadership: { isCertain: () => true },
    groups: {
      store: { list: () => groups },
      reflector: {
        get fresh() {
          return isFresh;
        },
      },
    },
    endpoints: { store: endpoints, reflector: { synced: true } },
    seen: new Map(),
  });
});

async function look(status?: IUGroupStatus): Promise<IngressReport> {
  const [first] = groups;
  if (!first) throw new Error('there is a group');
  return reportIngress(context, { ...first, ...(status && { status }) }, NOW, new AbortController().signal);
}
const target = (): string | undefined =>
  endpoints.get(KEY)?.spec.endpoints.find(({ dnsName }) => dnsName.startsWith('_sip._udp.dallas.'))?.targets[0];

describe('the names of transit centres', () => {
  it('are written once, follow the ingress, and say how far they have come', async () => {
    const first = await look();
    expect(first.condition).toMatchObject({ status: 'True', reason: 'AsDeclared' });
    expect(first.set).toMatchObject({ name: 'americas.ingress', revision: 1, state: 'Written', writtenTime: NOW });
    expect(target()).toBe('10 10 5061 sbc.dallas.net.');
    await look(servedBy('dallas'));
    expect(hub.writes()).toHaveLength(1);
    const moved = await look(servedBy('ashburn'));
    expect(moved.set?.revision).toBe(2);
    expect(target()).toBe('10 10 5061 sbc.ashburn.net.');
  });

  it('are seen when the name server has shown this generation', async () => {
    const { set } = await look();
    context.seen.set(KEY, set?.generation ?? -1);
    expect((await look()).set?.state).toBe('Seen');
    expect((await look(servedBy('ashburn'))).set?.state).toBe('Written');
  });

  it('are not written over by a leader that has not read what the one before decided', async () => {
    await look(servedBy('ashburn'));
    isFresh = false;
    const before = { ...servedBy('dallas'), traffic: { ingress: (await look(servedBy('ashburn'))).set } };
    await look(before);
    expect(target()).toBe('10 10 5061 sbc.ashburn.net.');
    expect(hub.writes()).toHaveLength(1);
  });

  it('are not written over by a write that comes late', async () => {
    await look();
    const where = { name: 'americas.ingress', namespace: 'switchback-system' };
    await hub.client.mergePatch(DNS_ENDPOINT, where, { spec: { endpoints: [] } });
    await look(servedBy('ashburn'));
    expect((await hub.client.read(DNS_ENDPOINT, where)).spec.endpoints).toEqual([]);
  });

  it('are said not to be there while ExternalDNS is not installed, and keep nothing else from being told', async () => {
    hub = connectDirectly(new FakeApiServer({ name: 'bare', time: new VirtualTime(), random: new SeededRandom(1) }));
    const bare = { ...context, applier: createApplier({ client: hub.client, fieldManager: 'hub' }) };
    const [first] = groups;
    if (!first) throw new Error('there is a group');
    const report = await reportIngress(bare, first, NOW, new AbortController().signal);
    expect(report.condition).toMatchObject({ status: 'False', reason: 'DNSEndpointMissing' });
  });

  it('go when the last centre is taken away, and are none of a group that never had one', async () => {
    const { set } = await look();
    groups = [group('americas', 1, [])];
    await look({ observedGeneration: 1, traffic: { ingress: set } });
    expect(hub.writes().at(-1)).toBe('DELETE americas.ingress');
    expect(await look()).toEqual({ set: undefined, condition: undefined });
  });

  it('belong to the older one of two groups with one domain', async () => {
    groups = [group('americas', 2), group('older', 1, ['dallas'])];
    expect((await look()).condition).toEqual({
      type: 'TrafficWritten',
      status: 'False',
      reason: 'NameTaken',
      message:
        'the names of the transit centres: dallas.transit.example.com belongs to IU group older, which is older: choose another domain or name',
    });
    expect(hub.writes()).toEqual([]);
  });
});
