import type { Timings } from '../api/iu-group.ts';

/**
 * The bounds of the authority protocol in milliseconds.
 *
 * A right lasts `leaseMs` on the clock of the agent that asked. Whoever wants to be sure that such a right, the change
 * of the agent (`takeoverMs`) and the stop itself (`stopBudgetMs`) are over waits `waitMs` on its own clock. The factor
 * bounds the ratio of the two clock rates; nothing else is assumed of clocks.
 */
export interface ProtocolTiming {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly takeoverMs: number;
  readonly stopBudgetMs: number;
  /** Ratio of any two clock rates, 1.2 for 20 %. */
  readonly clockRatio: number;
  readonly waitMs: number;
}

export function computeProtocolTiming(timings: Timings): ProtocolTiming {
  const clockRatio = 1 + timings.clockRateErrorPercent / 100;
  const leaseMs = timings.leaseSeconds * 1000;
  const takeoverMs = timings.takeoverSeconds * 1000;
  const stopBudgetMs = timings.stopBudgetSeconds * 1000;
  return {
    heartbeatMs: timings.heartbeatSeconds * 1000,
    leaseMs,
    takeoverMs,
    stopBudgetMs,
    clockRatio,
    waitMs: (leaseMs + takeoverMs + stopBudgetMs) * clockRatio,
  };
}

/**
 * Election of an agent. A new leader appears within about half of `takeover`; the rest is for proving the right and for
 * noticing that it has none (`RIGHT_PROOF_MS`).
 */
export interface AgentElectionTiming {
  readonly electionMs: number;
  readonly renewEveryMs: number;
}

export function computeAgentElection(timing: ProtocolTiming): AgentElectionTiming {
  const electionMs = timing.takeoverMs / 2;
  return { electionMs, renewEveryMs: electionMs / 2 };
}

/**
 * How often a gate asks for its right: several times within the shortest one that it may be given (`lease` after a
 * heartbeat, or `takeover` at a time for what runs on without the hub), and not more often than it has to.
 */
export const computeGateAskMs = ({ heartbeatMs, takeoverMs }: ProtocolTiming): number =>
  Math.min(1000, heartbeatMs / 2, takeoverMs / 4);

/** How long a service is away when its region is lost, as far as the protocol knows. */
export interface RecoveryTiming {
  readonly detectionMs: number;
  readonly waitMs: number;
  /** From the last sign of life: detection and wait run at the same time, and the right goes out with a heartbeat. */
  readonly promotedWithinMs: number;
}

export function computeRecovery({ heartbeatMs, waitMs }: ProtocolTiming, failureThresholdMs: number): RecoveryTiming {
  const promotedWithinMs = Math.max(failureThresholdMs, waitMs) + heartbeatMs;
  return { detectionMs: failureThresholdMs, waitMs, promotedWithinMs };
}

/** A new agent leader that has not proved a right within this time fences. */
export const RIGHT_PROOF_MS = 1000;

/** `hub election + 2 heartbeats < lease`: or a change of the hub's leader stops every active/backup service. */
export function fitsElection(hubElectionMs: number, timing: ProtocolTiming): boolean {
  return hubElectionMs + 2 * timing.heartbeatMs < timing.leaseMs;
}
