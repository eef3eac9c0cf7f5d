import { elapsedAtMost, type Instant } from '../runtime/clock.ts';

/**
 * What the gate knows and does, without a clock, a process or a network: time is an argument.
 *
 * The process runs only while a right lasts, and a right lasts `forMs` from *before its request was sent*, counted with
 * the larger of monotonic and wall-clock time. The agent has measured `forMs` later than that, and has divided it by
 * the ratio of clock rates, so a right ends here no later than by the clock of the agent.
 *
 * A gate that is itself stopped (SIGSTOP) cannot stop anything; when it goes on it does at once what is overdue. Freezing
 * the container or the machine stops both.
 */
export interface Right {
  /** Taken before the request was sent. */
  readonly sentAt: Instant;
  /** How long it lasts from then on this clock, in milliseconds. */
  readonly forMs: number;
  readonly epoch: number;
}

/**
 * `Waiting`: nothing was started. `Running`. `Stopping`: asked to end (SIGTERM). `Killed`: SIGKILL was sent. From
 * `Stopping` no right leads back: the process may already be half down. The next one begins with a new gate.
 */
export type Phase = 'Waiting' | 'Running' | 'Stopping' | 'Killed';

export interface GateState {
  readonly phase: Phase;
  readonly right?: Right;
  /** When a right was last asked for. */
  readonly askedAt?: Instant;
}

export interface GateTiming {
  /** From one request for the right to the next, in milliseconds; requests overlap when answers are slow. */
  readonly askEveryMs: number;
  /** From the end of the right to SIGKILL, in milliseconds. */
  readonly graceMs: number;
}

/** `Ask`: send a request for the right. `Start`: start the process. `Stop`: SIGTERM. `Kill`: SIGKILL to its group. */
export type GateAction = 'Ask' | 'Start' | 'Stop' | 'Kill';

export interface GateDecision {
  readonly state: GateState;
  /** To be carried out in this order. */
  readonly actions: readonly GateAction[];
  /** When to decide again at the latest, in milliseconds. */
  readonly lookAgainMs: number;
}

export const INITIAL_STATE: GateState = { phase: 'Waiting' };

/** Timers fire late, never early: SIGTERM is sent so long before the end of the right. Also bounds a useful right. */
export const STOP_EARLY_MS = 50;
/** Timers do not count the sleep of a machine: what has to be stopped is looked at so often. */
const LOOK_EVERY_MS = 100;

/** How long a right still lasts at `now`, in milliseconds; negative when it has ended. */
export const remainingMs = ({ forMs, sentAt }: Right, now: Instant): number => forMs - elapsedAtMost(sentAt, now);

/**
 * Takes the right that an answer gives. Answers come in any order: the right that ends last is kept, and one at a lower
 * epoch than was seen comes from an agent that is behind. A refusal takes nothing away: a right that was given lasts.
 */
export function takeRight(state: GateState, right: Right, now: Instant): GateState {
  const held = state.right;
  const isOver = state.phase === 'Stopping' || state.phase === 'Killed';
  if (isOver || (held && right.epoch < held.epoch)) return state;
  if (held && remainingMs(held, now) >= remainingMs(right, now)) {
    return { ...state, right: { ...held, epoch: right.epoch } };
  }
  return { ...state, right };
}

/** What is to be done at `now`. Deciding again at the same moment gives nothing more to do. */
export function decideGate(state: GateState, now: Instant, timing: GateTiming): GateDecision {
  const leftMs = state.right ? remainingMs(state.right, now) : Number.NEGATIVE_INFINITY;
  const { phase, action } = nextPhase(state.phase, leftMs, timing);
  const asks = phase === 'Waiting' || phase === 'Running';
  const isDue = asks && (!state.askedAt || elapsedAtMost(state.askedAt, now) >= timing.askEveryMs);
  const next = { ...state, phase, ...(isDue ? { askedAt: now } : {}) };
  return {
    state: next,
    // What stops comes before what asks.
    actions: [...(action ? [action] : []), ...(isDue ? (['Ask'] as const) : [])],
    lookAgainMs: Math.max(0, Math.min(untilStep(phase, leftMs, timing), asks ? untilAsk(next, now, timing) : Infinity)),
  };
}

interface Step {
  readonly phase: Phase;
  readonly action?: GateAction;
}

function nextPhase(phase: Phase, leftMs: number, { graceMs }: GateTiming): Step {
  const lasts = leftMs > STOP_EARLY_MS;
  if (phase === 'Waiting') return lasts ? { phase: 'Running', action: 'Start' } : { phase };
  if (phase === 'Killed' || (phase === 'Running' && lasts)) return { phase };
  // A gate that wakes up after the grace period asks nobody to end any more.
  if (leftMs <= -graceMs) return { phase: 'Killed', action: 'Kill' };
  return phase === 'Running' ? { phase: 'Stopping', action: 'Stop' } : { phase };
}

/** Until the next step that stops something, in milliseconds. */
function untilStep(phase: Phase, leftMs: number, { graceMs }: GateTiming): number {
  if (phase === 'Running') return Math.min(LOOK_EVERY_MS, leftMs - STOP_EARLY_MS);
  if (phase === 'Stopping') return Math.min(LOOK_EVERY_MS, leftMs + graceMs);
  return Number.POSITIVE_INFINITY;
}

const untilAsk = ({ askedAt }: GateState, now: Instant, { askEveryMs }: GateTiming): number =>
  askedAt ? askEveryMs - elapsedAtMost(askedAt, now) : 0;
