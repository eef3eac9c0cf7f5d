import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { NotFoundError } from '../../src/kube/errors.ts';
import { DEPLOYMENT, type Deployment } from '../../src/kube/kinds.ts';
import { keyOf, pathOf } from '../../src/kube/object.ts';
import { BACKUP_CLASSES, EAST, FAST_WAIT_MS, GROUP, WEST } from './support/samples.ts';
import { bootWorld, epochOf, isActiveIn, leaderOf, until, untilHeartbeats, type World } from './support/world.ts';

/** What is late, or comes from somebody who should not: the API server refuses it, or it changes nothing. */

let world: World;
beforeAll(async () => {
  world = await bootWorld({ agentsPerRegion: 2, group: { failover: { coolDownSeconds: 0 } } }, { start: false });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const epoch = async (): Promise<number> => epochOf(await world.instance('capture'));
/** Also those of its peer: a region that only the hub cannot see is left where it is. */
const linksOfEast = () =>
  world.regions.links.filter(({ from, to }) => from !== to && (from === EAST.name || to === EAST.name));

describe('an agent that stands still while it starts services', () => {
  test('has started nothing when it wakes after three leases', async () => {
    world.operator.start();
    const agents = world.operator.agents(EAST.name);
    await until('the right to start', async () => {
      const { spec } = await world.region(EAST.name).read(RESOURCES.regionLease, { name: EAST.name });
      return Object.keys(spec.hub?.grants ?? {}).length > 0;
    });
    const sleeper = leaderOf(agents);
    sleeper.freeze();
    await until(
      'the other agent to lead and serve',
      async () => leaderOf(agents) !== sleeper && (await isActiveIn(world, EAST.name, 1)),
    );

    // Meanwhile everything moves: what the sleeper was about to write belongs to the past.
    await world.settled(4);
    for (const link of linksOfEast()) link.silence();
    await until('promotion', () => isActiveIn(world, WEST.name, 2), FAST_WAIT_MS + 15_000);
    sleeper.thaw();
    await untilHeartbeats(world, EAST.name, 4, 'asked');
    for (const link of linksOfEast()) link.heal();
    await until(
      'confirmed standby',
      async () => ((await world.order('mail', EAST.name)).status?.standbyEpoch ?? 0) >= 2,
    );
    for (const name of BACKUP_CLASSES) {
      expect(world.observer.regionsOf(keyOf(await world.instance(name)))).toEqual([WEST.name]);
    }
    expect(world.observer.overlaps).toEqual([]);
  });
});

describe('a write from the past', () => {
  test('is refused, however often it comes', async () => {
    await raiseEpochTo(5);
    const { name, namespace = '' } = (await world.instance('capture')).metadata;
    const where = { name, namespace };
    const region = world.region(EAST.name);
    const lease = await region.read(RESOURCES.regionLease, { name: EAST.name });
    const term = lease.spec.hub?.term ?? 0;
    const order = RESOURCES.regionalService;
    const writes: readonly ((round: number) => Promise<unknown>)[] = [
      // An order of an earlier epoch.
      (round) =>
        region.mergePatch(order, where, { spec: { epoch: 1 + (round % 4), role: 'Active', activeRegion: EAST.name } }),
      // Another role at the present epoch.
      () => region.mergePatch(order, where, { spec: { role: 'Active' } }),
      // A confirmation and a grant that were outdated long ago.
      (round) => region.mergePatch(order, where, { status: { standbyEpoch: round % 5 } }, { subresource: 'status' }),
      // An acknowledgement of a hub that was replaced.
      () => region.mergePatch(RESOURCES.regionLease, { name: EAST.name }, { spec: { hub: { term: term - 1 } } }),
      // A decision that a hub made before another one decided.
      (round) =>
        world.hub.mergePatch(
          RESOURCES.serviceInstance,
          where,
          { status: { assignment: { epoch: 1 + (round % 4), activeRegion: EAST.name } } },
          { subresource: 'status' },
        ),
    ];
    const outcomes: PromiseSettledResult<unknown>[] = [];
    for (let round = 0; round < 200; round += 1) {
      outcomes.push(...(await Promise.allSettled(writes.map((write) => write(round)))));
    }
    for (const outcome of outcomes) {
      const answer = outcome.status === 'rejected' ? String(outcome.reason) : 'accepted';
      expect(answer).toMatch(/never falls|only with a higher epoch/);
    }
    expect(outcomes).toHaveLength(1000);
    expect(await epoch()).toBe(5);
  });
});

describe('a fenced workload', () => {
  const scaleRefusal = 'workloads of a service are scaled by the agent of the region alone';
  const fencedWorkload = async (): Promise<Deployment> => {
    const { items } = await world.region(EAST.name).list(DEPLOYMENT, { labelSelector: `${LABELS.service}` });
    const fenced = items.find(({ metadata }) => metadata.labels?.[LABELS.fenceToken]?.startsWith('fenced-'));
    if (!fenced) throw new Error('nothing is fenced');
    return fenced;
  };

  test('is not started through its scale, as an autoscaler would', async () => {
    const { metadata } = await fencedWorkload();
    const { namespace = '' } = metadata;
    const { status, body } = await world.region(EAST.name).transport.request({
      method: 'PATCH',
      path: pathOf(DEPLOYMENT, { name: metadata.name, namespace, subresource: 'scale' }),
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 2 } },
      lane: 'api',
      timeoutMs: 10_000,
    });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain(scaleRefusal);
  });

  test('is made anew at zero when it is deleted', async () => {
    const { metadata } = await fencedWorkload();
    const where = { name: metadata.name, namespace: metadata.namespace ?? '' };
    await world.region(EAST.name).delete(DEPLOYMENT, where);
    await until('a new one', async () => {
      try {
        const made = await world.region(EAST.name).read(DEPLOYMENT, where);
        return made.metadata.uid !== metadata.uid && made.spec?.replicas === 0;
      } catch (error) {
        if (error instanceof NotFoundError) return false;
        throw error;
      }
    });
    expect(world.observer.overlaps).toEqual([]);
  });
});

/** Each change of the policy is an epoch of its own; the services stay where they are. */
async function raiseEpochTo(wanted: number): Promise<void> {
  for (let next = (await epoch()) + 1; next <= wanted; next += 1) {
    const onHubLoss = next % 2 === 0 ? 'Fence' : 'Hold';
    await world.hub.mergePatch(RESOURCES.iuGroup, { name: GROUP }, { spec: { failover: { onHubLoss } } });
    await until(`epoch ${next}`, async () => {
      const confirmed = await world.order('capture', EAST.name);
      return (await epoch()) === next && confirmed.status?.standbyEpoch === next;
    });
  }
}
