import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aTransitCentre } from '../../../test/support/objects.ts';
import { transitPolicy } from '../../api/transit-centre.ts';
import { type LinkState, linkState } from '../../api/transit-link.ts';
import { recordedTransit, transitStatus } from '../../report/transit.ts';
import type { Callers } from './callers.ts';
import { lookAtTransit, type PathHistories, type TransitLook } from './look.ts';
import type { Row } from './matrix.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const REGIONS = ['east', 'west', 'north'];
const CENTRES = [
  aTransitCentre('us-1', ['east', 'west'], { calls: 600 }),
  aTransitCentre('us-2', ['west', 'east'], { calls: 500 }),
  aTransitCentre('us-3', ['west', 'north'], { pair: 'south', calls: 400 }),
  aTransitCentre('us-4', ['north', 'east'], { pair: 'south', state: 'Pending' }),
];
const NAMES = CENTRES.map(({ name }) => name);
const CALLERS: readonly Callers[] = [
  { centre: 'us-1', tenants: 3, agents: 300, regions: ['east', 'west'], regionsNow: ['east', 'west'] },
  { centre: 'us-2', tenants: 2, agents: 200, regions: ['west'], regionsNow: ['west'] },
  { centre: 'us-3', tenants: 1, agents: 100, regions: ['north'], regionsNow: ['north'] },
];

type Words = readonly (readonly LinkState[])[];
interface Moment {
  readonly words: Words;
  readonly presence: readonly Row['presence'][];
  readonly seconds: number;
  readonly restarts: boolean;
}

const rowsOf = ({ presence, words }: Pick<Moment, 'words' | 'presence'>): Row[] =>
  REGIONS.map((region, r) => ({
    region,
    presence: presence[r] ?? 'Heard',
    links: new Map(NAMES.map((name, c) => [name, { Voice: words[r]?.[c] ?? 'Unknown' }] as const)),
  }));

const moment: fc.Arbitrary<Moment> = fc.record({
  words: fc.array(fc.array(fc.constantFrom(...linkState.options), { minLength: 4, maxLength: 4 }), {
    minLength: 3,
    maxLength: 3,
  }),
  presence: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('Heard' as const) },
      { weight: 1, arbitrary: fc.constantFrom<Row['presence']>('Silent', 'Lost') },
    ),
    { minLength: 3, maxLength: 3 },
  ),
  seconds: fc.integer({ min: 1, max: 400 }),
  restarts: fc.boolean(),
});
const policies = fc.record({
  acrossPairs: fc.boolean(),
  stableForSeconds: fc.integer({ min: 0, max: 400 }),
  probeIntervalSeconds: fc.integer({ min: 1, max: 30 }),
});

/** A hub that looks, records, and sometimes is another one. */
class World {
  status: ReturnType<typeof transitStatus> | undefined;
  histories: PathHistories = new Map();
  nowMs = 0;
  readonly #policy;

  constructor(policy: Partial<Record<keyof ReturnType<typeof transitPolicy.parse>, unknown>>) {
    this.#policy = transitPolicy.parse(policy);
  }

  look(rows: readonly Row[]): TransitLook {
    return lookAtTransit({
      centres: CENTRES,
      policy: this.#policy,
      rows,
      callers: CALLERS,
      countries: undefined,
      freezes: [],
      hubIsolated: false,
      recorded: recordedTransit(this.status),
      histories: this.histories,
      nowMs: BEGIN + this.nowMs,
      monoMs: this.nowMs,
    });
  }

  record(look: TransitLook): void {
    this.histories = look.histories;
    this.status = transitStatus(look, this.status, BEGIN + this.nowMs);
  }

  servers(): Map<string, string | undefined> {
    return new Map(this.status?.map(({ ingress, name }) => [name, ingress?.servedBy]));
  }
}

const ALL_UP: Words = REGIONS.map(() => NAMES.map(() => 'Up'));
const HEARD: readonly Row['presence'][] = REGIONS.map(() => 'Heard');
const callsOf = (name: string | undefined): number =>
  CALLERS.filter(({ centre }) => centre === name).reduce((sum, { agents }) => sum + agents, 0);

/** Each history begins with a world that is well. */
function live(
  policy: object,
  moments: readonly Moment[],
  check: (before: World['status'], world: World, look: TransitLook) => void,
) {
  const world = new World(policy);
  world.record(world.look(rowsOf({ words: ALL_UP, presence: HEARD })));
  for (const each of moments) {
    world.nowMs += each.seconds * 1000;
    if (each.restarts) world.histories = new Map();
    const before = world.status;
    const look = world.look(rowsOf(each));
    world.record(look);
    check(before, world, look);
  }
}

/** Who serves the callers of each centre exists; who was chosen just now is open, well, and has room for all. */
function checkServers(before: World['status'], world: World, look: TransitLook): void {
  const servers = world.servers();
  expect(servers.get('us-4')).toBeUndefined();
  for (const [name, server] of servers) {
    if (name === 'us-4') continue;
    expect(NAMES).toContain(server);
    if (before?.find((entry) => entry.name === name)?.ingress?.servedBy === server) continue;
    const chosen = look.view.centres.find(({ spec }) => spec.name === server);
    expect(chosen?.spec.state).toBe('Active');
    expect(['Up', 'Degraded', 'Flapping']).toContain(chosen?.voice?.state);
    const guests = [...servers].filter(([guest, by]) => by === server && guest !== server);
    const calls = callsOf(server) + guests.reduce((sum, [guest]) => sum + callsOf(guest), 0);
    if (server !== name) expect(calls).toBeLessThanOrEqual(chosen?.spec.voice?.calls ?? 0);
  }
}

describe('whatever happens', () => {
  const histories = fc.array(moment, { minLength: 1, maxLength: 12 });

  it('somebody with voice serves the callers of each centre, and who is chosen is open, well, and has room for all', () => {
    fc.assert(
      fc.property(policies, histories, (policy, moments) => {
        live(policy, moments, checkServers);
      }),
      { numRuns: 300 },
    );
  });

  it('a second look at the same moment changes nothing', () => {
    fc.assert(
      fc.property(policies, histories, (policy, moments) => {
        live(policy, moments, (_, world) => {
          const told = world.status;
          const last = moments.at(-1);
          if (!last || !told) return;
          const first = world.look(rowsOf(last));
          world.record(first);
          const once = world.status;
          world.record(world.look(rowsOf(last)));
          expect(world.status).toEqual(once);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('nothing moves while nobody says anything, nor in a restart', () => {
    fc.assert(
      fc.property(policies, histories, (policy, moments) => {
        live(policy, moments, (_, world) => {
          const before = world.servers();
          const silent: Words = REGIONS.map(() => NAMES.map(() => 'Unknown'));
          const other = new World(policy);
          other.status = world.status;
          other.nowMs = world.nowMs;
          other.record(other.look(rowsOf({ words: silent, presence: HEARD })));
          expect(other.servers()).toEqual(before);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('a single region never moves callers against the rest', () => {
    const word = fc.array(fc.constantFrom<LinkState>('Down', 'OneWay', 'Partial', 'Up'), {
      minLength: 4,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const moments = words.map((east): Moment => {
          const rest = REGIONS.slice(1).map((): LinkState[] => ['Up', 'Up', 'Up', 'Up']);
          return { words: [east, ...rest], presence: HEARD, seconds: 60, restarts: false };
        });
        live({ acrossPairs: true }, moments, (_, world) => {
          expect(world.servers().get('us-1')).toBe('us-1');
        });
      }),
    );
  });
});

it('callers do not go to and fro with evidence that alternates', () => {
  const periods = fc.integer({ min: 6, max: 60 });
  fc.assert(
    fc.property(periods, fc.boolean(), (periodSeconds, bothAlternate) => {
      const world = new World({ stableForSeconds: 300 });
      let moves = 0;
      for (let second = 0; second < 3600; second += 5, world.nowMs += 5000) {
        const isOdd = Math.floor(second / periodSeconds) % 2 === 1;
        const words = REGIONS.map((): LinkState[] => [
          isOdd ? 'Down' : 'Up',
          bothAlternate && !isOdd && second > 0 ? 'Down' : 'Up',
          'Up',
          'Up',
        ]);
        const before = world.servers().get('us-1');
        world.record(world.look(rowsOf({ words, presence: HEARD })));
        if (before !== undefined && before !== world.servers().get('us-1')) moves += 1;
      }
      // Until the changes are too many it follows them; then at most once in each stable time, which grows.
      expect(moves).toBeLessThanOrEqual(bothAlternate ? 6 + 3600 / 300 : 2);
    }),
    { numRuns: 5 },
  );
});

describe('a way in', () => {
  const DOWN: Words = REGIONS.map(() => ['Down', 'Up', 'Up', 'Up']);
  it('is lost only when everybody has said so for a probe interval', () => {
    const world = new World({ probeIntervalSeconds: 10 });
    world.record(world.look(rowsOf({ words: ALL_UP, presence: HEARD })));
    const states = [0, 5, 5].map((seconds) => {
      world.nowMs += seconds * 1000;
      world.record(world.look(rowsOf({ words: DOWN, presence: HEARD })));
      return world.status?.[0]?.voice?.state;
    });
    expect(states).toEqual(['Up', 'Up', 'Lost']);
  });

  it('that was never seen up is not taken for lost: its probes may be wrong', () => {
    const world = new World({});
    for (let i = 0; i < 10; i++, world.nowMs += 5000)
      world.record(world.look(rowsOf({ words: DOWN, presence: HEARD })));
    expect(world.status?.[0]).toMatchObject({
      voice: {
        state: 'Unknown',
        message: 'not reached from east, west, north; it was never seen up: check its probes',
      },
      ingress: { servedBy: 'us-1' },
    });
  });

  it('that was told lost stays so over a restart, without a moment as something else', () => {
    const world = new World({});
    world.record(world.look(rowsOf({ words: ALL_UP, presence: HEARD })));
    for (let i = 0; i < 3; i++, world.nowMs += 5000) world.record(world.look(rowsOf({ words: DOWN, presence: HEARD })));
    const before = world.status;
    world.histories = new Map();
    world.record(world.look(rowsOf({ words: DOWN, presence: HEARD })));
    expect(world.status).toEqual(before);
    expect(before?.[0]).toMatchObject({ voice: { state: 'Lost' }, ingress: { servedBy: 'us-2', losses: 1 } });
  });
});
