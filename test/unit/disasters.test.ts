import { describe, expect, it } from 'vitest';
import { type DisasterOptions, type Fleet, type Slot, scheduleDisasters } from '../support/disasters.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { Faults } from '../support/faults.ts';
import { Script } from '../support/script.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import type { VirtualProcess } from '../support/virtual-process.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const SITES = ['hub', 'us', 'eu'];

/** Ten minutes of disasters over a hub and two regions with two processes each. */
async function history(
  seed: number,
  mayStop: (slot: Slot) => boolean = () => true,
  more: Pick<DisasterOptions, 'hazards' | 'script'> = {},
) {
  const kinds = new Set<string>();
  const time = new VirtualTime();
  const random = new SeededRandom(seed);
  const network = new FakeNetwork({ time, faults: new Faults({ random: random.fork('faults') }) });
  for (const name of SITES) network.addServer(new FakeApiServer({ name, time, random: random.fork(name) }));
  const slots = SITES.flatMap((site) => [1, 2].map((number) => ({ name: `${site}.${number}`, site })));
  const processes = new Map<string, VirtualProcess>();
  let started = 0;
  const fleet: Fleet = {
    slots,
    processIn: ({ name }) => processes.get(name) ?? time.startProcess({ id: name, site: '' }),
    start: ({ name, site }) => processes.set(name, time.startProcess({ id: `${name}#${++started}`, site })),
    mayStop,
    leads: ({ name }) => name.endsWith('1'),
  };
  for (const slot of slots) fleet.start(slot);
  const log: string[] = [];
  const power: string[] = [];
  scheduleDisasters({
    time,
    random: random.fork('disasters'),
    network,
    fleet,
    hubs: ['hub'],
    regions: ['us', 'eu'],
    onPower: (region, isOn) => power.push(`${region} ${isOn}`),
    compact: () => {},
    count: (kind) => kinds.add(kind),
    ...more,
    log: (what) => log.push(`${time.nowMs} ${what}`),
    fromMs: 10_000,
    untilMs: 600_000,
  });
  await time.run(800_000);
  return { network, fleet, log, power, kinds };
}

describe('disasters', () => {
  it('strike in every way, and all of them end', async () => {
    const seen = new Set<string>();
    const obeys = new Map<string, boolean>();
    const hazards = { setObeys: (region: string, isOn: boolean) => void obeys.set(region, isOn), freeze: () => {} };
    for (let seed = 1; seed <= 10; seed++) {
      const { network, fleet, kinds, power } = await history(seed, undefined, { hazards });
      for (const kind of kinds) seen.add(kind);
      expect([...obeys.values()]).toEqual([...obeys.values()].map(() => true));
      expect(SITES.map((site) => network.stateOf(site))).toEqual(['up', 'up', 'up']);
      expect(fleet.slots.map((slot) => fleet.processIn(slot).state)).toEqual(fleet.slots.map(() => 'running'));
      expect(power.filter((line) => line.endsWith('false'))).toHaveLength(power.length / 2);
    }
    expect([...seen].toSorted()).toEqual([
      'API server and agents of a region lost',
      'history forgotten (410)',
      'hub loses its API server',
      'hub process cut off',
      'kubelets disobey',
      'machines stand still and go on',
      'one-way cut',
      'process crashes',
      'process stands still',
      'region isolated',
      'region loses its power',
      'slow way',
      'wall clock set',
      'way cut',
      'way to the hub cut, leader fails',
    ]);
  });

  it('are the same for the same seed', async () => {
    const first = await history(1);
    expect((await history(1)).log).toEqual(first.log);
    expect((await history(2)).log).not.toEqual(first.log);
  });

  it('can be left out one by one, and the others stay what they are', async () => {
    const script = (without: readonly string[]) => new Script(new SeededRandom(1), without);
    const all = await history(1, undefined, { script: script([]) });
    const fewer = await history(1, undefined, { script: script(['d2']) });
    const begun = (log: readonly string[]) => log.filter((line) => line.includes(' cut '));
    const gone = begun(all.log).filter((line) => !begun(fewer.log).includes(line));
    expect(gone.length).toBeLessThan(5);
    expect(fewer.log.length).toBeLessThan(all.log.length);
  });

  it('spare the processes that the fault model needs', async () => {
    const { log } = await history(3, ({ site }) => site === 'hub');
    const hit = log.filter((line) => /(crash|pause) /.test(line)).map((line) => line.split(' ').at(2));
    expect(hit.length).toBeGreaterThan(0);
    expect(hit.every((id) => id?.startsWith('hub') || id === 'of')).toBe(true);
  });
});
