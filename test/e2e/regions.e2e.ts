import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ENCLOSED } from '../../hack/nodes/requirements.ts';
import { waitFor } from '../../hack/regions/wait.ts';
import { EAST, FAST_WAIT_MS, WEST } from '../integration/support/samples.ts';
import { cutOff, mend, nodeOf, signalAgents } from './support/disasters.ts';
import { keepEvidence } from './support/evidence.ts';
import { findClashes, findLost } from './support/judge.ts';
import { LEDGER, NOTES } from './support/manifests.ts';
import { type Figures, Meter } from './support/meter.ts';
import { bootWorld, type World } from './support/world.ts';

/**
 * Real nodes, real pods, the operator as pods, and callers outside that write and read without pause. What is judged is what
 * the callers saw, and the disk, alone. Each test begins when everything is at home in `us-east`.
 */

const isEnclosed = process.env[ENCLOSED] !== undefined;
if (!isEnclosed) console.warn('real nodes run in an enclosure only: `npm run e2e`. These tests are skipped.');

type Disaster = () => Promise<void>;

const WITHOUT_AGENTS = 'cut off, its agents stand still, its pods run on';
const STOPPED = 'stopped: nodes and control plane stand still';

/** The wait of the protocol, and beside it heartbeats, the start of a pod, and a busy machine. */
const START_MS = 10_000;
const FAILOVER_MS = FAST_WAIT_MS + START_MS;
/** Until Kubernetes gives a lost node up (8 s), until it gives its pods up (5 s), and until another one has started. */
const ZONE_MS = 30_000;
const HUB_DARK_MS = 5000;
/** Longer than any right that the hub has given. */
const HUB_LOST_MS = 10_000;
/** A planned move rests for the time that pods need to end and to start. */
const PLANNED_MS = 9000;
/** From the healing to the write at home: the standby is confirmed, the region is stable for 3 s, and the move. */
const HOME_MS = 60_000;
/** What a caller cannot tell from a slow answer of a busy machine. */
const UNNOTICED_MS = 2500;

let world: World;
const meter = new Meter();
const log = meter.log;

const measured = (what: string, work: () => Promise<void>): Promise<Figures> => meter.measure(world, what, work);

async function movedTo({ lastAck, untilAck }: World, region: string, withinMs: number): Promise<void> {
  const { epoch } = lastAck();
  await untilAck(`a write in ${region}`, (ack) => ack.region === region && ack.epoch > epoch, withinMs);
}

/** Mends everything and waits until the service is back at home. */
async function healed(world: World, what: string): Promise<Figures> {
  const found = await measured(what, async () => {
    await mend(world);
    await movedTo(world, EAST.name, HOME_MS);
  });
  expect(found.ledgerMs).toBeLessThan(PLANNED_MS);
  expect(found.deskMs).toBeLessThan(UNNOTICED_MS);
  await world.home();
  return found;
}

function expectNoHarm({ callers, disk }: World): void {
  const { acks, misread } = callers.of(LEDGER);
  expect(misread).toEqual([]);
  expect(findClashes(acks)).toEqual([]);
  expect(findLost(acks, disk.read(LEDGER))).toEqual([]);
}

/**
 * So it is known that the callers, the disk and the judge would find it: nothing stops pods without gates now.
 * @param from how many writes had been acknowledged before the disaster
 */
async function expectHarmWithoutGates({ callers, disk }: World, from: number): Promise<void> {
  const since = () => callers.of(NOTES).acks.slice(from);
  const isSeen = async () => findClashes(since()).length > 0;
  await waitFor({ what: 'two sides of what has no gates', timeoutMs: START_MS }, isSeen);
  expect(findLost(since(), disk.read(NOTES))).not.toEqual([]);
}

describe.skipIf(!isEnclosed)('callers outside', () => {
  beforeAll(async () => {
    world = await bootWorld(log);
  });
  afterAll(async () => {
    await world?.stop();
    console.table(meter.figures);
  });

  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(({ task }) => keepEvidence(world.regions, task.name.replaceAll(/\W+/g, '-').slice(0, 100)));
    await world.home();
  });
  afterEach(async () => {
    // What one test left broken must not fail the next one.
    await mend(world);
    expectNoHarm(world);
  });

  test('are served from home', async () => {
    const { deskMs, ledgerMs } = await measured('nothing happens', () => sleep(3000));
    expect(world.lastAck().region).toBe(EAST.name);
    expect([ledgerMs, deskMs].filter((ms) => ms > UNNOTICED_MS)).toEqual([]);
  });

  test.each<[string, Disaster]>([
    ['cut off, while its pods run on', async () => cutOff(world, EAST.name)],
    [
      WITHOUT_AGENTS,
      async () => {
        await signalAgents(world, EAST.name, 'STOP');
        cutOff(world, EAST.name);
      },
    ],
    [STOPPED, () => world.regions.region(EAST.name).lose({ how: 'hang' })],
    [
      'without its API server, while its nodes and agents run on',
      () => world.regions.region(EAST.name).lose({ how: 'hang', keepNodes: true }),
    ],
  ])('are served by the other region when theirs is %s; and again from home', async (what, disaster) => {
    const notesBefore = world.callers.of(NOTES).acks.length;
    const lost = await measured(`region ${what}`, async () => {
      await disaster();
      await movedTo(world, WEST.name, FAILOVER_MS);
    });
    expect(lost.ledgerMs).toBeLessThan(FAILOVER_MS);
    expect(lost.deskMs).toBeLessThan(UNNOTICED_MS);
    if (what === WITHOUT_AGENTS) await expectHarmWithoutGates(world, notesBefore);
    const back = await healed(world, 'it is back, service goes home');
    // What stood still with its gate may write for a moment when it goes on: then only the disk can refuse it.
    if (what !== STOPPED) expect([lost.late, back.late]).toEqual([0, 0]);
  });

  test('are served by the other region when theirs loses its power; it comes back, nodes first', async () => {
    const region = world.regions.region(EAST.name);
    const { deskMs, ledgerMs } = await measured('region without power', async () => {
      await region.lose();
      await movedTo(world, WEST.name, FAILOVER_MS);
    });
    expect(ledgerMs).toBeLessThan(FAILOVER_MS);
    expect(deskMs).toBeLessThan(UNNOTICED_MS);
    await Promise.all(world.nodes.nodesOf(EAST.name).map((node) => node.start()));
    expect((await healed(world, 'its power returns, service goes home')).late).toBe(0);
  });

  test('are served again when the node of their service stands still for 4 s', async () => {
    const node = nodeOf(world, world.lastAck());
    const { deskMs, ledgerMs } = await measured('node stands still for 4 s', async () => {
      await node.freeze();
      await sleep(4000);
      await node.thaw();
      await world.untilAck('a write', () => true, 20_000);
    });
    expect(ledgerMs).toBeLessThan(4000 + PLANNED_MS);
    expect(deskMs).toBeLessThan(UNNOTICED_MS);
    await world.home();
  });

  test('are served from the other zone when that of their service loses its power', async () => {
    const { node } = world.lastAck();
    const zone = node.replace(/-\d+$/, '');
    const { deskMs, ledgerMs } = await measured('zone without power', async () => {
      await world.regions.region(EAST.name).zone(zone).lose();
      await world.untilAck('a write in the other zone', (ack) => ack.node !== node, ZONE_MS);
    });
    expect(world.lastAck().region).toBe(EAST.name);
    expect(ledgerMs).toBeLessThan(ZONE_MS);
    expect(deskMs).toBeLessThan(UNNOTICED_MS);
    await measured('zone has power again', async () => {
      await mend(world);
      await world.home();
    });
  });

  test('do not notice that the hub is lost', async () => {
    const { epoch } = world.lastAck();
    const { deskMs, ledgerMs } = await measured('hub stands still for 10 s, and goes on', async () => {
      await world.regions.hub.lose({ how: 'hang' });
      await sleep(HUB_LOST_MS);
      await mend(world);
      await sleep(3000);
    });
    expect([ledgerMs, deskMs].filter((ms) => ms > UNNOTICED_MS)).toEqual([]);
    expect(world.lastAck()).toMatchObject({ region: EAST.name, epoch });
    await world.home();
  });

  test('do not notice that the hub loses its power, and has it again', async () => {
    const { epoch } = world.lastAck();
    const { deskMs, ledgerMs } = await measured('hub without power for 5 s, and back', async () => {
      await world.regions.hub.lose();
      await sleep(HUB_DARK_MS);
      await mend(world);
    });
    expect(world.nodes.nodesOf('hub').map(({ power }) => power)).toEqual(['on']);
    expect([ledgerMs, deskMs].filter((ms) => ms > UNNOTICED_MS)).toEqual([]);
    expect(world.lastAck()).toMatchObject({ region: EAST.name, epoch });
    await world.home();
  });

  test('do not notice an upgrade of the operator in their region, and then of the hub', async () => {
    const before = world.lastAck();
    const { deskMs, ledgerMs } = await measured('operator upgraded: region, then hub', async () => {
      await world.upgrade(EAST.name);
      await world.upgrade('hub');
    });
    expect([ledgerMs, deskMs].filter((ms) => ms > UNNOTICED_MS)).toEqual([]);
    expect(world.lastAck()).toMatchObject({ by: before.by, epoch: before.epoch });
    await world.home();
  });
});

test.skipIf(!isEnclosed)('no write was accepted by two sides, and none was lost', () => {
  expectNoHarm(world);
  const { acks } = world.callers.of(LEDGER);
  expect(acks.length).toBeGreaterThan(10);
  const notes = world.callers.of(NOTES).acks;
  log(`${world.callers.calls} calls; ledger: ${acks.length} writes acknowledged, 0 lost, 0 accepted by two sides`);
  log(`without gates: ${notes.length} acknowledged, ${findLost(notes, world.disk.read(NOTES)).length} lost`);
});
