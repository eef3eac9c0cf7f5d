import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loseRegion, restoreRegion } from '../../hack/operator/operator.ts';
import { type ServiceClassSpec, serviceClass } from '../../src/api/service-class.ts';
import { keyOf } from '../../src/kube/object.ts';
import { readManifests } from './support/cases.ts';
import { EAST, type Manifest, tenant, WEST } from './support/samples.ts';
import { activeRegionOf, bootWorld, until, type World } from './support/world.ts';

/**
 * The shipped catalogues on real API servers: a tenant with all 23 services moves from the one of today to the next one in
 * place, loses its primary region, goes home, and moves back.
 */

const CATALOGUE = join(import.meta.dirname, '../../charts/switchback/catalogue');
const [today, next] = ['today', 'next'].map((name): readonly Manifest[] =>
  readManifests(join(CATALOGUE, name)).map((manifest) => ({ ...manifest, spec: manifest.spec })),
);
const specOf = ({ spec }: Manifest): ServiceClassSpec => serviceClass.spec.parse(spec);
const namesOf = (manifests: readonly Manifest[] = []) => manifests.map(({ metadata }) => metadata.name);

const SERVICES = namesOf(today);
/** In the secondary region a part is shown, or nothing runs, or copies that write nothing. */
const ACTIVE = {
  'real-time-reporting': [50, 50],
  'digital-routing': [50, 50],
  webrtc: [50, 50],
  'co-browse': [50, 50],
  'callback-web': [100, 0],
  'callback-queue': [100, 0],
  outbound: [100, 0],
};
const BACKUP = {
  'workforce-management': undefined,
  'historical-reporting': undefined,
  designer: 'Warm',
  'agent-setup': 'ReadOnly',
} as const;
/** Of today: they move as before, but for the one that a person has to approve. */
const ALSO_MOVING = ['recording', 'voice-mail'];
const MOVING = [...Object.keys(BACKUP), ...ALSO_MOVING];

/**
 * The shipped components take 2 s to stop, and 23 services keep two cores busy: a region that is only late must not be
 * taken for lost. `wait` is (10 + 6 + 6) x 1.2 = 26.4 s.
 */
const TIMINGS = {
  heartbeatSeconds: 2,
  leaseSeconds: 10,
  takeoverSeconds: 6,
  stopBudgetSeconds: 6,
  clockRateErrorPercent: 20,
};
const SLOW_MS = 180_000;

let world: World;
beforeAll(async () => {
  const failover = { failureThresholdSeconds: 15 };
  const group = { timings: TIMINGS, failover, switchback: { stableForSeconds: 5 } };
  const manifests = [...(today ?? []), tenant('crown')];
  world = await bootWorld({ group, manifests, singles: [...MOVING, 'third-party-wfm'] });
  await world.settled(SERVICES.length, SLOW_MS);
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function podsIn(region: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const pods = new Map<string, readonly string[]>();
  for (const service of SERVICES)
    pods.set(service, world.observer.podsOf(keyOf(await world.instance(service)), region));
  return pods;
}

/** Until every service has the mode that its class says, and all are Ready with it. */
async function apply(manifests: readonly Manifest[] = []): Promise<void> {
  await world.apply(...manifests);
  await until(
    'the modes to be those of the catalogue',
    async () => {
      for (const manifest of manifests) {
        const { status } = await world.instance(manifest.metadata.name);
        const wanted = specOf(manifest).crossRegion.mode;
        if (status?.assignment?.mode !== wanted) throw new Error(`${manifest.metadata.name}: ${status?.hold?.message}`);
      }
      return true;
    },
    SLOW_MS,
  );
  await world.settled(SERVICES.length, SLOW_MS);
}

/** Until services run in a region with all that they had at home. */
async function untilActive(services: readonly string[], region: string): Promise<void> {
  const check = async (service: string): Promise<boolean> => {
    const instance = await world.instance(service);
    const { phase } = (await world.order(service, region)).status ?? {};
    const pods = world.observer.podsOf(keyOf(instance), region).length;
    if (activeRegionOf(instance) === region && phase === 'Active' && pods === before.get(service)?.length) return true;
    throw new Error(`${service}: ${phase}, ${pods} pods, held: ${instance.status?.hold?.message}`);
  };
  const areActive = async () => (await Promise.all(services.map(check))).every(Boolean);
  await until(`services to be active in ${region}`, areActive, SLOW_MS);
}

const weightsOf = async (service: string) =>
  (await world.instance(service)).status?.weights?.map(({ weight }) => weight);

async function expectAtHome(): Promise<void> {
  for (const [service, weights] of Object.entries(ACTIVE)) {
    await until(`shares of ${service}`, async () => `${await weightsOf(service)}` === `${weights}`);
    expect(world.observer.regionsOf(keyOf(await world.instance(service)))).toEqual([EAST.name, WEST.name]);
  }
  for (const [service, standby] of Object.entries(BACKUP)) {
    expect([service, world.observer.regionsOf(keyOf(await world.instance(service)))]).toEqual([service, [EAST.name]]);
    const copies = async () => (await world.order(service, WEST.name)).status?.standby;
    if (standby === undefined) expect(await copies()).toBeUndefined();
    else await until(`the copy of ${service}`, async () => (await copies())?.components[0]?.ready === 1);
    if (standby !== undefined) expect((await copies())?.mode).toBe(standby);
  }
}

let before: ReadonlyMap<string, readonly string[]>;

describe('the catalogue of today', () => {
  test('has all 23 services at home', async () => {
    before = await podsIn(EAST.name);
    for (const [service, pods] of before) expect([service, pods.length > 0]).toEqual([service, true]);
  });
});

describe('the next catalogue, applied over it', () => {
  test('stops nothing that ran', async () => {
    await apply(next);
    expect(await podsIn(EAST.name)).toEqual(before);
    await expectAtHome();
  });

  test('shows a part of real-time reporting in the secondary region', async () => {
    const { status } = await world.instance('real-time-reporting');
    expect(status?.placements?.map(({ role }) => role)).toEqual(['Active', 'ActiveLimited']);
  });

  test('goes on in the other region when the primary one is lost', async () => {
    const away = await podsIn(WEST.name);
    await loseRegion(world.regions, world.operator, EAST.name, 'kill');
    await untilActive(MOVING, WEST.name);
    const now = await podsIn(WEST.name);
    for (const service of Object.keys(ACTIVE)) {
      await until(`all traffic of ${service}`, async () => `${await weightsOf(service)}` === '0,100');
      expect([service, now.get(service)]).toEqual([service, away.get(service)]);
    }
    for (const service of Object.keys(BACKUP)) {
      expect((await world.order(service, WEST.name)).status?.standby).toBeUndefined();
    }
    expect((await world.order('designer', WEST.name)).spec.view).toBe('Limited');
    expect((await world.instance('third-party-wfm')).status?.hold?.reason).toBe('ApprovalRequired');
  });

  test('goes home by itself when the region is back', async () => {
    const keys = await Promise.all(MOVING.map(async (name) => keyOf(await world.instance(name))));
    await restoreRegion(world.regions, world.operator, EAST.name, () =>
      until(
        'the region to be fenced',
        async () => keys.every((key) => !world.observer.isStanding(key, EAST.name)),
        SLOW_MS,
      ),
    );
    await untilActive(MOVING, EAST.name);
    await world.settled(SERVICES.length, SLOW_MS);
    await expectAtHome();
  }, 600_000);
});

describe('the catalogue of today, applied again', () => {
  test('stops nothing at home, and leaves nothing elsewhere', async () => {
    const present = await podsIn(EAST.name);
    await apply(today);
    expect(await podsIn(EAST.name)).toEqual(present);
    const left = (today ?? []).filter((manifest) => specOf(manifest).crossRegion.mode === 'None');
    await until('the other region to be left', async () => {
      const pods = await podsIn(WEST.name);
      return left.every(({ metadata }) => pods.get(metadata.name)?.length === 0);
    });
  });
});

test('no service that is active in one region ever ran in two', () => {
  expect(world.observer.overlaps).toEqual([]);
});
