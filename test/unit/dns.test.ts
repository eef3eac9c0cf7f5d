import { Resolver } from 'node:dns/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IUGroup } from '../../src/api/iu-group.ts';
import { type TrafficPolicy, trafficPolicy } from '../../src/api/traffic.ts';
import type { TransitCentreStatus } from '../../src/api/transit-centre.ts';
import { computeIngressRecords } from '../../src/decide/desired/ingress-records.ts';
import { computeTenantRecords } from '../../src/decide/desired/tenant-records.ts';
import { computeTraffic, type DNSEndpoint, type DNSRecord } from '../../src/decide/desired/traffic.ts';
import { isAnswered, questionsOf } from '../../src/decide/record-set.ts';
import type { RegionWeight } from '../../src/decide/weights.ts';
import { createNameServerClient } from '../../src/observe/name-server.ts';
import { type NameServer, startNameServer } from '../support/dns-server.ts';
import { aGroup, anAssignment, anInstance } from '../support/objects.ts';

/** What we write, served by a real name server and asked for by the resolver of Node. */

const POLICY: TrafficPolicy = trafficPolicy.parse({
  domain: 'contact.example',
  tenantNames: { frontDoor: 'desktop', services: ['chat'] },
});
const centre = (name: string, more: object = {}) => ({
  name,
  geography: 'US',
  country: 'US',
  pair: 'us',
  regions: ['east'],
  voice: { targets: [`sbc.${name}.carrier.example`] },
  ...more,
});
const GROUP: IUGroup = aGroup('americas', ['east', 'west'], {
  transit: { centres: [centre('dallas'), centre('ashburn', { voice: { targets: ['192.0.2.7', '192.0.2.8'] } })] },
});
/** Kept by each region. */
const OF_REGIONS: DNSRecord[] = ['desktop', 'chat'].flatMap((service) =>
  ['east', 'west'].map((region, index) => ({
    dnsName: `${service}.${region}.regions.contact.example`,
    recordTTL: 60,
    recordType: 'A' as const,
    targets: [`198.51.100.${index + 1}`],
  })),
);
const EAST = '198.51.100.1';
const WEST = '198.51.100.2';

let assignment: string;
let weights: RegionWeight[];
let centres: Pick<TransitCentreStatus, 'ingress' | 'name'>[];
let server: NameServer;
let resolver: Resolver;

function endpoints(): DNSEndpoint[] {
  const shares = { readers: undefined };
  return [
    computeTraffic(anInstance('desktop'), anAssignment(assignment), { weights: undefined, ...shares }, POLICY),
    computeTraffic(anInstance('chat'), anAssignment(assignment), { weights, ...shares }, POLICY),
  ];
}
const ofTenant = (): DNSRecord[] =>
  computeTenantRecords(
    'acme',
    [
      { service: 'desktop', instance: 'switchback-system/desktop' },
      { service: 'chat', instance: 'switchback-system/chat' },
    ],
    'dallas',
    POLICY,
  );
const ingress = (): DNSRecord[] => computeIngressRecords(GROUP.spec.transit?.centres ?? [], centres, POLICY);
const zone = (): DNSRecord[] => [
  ...endpoints().flatMap(({ spec }) => spec.endpoints),
  ...ofTenant(),
  ...ingress(),
  ...OF_REGIONS,
];

beforeEach(async () => {
  assignment = '1 east>west';
  weights = [
    { region: 'east', weight: 70 },
    { region: 'west', weight: 30 },
  ];
  centres = [];
  server = await startNameServer(zone);
  resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([server.address]);
});
afterEach(() => server[Symbol.asyncDispose]());

describe('names, as a resolver sees them', () => {
  it('lead a tenant to the region where its services are active, before and after a failover', async () => {
    expect(await resolver.resolve4('acme.tenants.contact.example')).toEqual([EAST]);
    const before = ofTenant();
    assignment = '2 west>east';
    expect(await resolver.resolve4('acme.tenants.contact.example')).toEqual([WEST]);
    expect(ofTenant()).toEqual(before);
  });

  it('share the callers of an active service as the weights say', async () => {
    const answers: string[] = [];
    for (let i = 0; i < 100; i++) answers.push(...(await resolver.resolve4('chat.acme.tenants.contact.example')));
    expect(answers.filter((address) => address === EAST)).toHaveLength(70);
    expect(answers.filter((address) => address === WEST)).toHaveLength(30);
  });

  it('lead SIP from NAPTR to SRV to hosts, and follow the ingress', async () => {
    const [first] = await resolver.resolveNaptr('sip.acme.tenants.contact.example');
    expect(first).toMatchObject({ flags: 'S', service: 'SIPS+D2T', order: 10 });
    const replacement = '_sips._tcp.dallas.transit.contact.example';
    expect(first?.replacement).toBe(replacement);
    const [entry] = await resolver.resolveSrv(replacement);
    expect(entry).toMatchObject({ name: 'sbc.dallas.carrier.example', port: 5061, priority: 10 });
    centres = [
      { name: 'dallas', ingress: { servedBy: 'ashburn', since: '2026-01-01T00:00:00Z', reason: 'VoiceLost' } },
    ];
    const moved = await resolver.resolveSrv('_sip._udp.sip.acme.tenants.contact.example');
    expect(moved.map(({ name }) => name).sort()).toEqual([
      '1.ashburn.hosts.transit.contact.example',
      '2.ashburn.hosts.transit.contact.example',
    ]);
    expect(await resolver.resolve4(moved.map(({ name }) => name).sort()[0] ?? '')).toEqual(['192.0.2.7']);
    expect((await resolver.resolve4('dallas.transit.contact.example')).sort()).toEqual(['192.0.2.7', '192.0.2.8']);
  });

  it('tell a pair and a geography together', async () => {
    for (const host of ['us.pairs', 'us.geographies']) {
      const entries = await resolver.resolveSrv(`_sips._tcp.${host}.transit.contact.example`);
      expect(entries).toHaveLength(3);
    }
    centres = [
      { name: 'dallas', ingress: { servedBy: 'ashburn', since: '2026-01-01T00:00:00Z', reason: 'VoiceLost' } },
    ];
    expect(await resolver.resolveSrv('_sips._tcp.us.pairs.transit.contact.example')).toHaveLength(2);
  });
});

describe('the question whether what was written is seen', () => {
  const ask = createNameServerClient();
  const isSeen = async (endpoint: DNSEndpoint): Promise<boolean> => {
    const answers = await Promise.all(
      questionsOf(endpoint).map(async (question) => isAnswered(question, await ask(server.address, question))),
    );
    return answers.every(Boolean);
  };
  const asEndpoint = (records: DNSRecord[]): DNSEndpoint => {
    const [first] = endpoints();
    if (!first) throw new Error('there is one');
    return { ...first, spec: { endpoints: records } };
  };

  it('is answered by what is there, of each kind', async () => {
    for (const endpoint of [...endpoints(), asEndpoint(ofTenant()), asEndpoint(ingress())]) {
      expect(await isSeen(endpoint)).toBe(true);
    }
  });

  it('is not answered by what was there before', async () => {
    const [desktop, chat] = endpoints();
    assignment = '2 west>east';
    weights = [
      { region: 'east', weight: 0 },
      { region: 'west', weight: 100 },
    ];
    const [moved, alone] = endpoints();
    if (!desktop || !chat || !moved || !alone) throw new Error('there are two');
    expect(await isSeen(desktop)).toBe(false);
    expect(await isSeen(moved)).toBe(true);
    expect(await isSeen(alone)).toBe(true);
    const before = asEndpoint(ingress());
    centres = [
      { name: 'dallas', ingress: { servedBy: 'ashburn', since: '2026-01-01T00:00:00Z', reason: 'VoiceLost' } },
    ];
    expect(await isSeen(before)).toBe(false);
    expect(await isSeen(asEndpoint(ingress()))).toBe(true);
  });

  it('is not answered by a server that is none, or has no such name', async () => {
    const question = { name: 'desktop.contact.example', type: 'CNAME' } as const;
    expect(await ask('999.0.0.1', question)).toEqual([]);
    expect(await ask(server.address, { ...question, name: 'nobody.contact.example' })).toEqual([]);
    expect(await ask(server.address, question)).toEqual(['desktop.east.regions.contact.example']);
  });

  it('is asked again over TCP where the answer does not fit into a packet', async () => {
    const hosts = Array.from({ length: 8 }, (_, i) => `entry-${i}.${'x'.repeat(60)}.carrier.example`);
    const many = aGroup('many', ['east'], { transit: { centres: [centre('big', { voice: { targets: hosts } })] } });
    const records = computeIngressRecords(many.spec.transit?.centres ?? [], [], POLICY);
    const large = await startNameServer(() => records);
    try {
      const [question] = questionsOf(asEndpoint(records));
      if (!question) throw new Error('there is one');
      const answers = await ask(large.address, question);
      expect(isAnswered(question, answers)).toBe(true);
      expect(large.overTcp()).toBeGreaterThan(0);
    } finally {
      await large[Symbol.asyncDispose]();
    }
  });
});
