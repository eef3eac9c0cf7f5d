import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '../runtime/clock.ts';
import {
  decideGate,
  type GateAction,
  type GateState,
  type GateTiming,
  INITIAL_STATE,
  type Phase,
  type Right,
  STOP_EARLY_MS,
  takeRight,
} from './right.ts';

const TIMING: GateTiming = { askEveryMs: 1000, graceMs: 2000 };
const WALL_MS = Date.UTC(2026, 0, 1);
const at = (ms: number, wallMs = ms): Instant => ({ monoMs: ms, wallMs: WALL_MS + wallMs });
const right = (sentMs: number, forMs: number, epoch = 1): Right => ({ sentAt: at(sentMs), forMs, epoch });

/** In `phase`, with a right that ends at 5000, asked for a moment ago. */
const inPhase = (phase: Phase, now: Instant): GateState => ({ phase, right: right(0, 5000), askedAt: now });

describe('the gate', () => {
  it.each<[string, Phase, Instant, GateAction[], Phase]>([
    ['starts under a right', 'Waiting', at(100), ['Start'], 'Running'],
    ['starts nothing under one that ends now', 'Waiting', at(5000 - STOP_EARLY_MS), [], 'Waiting'],
    ['leaves alone what runs under a right', 'Running', at(4900), [], 'Running'],
    ['stops what runs a moment before the end', 'Running', at(5000 - STOP_EARLY_MS), ['Stop'], 'Stopping'],
    ['stops it when it looks late', 'Running', at(6999), ['Stop'], 'Stopping'],
    ['kills at once when it wakes up after the grace period', 'Running', at(7000), ['Kill'], 'Killed'],
    ['counts the wall clock too: the machine slept', 'Running', at(100, 7000), ['Kill'], 'Killed'],
    ['counts the monotonic clock too: the wall clock was set back', 'Running', at(5000, -9000), ['Stop'], 'Stopping'],
    ['lets a process end that was asked to', 'Stopping', at(6999), [], 'Stopping'],
    ['kills it at the end of the grace period', 'Stopping', at(7000), ['Kill'], 'Killed'],
    ['kills once', 'Killed', at(9000), [], 'Killed'],
  ])('%s', (_, phase, now, actions, next) => {
    const decision = decideGate(inPhase(phase, now), now, TIMING);
    expect(decision.actions).toEqual(actions);
    expect(decision.state.phase).toBe(next);
    expect(decideGate(decision.state, now, TIMING).actions).toEqual([]);
  });

  it('asks at once, again after the period, and no more when it stops', () => {
    const first = decideGate(INITIAL_STATE, at(0), TIMING);
    expect(first).toMatchObject({ actions: ['Ask'], lookAgainMs: 1000 });
    expect(decideGate(first.state, at(999), TIMING)).toMatchObject({ actions: [], lookAgainMs: 1 });
    expect(decideGate(first.state, at(1000), TIMING).actions).toEqual(['Ask']);
    const stopping = { ...inPhase('Stopping', at(5000)), askedAt: at(0) };
    expect(decideGate(stopping, at(5000), TIMING)).toMatchObject({ actions: [], lookAgainMs: 100 });
  });

  it('stops before it asks', () => {
    const state: GateState = { phase: 'Waiting', right: right(0, 5000), askedAt: at(0) };
    expect(decideGate(state, at(1000), TIMING).actions).toEqual(['Start', 'Ask']);
  });

  it('looks often at what runs, because timers do not count the sleep of a machine', () => {
    expect(decideGate(inPhase('Running', at(1000)), at(1000), TIMING).lookAgainMs).toBe(100);
    expect(decideGate(inPhase('Running', at(4940)), at(4940), TIMING).lookAgainMs).toBe(10);
    expect(decideGate(inPhase('Stopping', at(6990)), at(6990), TIMING).lookAgainMs).toBe(10);
  });
});

describe('a right', () => {
  const running = inPhase('Running', at(1000));

  it('that ends later prolongs', () => {
    expect(takeRight(running, right(1000, 5000), at(1100)).right).toEqual(right(1000, 5000));
  });

  it('that ends earlier, from an answer that was overtaken, takes nothing away', () => {
    expect(takeRight(running, right(1000, 3000, 2), at(1100)).right).toEqual(right(0, 5000, 2));
  });

  it('at a lower epoch is none', () => {
    const state = { ...running, right: right(0, 5000, 3) };
    expect(takeRight(state, right(1000, 9000, 2), at(1100))).toEqual(state);
  });

  it.each<Phase>(['Stopping', 'Killed'])('comes too late when %s', (phase) => {
    const state = inPhase(phase, at(6000));
    expect(takeRight(state, right(5900, 9000), at(6000))).toEqual(state);
  });

  it('that came before the end and was read after it lets go on what nobody has stopped', () => {
    const state = takeRight(running, right(4900, 5000), at(5500));
    expect(decideGate(state, at(5500), TIMING).state.phase).toBe('Running');
  });
});

/** Ratio of any two clock rates, as the agent and the hub take it. */
const RATIO = 1.2;
const LEASE_MS = 7000;
const END_MS = 60_000;

interface History {
  readonly agentRate: number;
  readonly gateRate: number;
  /** True times at which the agent asks the hub, and how long the answer takes; undefined: none comes. */
  readonly beats: readonly { readonly afterMs: number; readonly answerMs: number | undefined }[];
  /** For the requests of the gate in turn: there, and back; a lost one has no way back. */
  readonly requests: readonly { readonly thereMs: number; readonly backMs: number | undefined }[];
  /** How late timers of the gate fire, in turn. */
  readonly lateMs: readonly number[];
  /** Steps of the wall clock of the gate, at true times. */
  readonly steps: readonly { readonly atMs: number; readonly byMs: number }[];
}

const rates = fc.tuple(fc.double({ min: 0.9, max: 1.1, noNaN: true }), fc.double({ min: 1, max: RATIO, noNaN: true }));
const mostly = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 });

const history: fc.Arbitrary<History> = fc
  .record({
    rates,
    agentIsFaster: fc.boolean(),
    beats: fc.array(fc.record({ afterMs: fc.nat(4000), answerMs: mostly(fc.nat(5000)) }), {
      minLength: 5,
      maxLength: 20,
    }),
    requests: fc.array(fc.record({ thereMs: fc.nat(1500), backMs: mostly(fc.nat(4000)) }), {
      minLength: 1,
      maxLength: 20,
    }),
    lateMs: fc.array(fc.nat(STOP_EARLY_MS - 5), { minLength: 1, maxLength: 10 }),
    steps: fc.array(fc.record({ atMs: fc.nat(END_MS), byMs: fc.integer({ min: -20_000, max: 20_000 }) }), {
      maxLength: 3,
    }),
  })
  .map(({ rates: [base, ratio], agentIsFaster, ...rest }) => ({
    agentRate: agentIsFaster ? base * ratio : base,
    gateRate: agentIsFaster ? base : base * ratio,
    ...rest,
  }));

/** Plays a history; returns how often the process was started and each violation: a moment at which it ran without a right. */
function play(past: History, ratio = RATIO) {
  const events: { readonly atMs: number; readonly run: (nowMs: number) => void }[] = [];
  const schedule = (atMs: number, run: (nowMs: number) => void) => events.push({ atMs, run });
  const violations: string[] = [];
  let starts = 0;

  // The agent: its right ends `lease` after the sending of the newest answered nonce, on its clock.
  const agentNow = (nowMs: number) => nowMs * past.agentRate;
  let endsAt = Number.NEGATIVE_INFINITY;
  const check = (nowMs: number, what: string) => {
    if (state.phase === 'Running' && agentNow(nowMs) > endsAt + 1e-6) violations.push(`${what} at ${nowMs}`);
  };
  let beatAt = 0;
  for (const { afterMs, answerMs } of past.beats) {
    beatAt += afterMs;
    const sentMs = beatAt;
    if (answerMs === undefined) continue;
    schedule(sentMs + answerMs, (nowMs) => {
      check(nowMs, 'ran on into the next right');
      endsAt = Math.max(endsAt, agentNow(sentMs) + LEASE_MS);
    });
  }

  // The gate.
  let state: GateState = INITIAL_STATE;
  let wallMs = 0;
  const gateNow = (nowMs: number): Instant => at(nowMs * past.gateRate, nowMs * past.gateRate + wallMs);
  for (const { atMs, byMs } of past.steps) {
    schedule(atMs, () => {
      wallMs += byMs;
    });
  }
  let timer = 0;
  let asked = 0;
  let looks = 0;
  const ask = (nowMs: number) => {
    const sentAt = gateNow(nowMs);
    const way = past.requests[asked++ % past.requests.length];
    if (way?.backMs === undefined) return;
    const { backMs } = way;
    schedule(nowMs + way.thereMs, (thereMs) => {
      const forMs = Math.floor((endsAt - agentNow(thereMs)) / ratio);
      if (!(forMs > 0)) return;
      schedule(thereMs + backMs, (backAtMs) => {
        state = takeRight(state, { sentAt, forMs, epoch: 1 }, gateNow(backAtMs));
        look(backAtMs);
      });
    });
  };
  const look = (nowMs: number) => {
    check(nowMs, 'was stopped too late');
    const decision = decideGate(state, gateNow(nowMs), TIMING);
    if (decision.actions.includes('Start')) starts += 1;
    // What was stopped begins anew, as the container does.
    const isStopped = decision.state.phase === 'Stopping' || decision.state.phase === 'Killed';
    state = isStopped ? INITIAL_STATE : decision.state;
    check(nowMs, 'was started without a right');
    if (decision.actions.includes('Ask')) ask(nowMs);
    const mine = ++timer;
    const lateMs = past.lateMs[looks++ % past.lateMs.length] ?? 0;
    // No timer is shorter than that, and time must go on.
    const inMs = isStopped ? 1 : Math.max(1, decision.lookAgainMs);
    schedule(nowMs + (inMs + lateMs) / past.gateRate, (thenMs) => {
      if (mine === timer) look(thenMs);
    });
  };
  look(0);
  for (;;) {
    const next = events.reduce((a, b) => (b.atMs < a.atMs ? b : a));
    if (next.atMs > END_MS) return { starts, violations };
    events.splice(events.indexOf(next), 1);
    next.run(next.atMs);
  }
}

describe('under any delays and losses, late timers, clock rates within the ratio and steps of the wall clock', () => {
  it('the process never runs after the right of the agent has ended', () => {
    let starts = 0;
    fc.assert(
      fc.property(history, (past) => {
        const outcome = play(past);
        starts += outcome.starts;
        expect(outcome.violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(starts).toBeGreaterThan(300);
  });

  it('which is not so when the agent does not divide by the ratio', () => {
    const found = fc.check(
      fc.property(history, (past) => play(past, 1).violations.length === 0),
      { numRuns: 1000 },
    );
    expect(found.failed).toBe(true);
  });
});
