import { setTimeout as sleep } from 'node:timers/promises';
import { RESOURCES } from '../../src/api/resources.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { keyOf } from '../../src/kube/object.ts';
import { loseRegion } from '../operator/operator.ts';
import { HOME, PEER, readMobileCatalogue } from './manifests.ts';
import { PodObserver } from './pod-observer.ts';
import { countByKind, createRequestRecord, findWrites, placeOf, type RecordedRequest } from './recorded-requests.ts';
import { atMost, type BenchOptions, type BenchResult, exactly } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { openTenantWorld } from './tenant-world.ts';
import { poll } from './waiting.ts';
import type { World } from './world.ts';

/** `wait` of the default timings: lease, takeover and stop budget, by the ratio of clock rates. */
const LEASE_BOUND_S = 18;
const LOOK_EVERY_MS = 100;
const LIMIT_MS = 90_000;
const SETTLED_MS = 10_000;

/**
 * The default timers, and all services of the catalogue able to move. A region is killed: how soon is every `Backup`
 * service active and ready in the other one, and the traffic of the `Active` ones led there; and what is written until
 * then, with few and with many tenants.
 */
export async function* runFailover({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const few = await measure(10, log);
  yield few.result;
  if (quick) return;
  const many = await measure(1000, log);
  yield many.result;
  yield {
    name: 'failover writes',
    goals: [
      exactly(
        'failover: objects written on the path, more with 1,000 tenants than with 10',
        many.places - few.places,
        0,
        'objects',
      ),
    ],
    figures: { few: few.byKind, many: many.byKind },
  };
}

interface Measured {
  readonly result: BenchResult;
  /** Objects, or parts of them, that were written between the loss and the last service that was ready. */
  readonly places: number;
  readonly byKind: Readonly<Record<string, number>>;
}

async function measure(tenants: number, log: BenchOptions['log']): Promise<Measured> {
  await using folder = await temporaryFolder();
  const record = createRequestRecord(folder.path);
  const settings = { hubSettings: record.settings, agentSettings: record.settings };
  await using world = await openTenantWorld({ classes: readMobileCatalogue(), tenants, ...settings });
  log(`${tenants} tenants are ready`);
  const services = await findServices(world);
  await using observer = new PodObserver(
    [
      { region: world.regions.region(HOME), client: world.home },
      { region: world.regions.region(PEER), client: world.peer },
    ],
    services.backup,
  );
  await observer.whenSynced();
  await sleep(SETTLED_MS);
  const lostAtMs = Date.now();
  await loseRegion(world.regions, world.operator, HOME);
  const times = await watchFailover(world, observer, { services, lostAtMs });
  const written = findWithin(findWrites(await record.read()), lostAtMs, lostAtMs + times.backupMs);
  const onPath = written.filter(({ path }) => !FOLLOWS.test(path));
  const name = `failover ${tenants}`;
  const byKind = countByKind(onPath);
  return {
    places: new Set(onPath.map(placeOf)).size,
    byKind,
    result: {
      name,
      goals: [
        atMost(`${name}: every Backup service active and ready`, times.backupMs / 1000, LEASE_BOUND_S + 3, 's'),
        atMost(`${name}: traffic of every Active service moved`, times.trafficMs / 1000, 8, 's'),
        exactly(`${name}: time with two active sides`, observer.dualActive.ms, 0, 'ms'),
      ],
      figures: {
        tenants,
        backupServices: services.backup.size,
        activeServices: services.active.size,
        ...times,
        writesOnPath: onPath.length,
        writesThatFollow: written.length - onPath.length,
        byKind,
      },
    },
  };
}

/** What follows behind and nothing waits for: what tenants and events say. */
const FOLLOWS = /\/(tenants|events)(\/|\?|$)/;

const findWithin = (requests: readonly RecordedRequest[], fromMs: number, toMs: number): RecordedRequest[] =>
  requests.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);

/** `namespace/name` of the services, by how they get along with a second region. */
interface Services {
  readonly backup: ReadonlySet<string>;
  readonly active: ReadonlySet<string>;
}

async function findServices({ peer }: World): Promise<Services> {
  const { items } = await peer.list(RESOURCES.regionalService);
  const find = (mode: string) => new Set(items.filter(({ spec }) => spec.mode === mode).map(keyOf));
  return { backup: find('Backup'), active: find('Active') };
}

interface FailoverTimes {
  /** Milliseconds from the loss until every `Backup` service was active and had ready pods in the other region. */
  readonly backupMs: number;
  /** Milliseconds from the loss until no record of an `Active` service sends traffic to the lost region. */
  readonly trafficMs: number;
}

async function watchFailover(
  world: World,
  observer: PodObserver,
  { lostAtMs, services: { active, backup } }: { readonly services: Services; readonly lostAtMs: number },
): Promise<FailoverTimes> {
  const since = (): number => Date.now() - lostAtMs;
  let [backupMs, trafficMs]: (number | undefined)[] = [];
  await poll(
    LIMIT_MS,
    async () => {
      if (trafficMs === undefined && (await hasTrafficMoved(world, active))) trafficMs = since();
      const isReady = backupMs === undefined && observer.countReady(PEER) >= backup.size + active.size;
      if (isReady && (await areActive(world, backup))) backupMs = since();
      return trafficMs !== undefined && backupMs !== undefined;
    },
    LOOK_EVERY_MS,
  );
  return {
    backupMs: backupMs ?? Number.NaN,
    trafficMs: trafficMs ?? Number.NaN,
  };
}

async function areActive(world: World, services: ReadonlySet<string>): Promise<boolean> {
  const { items } = await world.peer.list(RESOURCES.regionalService);
  const active = items.filter(({ spec, status }) => status?.phase === 'Active' && status.epoch === spec.epoch);
  return services.isSubsetOf(new Set(active.map(keyOf)));
}

/** The API server of the hub has accepted records that give the lost region nothing. */
async function hasTrafficMoved(world: World, services: ReadonlySet<string>): Promise<boolean> {
  const { items } = await world.hub.list(DNS_ENDPOINT);
  return items
    .filter((endpoint) => services.has(keyOf(endpoint)))
    .every(({ spec }) =>
      spec.endpoints.every(
        ({ providerSpecific, setIdentifier }) =>
          setIdentifier !== HOME || providerSpecific?.every(({ value }) => Number(value) === 0),
      ),
    );
}
