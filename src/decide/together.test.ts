import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment, aSwitch } from '../../test/support/objects.ts';
import type { Assignment } from '../api/service-instance.ts';
import { nextAssignment, type RegionEpochs } from './assignment.ts';
import { decideInstance } from './failover.ts';
import type { InstanceDecision } from './instance-view.ts';
import { readStanding, restraintsOn } from './manual-switch.ts';
import { decideSet } from './manual-together.ts';
import { decideTogether, type Member, setsOf } from './together.ts';

/** Regions confirm at once; the active one has been granted its epoch. */
const SETTLED = { standbyEpoch: 99, grantedEpoch: 99 };
const member = (key: string, change: ViewChange = {}): Member => ({ key, view: anInstanceView(change, SETTLED) });
const by = (decisions: ReadonlyMap<string, InstanceDecision>): Record<string, string> =>
  Object.fromEntries(
    [...decisions].map(([key, decision]) => {
      if (decision.kind === 'Assign') return [key, `${decision.intent.reason} ${decision.intent.activeRegion}`];
      return [key, decision.kind === 'Hold' ? `${decision.wanted} held by ${decision.reason}` : decision.kind];
    }),
  );
const decide = (...members: Member[]) => by(decideTogether(members, ({ view }) => decideInstance(view)));

const LOST = { regions: { east: { state: 'Lost' } } } as const;
const at = (...entries: string[]): Assignment => anAssignment(...entries);
const since = (assignment: Assignment, seconds: number): Assignment => ({
  ...assignment,
  since: `2026-01-01T00:00:${String(seconds).padStart(2, '0')}Z`,
});

describe('services that must live in one region', () => {
  it('stay while nothing asks them to move', () => {
    expect(decide(member('a'), member('b'))).toEqual({ a: 'Keep', b: 'Keep' });
  });

  it('leave a lost region together', () => {
    expect(decide(member('a', LOST), member('b', LOST))).toEqual({ a: 'FailedOver west', b: 'FailedOver west' });
  });

  it.each<[string, ViewChange, string]>([
    ['a guard', { ...LOST, policy: { promotion: 'Approval' } }, 'FailedOver held by ApprovalRequired'],
    [
      'its cool-down',
      { ...LOST, assignment: { ...at('1 east>west,north'), reason: 'FailedOver' }, assignedForMs: 1000 },
      'FailedOver held by CoolingDown',
    ],
    [
      'want of another region',
      { ...LOST, secondaries: [], assignment: at('1 east>') },
      'FailedOver held by NoSuccessor',
    ],
    ['its mode', { ...LOST, mode: 'None', assignment: at('1 east>') }, 'Keep'],
  ])('are held when one of them is held by %s', (_, change, expected) => {
    expect(decide(member('a', LOST), member('b', change))).toEqual({
      a: 'FailedOver held by ColocatedHeld',
      b: expected,
    });
  });

  it('say which one holds them and why, in words that count no seconds, and until when where that is known', () => {
    const cooling = { assignment: { ...at('1 east>west,north'), reason: 'FailedOver' as const }, assignedForMs: 1000 };
    const messageOf = (change: ViewChange): unknown => {
      const members = [member('a', LOST), member('b', { ...LOST, ...change })];
      const decision = decideTogether(members, ({ view }) => decideInstance(view)).get('a');
      return decision?.kind === 'Hold' && [decision.message, decision.recheckAfterMs ?? decision.endsWhen];
    };
    expect(messageOf(cooling)).toEqual([
      'a moves only together with b, which is held: CoolingDown (the last failover was less than 60 s ago, the cool-down of the group)',
      59_000,
    ]);
    expect(messageOf({ policy: { promotion: 'Approval' } })).toEqual([
      'a moves only together with b, which is held: ApprovalRequired (crossRegion.promotion of the service class is Approval)',
      'all that must live in one region may go to the same one',
    ]);
  });

  it('go to a region that takes all of them, not to the first choice of each', () => {
    const noWest = { ...LOST, secondaries: ['north'], assignment: at('1 east>north') };
    expect(decide(member('a', LOST), member('b', noWest))).toEqual({ a: 'FailedOver north', b: 'FailedOver north' });
  });

  it('stay where no region takes all of them', () => {
    const onlyWest = { ...LOST, secondaries: ['west'], assignment: at('1 east>west') };
    const onlyNorth = { ...LOST, secondaries: ['north'], assignment: at('1 east>north') };
    const decisions = decide(member('a', onlyWest), member('b', onlyNorth));
    expect(Object.values(decisions)).toEqual(['FailedOver held by ColocatedHeld', 'FailedOver held by ColocatedHeld']);
  });

  it('go home together, when the last of them may', () => {
    const away = { assignment: at('1 east>west,north', '2 west>east,north') };
    const unready = { ...away, regions: { east: { standbyEpoch: 1 } } };
    expect(decide(member('a', away), member('b', away))).toEqual({ a: 'SwitchedBack east', b: 'SwitchedBack east' });
    expect(decide(member('a', away), member('b', unready))).toEqual({
      a: 'SwitchedBack held by ColocatedHeld',
      b: 'SwitchedBack held by StandbyNotConfirmed',
    });
  });

  it('are not tied by one that was never assigned', () => {
    expect(decide(member('a', LOST), member('b', { ...LOST, assignment: undefined }))).toMatchObject({
      a: 'FailedOver west',
    });
  });
});

describe('a set that was torn', () => {
  const moved = since(at('1 east>west,north', '2 west>east,north'), 5);

  it.each<[string, ViewChange, ViewChange, string, string]>([
    ['follows the one that moved last', {}, { assignment: moved }, 'Moved west', 'SwitchedBack held by NotStableYet'],
    [
      'follows by a failover where its own region is lost',
      {},
      { assignment: moved },
      'FailedOver west',
      'SwitchedBack held by TargetUnhealthy',
    ],
    ['lets those who are due go home to the rest', {}, { assignment: moved }, 'Keep', 'SwitchedBack east'],
  ])('%s', (name, first, second, a, b) => {
    const state = name.includes('lost') ? 'Lost' : 'Healthy';
    const regions = { east: { state, healthyForMs: name.includes('due') ? 3_600_000 : 1000 } } as const;
    expect(decide(member('a', { ...first, regions }), member('b', { ...second, regions }))).toEqual({ a, b });
  });

  it('keeps those where they are that the rest is following', () => {
    const north = since(at('1 east>west,north', '2 north>east,west'), 3);
    const unready = { regions: { east: { standbyEpoch: 1 } } };
    expect(decide(member('a', { ...unready, assignment: north }), member('b', { assignment: moved }))).toEqual({
      a: 'Moved west',
      b: 'SwitchedBack held by ColocatedHeld',
    });
  });

  it('does not gather in a region that is lost, or that a person wants empty', () => {
    const north = since(at('1 east>west,north', '2 north>east,west'), 9);
    const lost = { regions: { north: { state: 'Lost' }, east: { healthyForMs: 1000 } } } as const;
    expect(decide(member('a', lost), member('b', { ...lost, assignment: north }))).toMatchObject({
      a: 'Keep',
      b: 'FailedOver east',
    });
    const keeper = { name: 'empty', region: 'west', until: undefined };
    const restraints = { freezes: [], keptEmpty: [keeper] };
    const young = { restraints, regions: { east: { healthyForMs: 1000 } } };
    expect(decide(member('a', young), member('b', { ...young, assignment: moved }))).toMatchObject({
      a: 'Keep',
      b: 'Moved east',
    });
  });

  it('follows nobody while a person has frozen what moves by itself', () => {
    const freeze = { name: 'calm', region: undefined, until: '2027-01-01T00:00:00Z' };
    const frozen = { restraints: { freezes: [freeze], keptEmpty: [] } };
    expect(decide(member('a', frozen), member('b', { ...frozen, assignment: moved }))).toMatchObject({
      a: 'Moved held by Frozen',
    });
  });
});

describe('a switch that a person asks for', () => {
  const NOW = Date.parse('2026-01-02T00:00:00Z');
  const plan = (more: Readonly<Record<string, unknown>>, ...members: Member[]) => {
    const standing = readStanding([aSwitch('s', more)], 'americas', NOW);
    const restrained = members.map(({ key, view }) => ({
      key,
      view: { ...view, restraints: restraintsOn(standing, key) },
    }));
    const decided = decideSet(restrained, standing.requests);
    return {
      decisions: by(new Map([...decided].map(([key, { decision }]) => [key, decision]))),
      answers: Object.fromEntries([...decided].map(([key, { answers }]) => [key, answers.get('s')?.kind])),
    };
  };

  it('moves a set as one, and the plan says so', () => {
    expect(plan({}, member('a'), member('b'))).toEqual({
      decisions: { a: 'Evacuated west', b: 'Evacuated west' },
      answers: { a: 'Assign', b: 'Assign' },
    });
  });

  it('moves none of a set of which it names only one', () => {
    const { answers, decisions } = plan({ services: ['ns/a'] }, member('ns/a'), member('ns/b'));
    expect(decisions).toEqual({ 'ns/a': 'Evacuated held by ColocatedHeld', 'ns/b': 'Keep' });
    expect(answers).toEqual({ 'ns/a': 'Hold', 'ns/b': undefined });
  });

  it('takes the rest after the first of them when it was cut short, by its own move', () => {
    const moved = since(at('1 east>west,north', '2 west>east,north'), 5);
    expect(plan({}, member('a'), member('b', { assignment: moved })).decisions).toMatchObject({ a: 'Evacuated west' });
  });
});

describe('sets', () => {
  it('are those that are tied to each other by way of others too', () => {
    const tied = [
      { key: 'a', with: ['b'] },
      { key: 'c', with: ['b', 'd'] },
      { key: 'x', with: ['y'] },
      { key: 'z', with: [] },
      { key: 'q', with: ['q'] },
    ];
    expect(setsOf(tied)).toEqual([
      ['a', 'b', 'c', 'd'],
      ['x', 'y'],
    ]);
  });
});

/** Services on regions whose agents do at once what they are told; intents may be lost, as those of a hub that dies. */
class Model {
  readonly #assignments = new Map<string, Assignment>();
  readonly #standby = new Map<string, number>();
  readonly #granted = new Map<string, number>();
  readonly #keys: readonly string[];
  readonly healthySince = new Map<string, number>();
  nowMs = Date.parse('2026-01-01T00:00:00Z');

  constructor(keys: readonly string[]) {
    this.#keys = keys;
    for (const region of ['east', 'west', 'north']) this.healthySince.set(region, 0);
    for (const key of keys) this.#assignments.set(key, at('1 east>west,north'));
    this.#obey();
  }

  regions = (): string[] => [...new Set([...this.#assignments.values()].map(({ activeRegion }) => activeRegion))];

  #epochs(key: string, region: string): RegionEpochs {
    const at = `${key}/${region}`;
    return { standbyEpoch: this.#standby.get(at) ?? 0, grantedEpoch: this.#granted.get(at) ?? 0 };
  }

  #obey(): void {
    for (const [key, { activeRegion, epoch }] of this.#assignments) {
      for (const region of this.healthySince.keys())
        (region === activeRegion ? this.#granted : this.#standby).set(`${key}/${region}`, epoch);
    }
  }

  #member(key: string): Member {
    const assignment = this.#assignments.get(key);
    const regions = Object.fromEntries(
      ['east', 'west', 'north'].map((region) => {
        const since = this.healthySince.get(region);
        const state = since === undefined ? ('Lost' as const) : ('Healthy' as const);
        return [region, { state, healthyForMs: this.nowMs - (since ?? this.nowMs), ...this.#epochs(key, region) }];
      }),
    );
    const assignedForMs = assignment ? this.nowMs - Date.parse(assignment.since) : 0;
    return member(key, { ...(assignment && { assignment }), assignedForMs, regions });
  }

  /** One pass of which only some intents are recorded. @returns how many moves were recorded */
  pass(isRecorded: (index: number) => boolean): number {
    const decisions = decideTogether(
      this.#keys.map((key) => this.#member(key)),
      ({ view }) => decideInstance(view),
    );
    let moves = 0;
    for (const [index, key] of this.#keys.entries()) {
      const decision = decisions.get(key);
      const current = this.#assignments.get(key);
      if (decision?.kind !== 'Assign' || !isRecorded(index)) continue;
      const now = `${new Date(this.nowMs).toISOString().slice(0, 19)}Z`;
      const next = nextAssignment(current, decision.intent, (region) => this.#epochs(key, region), now);
      if (!next) continue;
      this.#assignments.set(key, next);
      if (next.activeRegion !== current?.activeRegion) moves += 1;
    }
    this.#obey();
    return moves;
  }
}

interface Step {
  readonly lost: readonly string[];
  readonly recorded: readonly boolean[];
  readonly seconds: number;
}
const REGIONS = ['east', 'west', 'north'];
const steps = fc.array(
  fc.record({
    lost: fc.subarray(REGIONS, { maxLength: 2 }),
    recorded: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    seconds: fc.constantFrom(1, 20, 61, 400),
  }),
  { maxLength: 12 },
);

/** Regions are lost and come back, intents are recorded or not; in the end all regions are well. */
function endure(model: Model, history: readonly Step[]): void {
  const setLost = (lost: readonly string[]): void => {
    for (const region of REGIONS) {
      if (lost.includes(region)) model.healthySince.delete(region);
      else model.healthySince.set(region, model.healthySince.get(region) ?? model.nowMs);
    }
  };
  for (const { lost, recorded, seconds } of history) {
    setLost(lost);
    model.pass((index) => recorded[index] === true);
    model.nowMs += seconds * 1000;
  }
  setLost([]);
}

/** @returns how many moves there were */
function rest(model: Model, passes: number, seconds: number): number {
  let moves = 0;
  for (let pass = 0; pass < passes; pass++) {
    moves += model.pass(() => true);
    model.nowMs += seconds * 1000;
  }
  return moves;
}

describe('whatever happens', () => {
  it('a set ends in one region, at home, without moving to and fro', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 3 }), (history, size) => {
        const model = new Model(['a', 'b', 'c'].slice(0, size));
        endure(model, history);
        // To the rest once, and home once: within the longest stable time that damping makes.
        expect(rest(model, 50, 100)).toBeLessThanOrEqual(2 * size);
        expect(model.regions()).toEqual(['east']);
        expect(rest(model, 1, 1)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('a set is in one region soon after the last fault, long before anything may go home', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const model = new Model(['a', 'b', 'c']);
        endure(model, history);
        rest(model, 4, 10);
        expect(model.regions()).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});
