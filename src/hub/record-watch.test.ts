import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aGroup, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { computeTraffic, type DNSEndpoint } from '../decide/desired/traffic.ts';
import type { HubContext } from './context.ts';
import { createRecordWatch } from './record-watch.ts';

const SERVER = '192.0.2.53';
const ZONE = { domain: 'example.com', ttlSeconds: 10 };

let clock: ManualClock;
let group: IUGroup;
let instances: Map<string, ServiceInstance>;
let endpoints: DNSEndpoint[];
let shown: Set<string>;
let asked: string[];
let told: string[];
let context: HubContext;

function serve(name: string, generation = 1): void {
  const instance = anInstance(name);
  instances.set(`switchback-system/${name}`, instance);
  const made = computeTraffic(instance, anAssignment('1 east>west'), { weights: undefined, readers: undefined }, ZONE);
  endpoints = [
    ...endpoints.filter(({ metadata }) => metadata.name !== name),
    { ...made, metadata: { ...made.metadata, generation } },
  ];
}

beforeEach(() => {
  clock = new ManualClock();
  group = aGroup('americas', ['east', 'west'], { traffic: { ...ZONE, resolver: SERVER } });
  instances = new Map();
  endpoints = [];
  shown = new Set();
  asked = [];
  told = [];
  context = partOf<HubContext>('context', {
    clock,
    log: () => undefined,
    leadership: { isCertain: () => true },
    groups: { store: { list: () => [group], get: () => group } },
    instances: { store: { get: (key: string) => instances.get(key) } },
    endpoints: { store: { list: () => endpoints } },
    seen: new Map(),
    lookAgain: { instance: (key: string) => told.push(key), group: (name: string) => told.push(name) },
  });
  createRecordWatch(context, async (server, { name }) => {
    expect(server).toBe(SERVER);
    asked.push(name);
    return shown.has(name) ? [`${name.split('.')[0]}.east.regions.example.com`] : [];
  }).start();
});

const look = async (): Promise<string[]> => {
  asked = [];
  await clock.advance(5000);
  return asked;
};

describe('the watch of record sets', () => {
  it('asks until what was written is seen, tells once, and asks no more', async () => {
    serve('mail');
    expect(await look()).toEqual(['mail.example.com']);
    expect(told).toEqual([]);
    shown.add('mail.example.com');
    await look();
    expect(told).toEqual(['switchback-system/mail']);
    expect(await look()).toEqual([]);
    serve('mail', 2);
    expect(await look()).toEqual(['mail.example.com']);
  });

  it('asks nothing of what the status says was seen, also after a restart', async () => {
    serve('mail', 3);
    const instance = anInstance('mail');
    const traffic = { name: 'mail', revision: 1, generation: 3, state: 'Seen' as const };
    const times = { writtenTime: '2026-01-01T00:00:00Z', seenTime: '2026-01-01T00:00:00Z' };
    const status = { observedGeneration: 1, traffic: { ...traffic, ...times } };
    instances.set('switchback-system/mail', { ...instance, status });
    expect(await look()).toEqual([]);
  });

  it('asks nobody where the group names no name server', async () => {
    group = aGroup('americas', ['east', 'west'], { traffic: ZONE });
    serve('mail');
    expect(await look()).toEqual([]);
  });

  it('asks a bounded number at a time, and each one in turn', async () => {
    for (let i = 0; i < 150; i++) serve(`s${i}`);
    const looks = [await look(), await look(), await look()];
    for (const names of looks) expect(names.length).toBeLessThanOrEqual(60);
    expect(new Set(looks.flat()).size).toBe(150);
  });
});
