import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import type { RegionState } from './diagnosis.ts';
import type { InstanceDecision, InstanceView } from './instance-view.ts';
import { afterDecision, type Ledger, turnsOf } from './ledger.ts';
import type { SwitchRequest } from './manual-switch.ts';
import { decideSet } from './manual-together.ts';
import { computeFates, type Outcome, type ServiceAtStake } from './region-loss.ts';
import { type Place, roomOf } from './room.ts';

interface Given {
  readonly key: string;
  readonly slaClass: number;
  readonly view: InstanceView;
}
type Sets = readonly (readonly string[])[];
type Limits = Readonly<Record<string, number>>;

/** Everything that is asked of regions, and that they give. */
const SETTLED = { standbyEpoch: 99, grantedEpoch: 99 };
const takes = (instances: number): Place => ({ ok: true, instances });

function given(key: string, slaClass: number, instances: number, change: ViewChange = {}): Given {
  return { key, slaClass, view: anInstanceView(change, { ...SETTLED, place: takes(instances) }) };
}

const capacitiesOf = (limits: Limits) =>
  ['east', 'west', 'north'].map((region) => {
    const capacity = limits[region];
    const limit = capacity === undefined ? {} : { capacity };
    return { region, planned: 0, reserved: 0, fits: true, message: '', ...limit };
  });

/** One pass, as the placement loop has it. */
function act(services: readonly Given[], sets: Sets, ledger: Ledger, requests: readonly SwitchRequest[] = []) {
  let left = ledger;
  const dryRuns = requests.filter(({ isDryRun }) => isDryRun);
  const trials = new Map(dryRuns.map(({ name }) => [name, ledger] as const));
  const decisions = new Map<string, InstanceDecision>();
  const answers = new Map<string, string>();
  for (const turn of turnsOf(services, sets)) {
    const members = turn.map(({ key, view }) => ({ key, view: { ...view, ...left } }));
    const decided = decideSet(members, requests, trials);
    for (const { key, view } of members) {
      const { answers: ofKey, decision } = decided.get(key) ?? { answers: new Map(), decision: { kind: 'Keep' } };
      decisions.set(key, decision);
      left = afterDecision(left, view, decision);
      for (const [name, trial] of trials) {
        const answer = ofKey.get(name);
        if (!answer) continue;
        trials.set(name, afterDecision(trial, view, answer));
        answers.set(key, answer.kind === 'Assign' ? answer.intent.activeRegion : `${answer.kind} ${answer.reason}`);
      }
    }
  }
  return { decisions, answers, ledger: left };
}

const told = (decision: InstanceDecision | undefined): string => {
  if (decision?.kind === 'Assign') return `to ${decision.intent.activeRegion}`;
  return decision?.kind === 'Hold' ? `held by ${decision.reason}` : (decision?.kind ?? 'nothing');
};
const toldOf = ({ fate }: Outcome): string => {
  if (fate?.kind === 'Moves') return `to ${fate.to}`;
  return fate?.kind === 'Stops' ? `held by ${fate.reason}` : 'nothing';
};
const asRecord = <T>(entries: Iterable<readonly [string, T]>, tell: (value: T) => string): Record<string, string> =>
  Object.fromEntries([...entries].map(([key, value]) => [key, tell(value)]));

const lost = (view: InstanceView, states: Readonly<Record<string, RegionState>> = {}): InstanceView => ({
  ...view,
  regions: new Map(
    [...view.regions].map(([name, seen]) => [
      name,
      { ...seen, state: name === 'east' ? 'Lost' : (states[name] ?? seen.state) },
    ]),
  ),
});

/** What is done when east is lost, and what was said of it before. */
function both(services: readonly Given[], sets: Sets, limits: Limits) {
  const after = services.map((each) => ({ ...each, view: lost(each.view) }));
  const done = act(after, sets, { room: roomOf(capacitiesOf(limits)), returning: 0 });
  const atStake = services.map(
    ({ key, slaClass, view }): ServiceAtStake => ({
      key,
      serviceClass: key,
      slaClass,
      view,
      plan: { ok: true, mode: view.mode, regions: [], refusals: [] },
      servedIn: [],
    }),
  );
  const states = new Map(['east', 'west', 'north'].map((region) => [region, 'Healthy' as const]));
  const around = { regions: [...states.keys()], states, assigned: [], capacities: capacitiesOf(limits) };
  const fates = computeFates('east', atStake, sets, around);
  return {
    acted: asRecord(done.decisions, told),
    forecast: asRecord(
      fates.map((outcome) => [outcome.service.key, outcome] as const),
      toldOf,
    ),
    ledger: done.ledger,
  };
}

const WEST = { secondaries: ['west'], assignment: anAssignment('1 east>west') } as const;

describe('a set of which one member has no room', () => {
  const set = [given('ns/a', 1, 4, WEST), given('ns/b', 2, 4, WEST)];
  const single = given('ns/c', 3, 6, WEST);
  const sets = [['ns/a', 'ns/b']];

  it('is held as a whole, and takes no room from a less important service; so it is foreseen', () => {
    const { acted, forecast, ledger } = both([...set, single], sets, { west: 6 });
    expect(acted).toEqual({
      'ns/a': 'held by ColocatedHeld',
      'ns/b': 'held by CapacityExceeded',
      'ns/c': 'to west',
    });
    expect(forecast).toEqual(acted);
    expect(ledger.room.get('west')?.planned).toBe(6);
  });

  it('would otherwise have taken it: alone, the more important one goes', () => {
    const { acted, forecast } = both([...set, single], [], { west: 6 });
    expect(acted).toEqual({
      'ns/a': 'to west',
      'ns/b': 'held by CapacityExceeded',
      'ns/c': 'held by CapacityExceeded',
    });
    expect(forecast).toEqual(acted);
  });

  it('comes before a less important service where there is room for all of it', () => {
    const { acted, forecast, ledger } = both([...set, single], sets, { west: 8 });
    expect(acted).toEqual({ 'ns/a': 'to west', 'ns/b': 'to west', 'ns/c': 'held by CapacityExceeded' });
    expect(forecast).toEqual(acted);
    expect(ledger.room.get('west')?.planned).toBe(8);
  });

  it('goes to the region that has room for all of it, though the first choice has room for each', () => {
    const anywhere = [given('ns/a', 1, 4), given('ns/b', 2, 4)];
    const { acted, forecast } = both(anywhere, sets, { west: 6, north: 8 });
    expect(acted).toEqual({ 'ns/a': 'to north', 'ns/b': 'to north' });
    expect(forecast).toEqual(acted);
  });

  it('fills no region beyond its capacity where another one has room for all of it', () => {
    const policy = { whenFull: 'Overcommit' } as const;
    const anywhere = [given('ns/a', 1, 4, { policy }), given('ns/b', 2, 4, { policy })];
    expect(both(anywhere, sets, { west: 6, north: 8 }).acted).toEqual({ 'ns/a': 'to north', 'ns/b': 'to north' });
    expect(both(anywhere, sets, { west: 6, north: 6 }).acted).toEqual({ 'ns/a': 'to west', 'ns/b': 'to west' });
  });

  it('takes no room in a dry run either', () => {
    const request: SwitchRequest = {
      name: 'try',
      type: 'Evacuate',
      region: 'east',
      services: undefined,
      isApproved: false,
      approved: new Set(),
      isDryRun: true,
      isPaused: false,
      drains: false,
      moved: new Set(),
      madeAtMs: 0,
      needsStableHome: false,
    };
    const ledger = { room: roomOf(capacitiesOf({ west: 6 })), returning: 0 };
    const { answers, decisions, ledger: after } = act([...set, single], sets, ledger, [request]);
    expect(Object.fromEntries(answers)).toEqual({
      'ns/a': 'Hold ColocatedHeld',
      'ns/b': 'Hold CapacityExceeded',
      'ns/c': 'west',
    });
    expect(new Set([...decisions.values()].map(told))).toEqual(new Set(['Keep']));
    expect(after).toEqual(ledger);
  });
});

describe('a set on its way home', () => {
  const away = { ...WEST, assignment: anAssignment('1 east>west', '2 west>east'), policy: { maxReturning: 1 } };
  const services = [given('ns/a', 1, 1, away), given('ns/b', 1, 1, away), given('ns/c', 3, 1, away)];

  it('goes as one when one may go, and is counted with all its members', () => {
    const { decisions, ledger } = act(services, [['ns/a', 'ns/b']], { room: new Map(), returning: 0 });
    expect(asRecord(decisions, told)).toEqual({
      'ns/a': 'to east',
      'ns/b': 'to east',
      'ns/c': 'held by ConcurrencyLimit',
    });
    expect(ledger.returning).toBe(2);
  });

  it.each([
    { limit: 3, returning: 1, told: 'to east', because: 'all of it fits' },
    {
      limit: 2,
      returning: 1,
      told: 'held by ConcurrencyLimit',
      because: 'a part of it would fit, and all of it would not',
    },
    { limit: 1, returning: 0, told: 'to east', because: 'it is larger than the limit, and nothing else is on its way' },
    { limit: 1, returning: 1, told: 'held by ConcurrencyLimit', because: 'it is larger, and something is on its way' },
  ])('of two with a limit of $limit and $returning on the way: $told, because $because', (given_) => {
    const policy = { maxReturning: given_.limit };
    const pair = ['ns/a', 'ns/b'].map((key) => given(key, 1, 1, { ...away, policy }));
    const { decisions } = act(pair, [['ns/a', 'ns/b']], { room: new Map(), returning: given_.returning });
    expect(new Set([...decisions.values()].map(told))).toEqual(new Set([given_.told]));
  });

  it('follows the one that is at home already, whatever the limit: it counts among those on their way', () => {
    const home = anAssignment('1 east>west', '2 west>east', '3 east>west');
    const torn = [given('ns/a', 1, 1, { ...away, assignment: home }), given('ns/b', 1, 1, away)];
    const { decisions } = act(torn, [['ns/a', 'ns/b']], { room: new Map(), returning: 1 });
    expect(asRecord(decisions, told)).toEqual({ 'ns/a': 'Keep', 'ns/b': 'to east' });
  });

  it('waits as a whole while another one is on its way', () => {
    const { decisions } = act(services, [['ns/a', 'ns/b']], { room: new Map(), returning: 1 });
    expect(new Set([...decisions.values()].map(told))).toEqual(new Set(['held by ConcurrencyLimit']));
  });
});

const anyService = fc.record({
  slaClass: fc.integer({ min: 1, max: 3 }),
  instances: fc.integer({ min: 1, max: 5 }),
  secondaries: fc.constantFrom(['west'], ['north'], ['west', 'north'], ['north', 'west']),
  whenFull: fc.constantFrom('Hold' as const, 'Hold' as const, 'Overcommit' as const),
  promotion: fc.constantFrom('Automatic' as const, 'Automatic' as const, 'Automatic' as const, 'Approval' as const),
  set: fc.constantFrom(undefined, 'x', 'y'),
});
const anyLimit = fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined });
const anyGroup = fc.record({
  drawn: fc.array(anyService, { minLength: 1, maxLength: 7 }),
  west: anyLimit,
  north: anyLimit,
});

function aGroup({ drawn, north, west }: typeof anyGroup extends fc.Arbitrary<infer T> ? T : never) {
  const services = drawn.map(({ instances, promotion, secondaries, slaClass, whenFull }, index) => {
    const assignment = anAssignment(`1 east>${secondaries.join()}`);
    return given(`ns/${index}`, slaClass, instances, { secondaries, assignment, policy: { whenFull, promotion } });
  });
  const sets = ['x', 'y'].map((name) => drawn.flatMap(({ set }, index) => (set === name ? [`ns/${index}`] : [])));
  const limits: Limits = { ...(west !== undefined && { west }), ...(north !== undefined && { north }) };
  return { services, sets: sets.filter(({ length }) => length > 1), limits };
}

describe('in any group that loses a region', () => {
  it('what is foreseen is what is done', () => {
    fc.assert(
      fc.property(anyGroup, (drawn) => {
        const { limits, services, sets } = aGroup(drawn);
        const { acted, forecast } = both(services, sets, limits);
        expect(forecast).toEqual(acted);
      }),
      { numRuns: 1000 },
    );
  });

  it('a set goes to one region or stays, and what stays leaves to the others what they would have without it', () => {
    fc.assert(
      fc.property(anyGroup, (drawn) => {
        const { limits, services, sets } = aGroup(drawn);
        const { acted } = both(services, sets, limits);
        for (const set of sets) {
          const targets = new Set(set.map((key) => (acted[key]?.startsWith('to ') ? acted[key] : 'held')));
          expect(targets.size).toBe(1);
          if (!targets.has('held')) continue;
          const rest = services.filter(({ key }) => !set.includes(key));
          const others = sets.filter((other) => other !== set);
          const withoutIt = both(rest, others, limits).acted;
          expect(Object.fromEntries(rest.map(({ key }) => [key, acted[key]]))).toEqual(withoutIt);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('in any group whose services are away from home', () => {
  const anyAway = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    returning: fc.integer({ min: 0, max: 4 }),
    drawn: fc.array(fc.constantFrom(undefined, 'x', 'y'), { minLength: 1, maxLength: 8 }),
  });
  const goHome = ({ drawn, limit, returning }: typeof anyAway extends fc.Arbitrary<infer T> ? T : never) => {
    const assignment = anAssignment('1 east>west', '2 west>east');
    const change = { secondaries: ['west'], assignment, policy: { maxReturning: limit } };
    const services = drawn.map((_, index) => given(`ns/${index}`, 1, 1, change));
    const sets = ['x', 'y'].map((name) => drawn.flatMap((set, index) => (set === name ? [`ns/${index}`] : [])));
    const { decisions } = act(
      services,
      sets.filter(({ length }) => length > 1),
      { room: new Map(), returning },
    );
    const goes = (key: string): boolean => decisions.get(key)?.kind === 'Assign';
    return { going: services.filter(({ key }) => goes(key)).map(({ key }) => key), sets };
  };

  it('no more are on their way than the limit, but for one set that is larger than it and goes alone', () => {
    fc.assert(
      fc.property(anyAway, (drawn) => {
        const { going, sets } = goHome(drawn);
        if (going.length === 0 || drawn.returning + going.length <= drawn.limit) return;
        expect(drawn.returning).toBe(0);
        expect(sets).toContainEqual(going);
      }),
      { numRuns: 1000 },
    );
  });

  it('something goes whenever nothing is on its way', () => {
    fc.assert(
      fc.property(anyAway, (drawn) => {
        expect(goHome({ ...drawn, returning: 0 }).going).not.toEqual([]);
      }),
    );
  });
});
