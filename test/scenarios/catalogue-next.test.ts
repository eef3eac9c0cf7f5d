import { beforeAll, describe, expect, it } from 'vitest';
import { readCatalogue } from '../../hack/gen/catalogue.ts';
import { LABELS } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import { DNS_ENDPOINT } from '../../src/hub/traffic.ts';
import { POD, SERVICE } from '../../src/kube/kinds.ts';
import { keyOf } from '../../src/kube/object.ts';
import { HUB } from '../simulation/catalogue.ts';
import { AWAY, CatalogueWorld, HOME, type Sight } from '../simulation/catalogue-next.ts';

/**
 * Each row of the platform's second table through the loss of the primary region and the way home, with the real loops on
 * the fake API; and a group that moves from one catalogue to the other, and back.
 */

const SETTLED_MS = 40_000;
const LOST_MS = 110_000;
const HOME_AGAIN_MS = 220_000;
/** The region is cut off at `SETTLED_MS`; nobody is promoted elsewhere before its rights have ended. */
const RIGHTS_END_MS = 7_000;
/** Until a region that serves no more gets no share of the traffic: the failure threshold, and a look. */
const NOTICED_MS = 15_000;

interface Moment {
  readonly instance: ServiceInstance;
  readonly home: Sight;
  readonly away: Sight;
  /** Names that clients and readers use, with their targets. */
  readonly names: readonly string[];
  /** What pods in the secondary region are told to show. */
  readonly view: string | undefined;
  /** Whether readers reach a copy there. */
  readonly servesReads: boolean;
}

const services = readCatalogue('next').map(({ metadata }) => metadata.name);

/** Every way between the region of home and the others. */
function cutHome({ world }: CatalogueWorld, isCut: boolean): void {
  for (const site of [HUB, AWAY, 'north'])
    for (const [from, to] of [
      [HOME, site],
      [site, HOME],
    ] as const) {
      if (isCut) world.network.cut(from, to);
      else world.network.heal(from, to);
    }
}

const isStringMap = (value: unknown): value is { name?: string; value?: string } =>
  typeof value === 'object' && value !== null;

function viewIn({ world }: CatalogueWorld, instance: ServiceInstance): string | undefined {
  const pods = world.kind(AWAY, POD).list();
  const told = pods
    .filter(({ metadata }) => metadata.labels?.[LABELS.service] === instance.metadata.name)
    .flatMap(({ spec }) => (spec?.containers ?? []) as readonly { env?: readonly unknown[] }[])
    .flatMap(({ env = [] }) => env.filter(isStringMap))
    .find(({ name }) => name === 'SWITCHBACK_VIEW');
  return told?.value;
}

function momentOf(of: CatalogueWorld, service: string): Moment {
  const instance = of.instance(service);
  const endpoint = of.world.kind(HUB, DNS_ENDPOINT).get(keyOf(instance));
  const readers = of.world.kind(AWAY, SERVICE).list();
  return {
    instance,
    home: of.sight(service, HOME),
    away: of.sight(service, AWAY),
    names: (endpoint?.spec.endpoints ?? []).map(({ dnsName, providerSpecific, targets }) => {
      const weight = providerSpecific?.[0]?.value;
      return `${dnsName} ${targets.join()}${weight === undefined ? '' : ` ${weight}`}`;
    }),
    view: viewIn(of, instance),
    servesReads: readers.some(
      ({ metadata }) => metadata.name.endsWith('-ro') && metadata.labels?.[LABELS.standbyOf] === instance.metadata.name,
    ),
  };
}

const momentsOf = (of: CatalogueWorld): ReadonlyMap<string, Moment> =>
  new Map(services.map((service) => [service, momentOf(of, service)]));

const weightsOf = ({ instance }: Moment) => instance.status?.weights?.map(({ weight }) => weight);
const roleOf = ({ instance }: Moment) => instance.status?.placements?.find(({ region }) => region === AWAY)?.role;
const activeIn = ({ instance }: Moment) => instance.status?.assignment?.activeRegion;

describe('the next catalogue', () => {
  const of = new CatalogueWorld(1, 'next');
  const at = {
    settled: new Map<string, Moment>(),
    noticed: new Map<string, Moment>(),
    lost: new Map<string, Moment>(),
    back: new Map<string, Moment>(),
  };
  const moments = (service: string): Readonly<Record<keyof typeof at, Moment>> => {
    const [settled, noticed] = [at.settled.get(service), at.noticed.get(service)];
    const [lost, back] = [at.lost.get(service), at.back.get(service)];
    if (!settled || !noticed || !lost || !back) throw new Error(`nothing was seen of ${service}`);
    return { settled, noticed, lost, back };
  };

  beforeAll(async () => {
    await of.world.time.run(SETTLED_MS);
    at.settled = new Map(momentsOf(of));
    cutHome(of, true);
    await of.world.time.run(SETTLED_MS + NOTICED_MS);
    at.noticed = new Map(momentsOf(of));
    await of.world.time.run(LOST_MS);
    at.lost = new Map(momentsOf(of));
    cutHome(of, false);
    await of.world.time.run(HOME_AGAIN_MS);
    at.back = new Map(momentsOf(of));
  }, 120_000);

  it('has one instance of each service, and all are Ready at home', () => {
    for (const service of services) {
      const { back, settled } = moments(service);
      for (const { instance } of [settled, back]) {
        expect(activeIn(settled)).toBe(HOME);
        const ready = instance.status?.conditions?.find(({ type }) => type === 'Ready');
        expect([service, ready?.status]).toEqual([service, 'True']);
      }
    }
  });

  const ACTIVE = [
    ['real-time-reporting', [50, 50], 'ActiveLimited', 'Limited'],
    ['digital-routing', [50, 50], 'Active', undefined],
    ['webrtc', [50, 50], 'Active', undefined],
    ['co-browse', [50, 50], 'Active', undefined],
    ['callback-web', [100, 0], 'Active', undefined],
    ['callback-queue', [100, 0], 'Active', undefined],
    ['outbound', [100, 0], 'Active', undefined],
  ] as const;

  it.each(ACTIVE)('%s is active in both regions, with shares %j', (service, weights, role, view) => {
    for (const moment of [moments(service).settled, moments(service).back]) {
      expect(weightsOf(moment)).toEqual(weights);
      expect([roleOf(moment), moment.view]).toEqual([role, view]);
      expect(moment.home.writers).toBe(moment.away.writers);
    }
  });

  it.each(ACTIVE)('%s is never interrupted where it goes on, and gets all of the traffic there', (service) => {
    const { lost, noticed, settled } = moments(service);
    expect(of.least(service, AWAY, 'writer', [SETTLED_MS, HOME_AGAIN_MS])).toBe(settled.away.writers);
    expect(settled.away.writers).toBeGreaterThan(0);
    expect([weightsOf(noticed), weightsOf(lost)]).toEqual([
      [0, 100],
      [0, 100],
    ]);
  });

  const BACKUP = [
    ['workforce-management', 'Cold', 0, undefined],
    ['historical-reporting', 'Cold', 0, undefined],
    ['designer', 'Warm', 1, 'Limited'],
    ['agent-setup', 'ReadOnly', 1, undefined],
  ] as const;

  it.each(BACKUP)('%s stands by %s: nothing that writes, and %i copies', (service, standby, copies) => {
    for (const moment of [moments(service).settled, moments(service).back]) {
      expect([activeIn(moment), roleOf(moment)]).toEqual([HOME, 'Standby']);
      expect(moment.away).toEqual({ writers: 0, copies });
      expect(moment.home.copies).toBe(0);
      expect(moment.servesReads).toBe(standby === 'ReadOnly');
      expect(moment.names.some((name) => name.includes('.ro.'))).toBe(standby === 'ReadOnly');
    }
  });

  it.each(BACKUP)(
    '%s takes over by itself, writes nothing before, and goes home by itself',
    (service, _, copies, view) => {
      const { back, lost, settled } = moments(service);
      expect([activeIn(lost), lost.view]).toEqual([AWAY, view]);
      expect(lost.away).toEqual({ writers: settled.home.writers, copies: 0 });
      expect(lost.names.filter((name) => name.includes(`.${HOME}.`))).toEqual([]);
      const promotedMs = of.firstAfter(service, AWAY, 'writer', SETTLED_MS) ?? 0;
      expect(promotedMs).toBeGreaterThan(SETTLED_MS + RIGHTS_END_MS);
      // What has served reads or stood by warm goes on until the active side is there.
      expect(of.least(service, AWAY, 'copy', [SETTLED_MS, promotedMs])).toBe(copies);
      expect([activeIn(back), back.home.writers]).toEqual([HOME, settled.home.writers]);
      expect(back.instance.status?.assignment?.reason).toBe('SwitchedBack');
    },
  );

  it('never runs anything that writes in two regions, of what is active in one', () => {
    for (const [service] of BACKUP) {
      const counts = { [HOME]: 0, [AWAY]: 0 };
      for (const deed of of.deeds) {
        if (deed.service !== service || deed.kind !== 'writer') continue;
        Object.assign(counts, { [deed.region]: deed.count });
        expect([service, deed.atMs, Math.min(counts[HOME], counts[AWAY])]).toEqual([service, deed.atMs, 0]);
      }
    }
  });

  it('serves reads of agent-setup where it stands by, and where it is active while no copy is ready', () => {
    const { lost, settled } = moments('agent-setup');
    const { name } = settled.instance.metadata;
    const reader = `${name}.ro.contact.example`;
    expect(settled.names).toContain(`${reader} ${name}.${AWAY}.ro.contact.example 100`);
    expect(lost.names).toContain(`${reader} ${name}.${AWAY}.regions.contact.example 100`);
  });

  it('leaves the other services as today: what has one region goes on there only', () => {
    for (const service of ['platform-administration', 'iwd', 'bots', 'data-download', 'interaction-analytics']) {
      const { lost } = moments(service);
      expect([service, lost.away, lost.instance.spec.secondaryRegions]).toEqual([
        service,
        { writers: 0, copies: 0 },
        [],
      ]);
    }
  });
});

describe('a group that moves from one catalogue to the other, and back', () => {
  const of = new CatalogueWorld(2, 'today');
  const story: string[] = [];
  const told = (what: string): void => {
    story.push(`# ${what}`, '');
    for (const service of services) {
      const { away, home, instance, names } = momentOf(of, service);
      const mode = instance.status?.assignment?.mode;
      const shares = instance.status?.weights?.map(({ region, weight }) => `${region} ${weight}`).join(', ');
      const runs = `${HOME} ${home.writers}, ${AWAY} ${away.writers}${away.copies > 0 ? ` and ${away.copies} that write nothing` : ''}`;
      const reads = names.some((name) => name.includes('.ro.')) ? ', readers have a name' : '';
      story.push(
        `${instance.metadata.name}: ${mode}; runs in ${runs}${shares ? `; traffic to ${shares}` : ''}${reads}`,
      );
    }
    story.push('');
  };
  let before: ReadonlyMap<string, Moment>;
  let there: ReadonlyMap<string, Moment>;
  let back: ReadonlyMap<string, Moment>;

  beforeAll(async () => {
    await of.world.time.run(SETTLED_MS);
    before = momentsOf(of);
    told('as today');
    of.apply('next');
    await of.world.time.run(SETTLED_MS + 60_000);
    there = momentsOf(of);
    told('the next catalogue is applied');
    of.apply('today');
    await of.world.time.run(SETTLED_MS + 140_000);
    back = momentsOf(of);
    told('that of today is applied again');
  }, 120_000);

  it('as it is told', async () => {
    await expect(`${story.join('\n').trimEnd()}\n`).toMatchFileSnapshot('catalogues/move.txt');
  });

  it.each(services)('%s goes on all the time in its region, in the same pods and under the same name', (service) => {
    const [first, second, third] = [before.get(service), there.get(service), back.get(service)];
    expect(first?.home.writers).toBeGreaterThan(0);
    expect(second?.instance.metadata.name).toBe(first?.instance.metadata.name);
    expect(third?.instance.metadata.name).toBe(first?.instance.metadata.name);
    expect(third?.instance.spec).toEqual(first?.instance.spec);
    const deeds = of.deeds.filter((deed) => deed.service === service && deed.region === HOME && deed.atMs > SETTLED_MS);
    expect(deeds).toEqual([]);
  });

  it('has the modes that the catalogue says, each time', () => {
    const wanted = (name: 'today' | 'next') =>
      readCatalogue(name).map(({ metadata, spec }) => [metadata.name, spec.crossRegion.mode]);
    const modes = (moments: ReadonlyMap<string, Moment>) =>
      [...moments].map(([name, { instance }]) => [name, instance.status?.assignment?.mode]);
    expect(modes(before)).toEqual(wanted('today'));
    expect(modes(there)).toEqual(wanted('next'));
    expect(modes(back)).toEqual(wanted('today'));
  });

  it('leaves nothing behind in the other region', () => {
    for (const [service, { away }] of back) expect([service, away]).toEqual([service, before.get(service)?.away]);
    const orders = of.world.kind(AWAY, RESOURCES.regionalService).list();
    expect(orders.map(({ spec }) => spec.mode).filter((mode) => mode === 'None')).toEqual([]);
  });
});
