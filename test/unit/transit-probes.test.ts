import { beforeEach, describe, expect, it } from 'vitest';
import { createAgent } from '../../src/agent/agent.ts';
import { ANSWERED, type Outcome, unanswered } from '../../src/agent/probes/outcome.ts';
import type { Region } from '../../src/api/region.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { computeRegion } from '../../src/decide/desired/region.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { serveOurKinds } from '../simulation/rules.ts';
import { serveBuiltInKinds } from '../support/built-in-kinds.ts';
import { Kind } from '../support/cluster/kind.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { FakeCluster } from '../support/fake-cluster-controllers.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { CALM, Faults } from '../support/faults.ts';
import { aGroup } from '../support/objects.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { VirtualProcess } from '../support/virtual-process.ts';
import { VirtualTime } from '../support/virtual-time.ts';

/** Two agents of one region, on a fake API server, and a transit centre that the test makes answer or not. */
let time: VirtualTime;
let server: FakeApiServer;
let regions: Kind<Region>;
let world: Record<string, Outcome>;
/** By agent: how often it has asked. */
let asked: Record<string, number>;
let processes: Record<string, VirtualProcess>;
/** What was written of the transit centres, in order. */
let said: string[];

const CENTRE = {
  name: 'ash',
  geography: 'US',
  country: 'US',
  pair: 'us',
  regions: ['west'],
  voice: { targets: ['192.0.2.7'] },
  mpls: true,
  probes: [
    { name: 'sip', path: 'Voice', type: 'SipOptions', host: '192.0.2.7', port: 5060 },
    { name: 'edge', path: 'Mpls', type: 'Tcp', host: '192.0.2.8', port: 443 },
  ],
};
const desired = (centres: readonly object[]): Region => {
  const more = centres.length > 0 ? { transit: { centres } } : {};
  const region = computeRegion(aGroup('americas', ['west'], more), 'west');
  if (!region) throw new Error('the group has no such region');
  return region;
};
const run = (seconds: number): Promise<void> => time.run(time.nowMs + seconds * 1000);
const now = (): string => JSON.stringify(regions.get('west')?.status?.transitCentres ?? null);

function startAgent(id: string, network: FakeNetwork, random: SeededRandom): void {
  const process = time.startProcess({ id, site: 'west' });
  processes[id] = process;
  const client = createKubeClient(network.connect({ process, server: 'west' }), 'west');
  const probes = {
    ask: async ({ name }: { readonly name: string }): Promise<Outcome> => {
      asked[id] = (asked[id] ?? 0) + 1;
      return world[name] ?? ANSWERED;
    },
  };
  const options = { region: 'west', version: 'test', identity: id, client, clock: process, log: () => undefined };
  createAgent({ ...options, probes, random: random.fork(id) }).start();
}

beforeEach(async () => {
  [world, asked, processes, said] = [{}, {}, {}, []];
  time = new VirtualTime();
  const random = new SeededRandom(1);
  server = new FakeApiServer({ name: 'west', time, random: random.fork('server') });
  serveBuiltInKinds(server);
  serveOurKinds(server, 'region');
  new FakeCluster({ server, time, random: random.fork('cluster'), zones: ['west-a', 'west-b'] });
  const network = new FakeNetwork({ time, faults: new Faults({ random: random.fork('faults'), knobs: CALM }) });
  network.addServer(server);
  regions = new Kind(server.storage, time, RESOURCES.region);
  regions.create(desired([CENTRE]));
  server.storage.onChange(() => {
    if (now() !== (said.at(-1) ?? 'null')) said.push(now());
  });
  startAgent('one', network, random);
  await run(6);
  startAgent('two', network, random);
  await run(60);
});

const line = (voice: string, mpls: string, message: string): string =>
  JSON.stringify([{ name: 'ash', voice, mpls, message }]);
const WELL = line('Up', 'Up', 'Voice: well; Mpls: well');

describe('the agents of a region', () => {
  it('say what they see of a transit centre, once; only the one that leads asks', async () => {
    expect(said).toEqual([WELL]);
    expect(asked['one']).toBeGreaterThan(20);
    expect(asked['two']).toBeUndefined();
    await run(300);
    expect(said).toEqual([WELL]);
  });

  it('write nothing else while nothing happens', async () => {
    const writes: string[] = [];
    server.storage.onChange((table) => writes.push(table.resource.plural));
    await run(60);
    expect(writes.filter((plural) => plural !== 'leases' && plural !== 'regionleases')).toEqual([]);
  });

  it('say within four intervals that voice is lost, and MPLS is not', async () => {
    world = { sip: unanswered('Timeout') };
    await run(22);
    const lost = line('Down', 'Up', 'Voice: sip does not answer (Timeout); Mpls: well');
    expect(said).toEqual([WELL, lost]);
    world = {};
    await run(17);
    expect(said).toEqual([WELL, lost, WELL]);
  });

  it('let stand what the leader before said, until the next one knows', async () => {
    world = { sip: unanswered('Timeout') };
    await run(30);
    const lost = said.at(-1);
    const before = said.length;
    processes['one']?.crash();
    await run(120);
    expect(asked['two']).toBeGreaterThan(10);
    expect([said.slice(before), now()]).toEqual([[], lost]);
  });

  it('say what has changed when nobody led', async () => {
    const before = said.length;
    processes['one']?.crash();
    world = { edge: unanswered('Refused') };
    await run(120);
    expect(said.slice(before)).toEqual([line('Up', 'Down', 'Voice: well; Mpls: edge does not answer (Refused)')]);
  });

  it('take it back when the group has no transit centres any more', async () => {
    const old = regions.get('west');
    if (!old) throw new Error('there is no region');
    regions.update(old, { ...old, spec: desired([]).spec });
    await run(20);
    expect(regions.get('west')?.status).not.toHaveProperty('transitCentres');
    const count = asked['one'];
    await run(60);
    expect(asked['one']).toBe(count);
  });
});
