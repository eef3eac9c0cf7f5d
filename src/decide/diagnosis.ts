/**
 * What the hub makes of a region, from what it saw of it. No data is not dead: a region that this hub never saw alive,
 * or that answers but refuses, is `Unknown`, and nothing moves for it.
 */
export type RegionState = 'Healthy' | 'Degraded' | 'Lost' | 'Unknown';

export type DiagnosisReason =
  | 'RegionHealthy'
  | 'RegionLost'
  | 'RegionUnreachable'
  | 'NoHeartbeat'
  | 'NotObserved'
  | 'CredentialsNotFound'
  | 'CredentialsInvalid';

export interface RegionEvidence {
  /** Least time since an answer came from the region's API server; undefined: none since this leader began to lead. */
  readonly sinceContactMs: number | undefined;
  /** Least time since a new nonce was seen; undefined: none since this leader began to lead. */
  readonly sinceHeartbeatMs: number | undefined;
  /** Least time since this leader began to look. */
  readonly sinceLookMs: number;
  /** Whether this or an earlier leader ever saw the region healthy. */
  readonly everSeen: boolean;
  /** Set while the hub has no usable credentials, or the region refuses them. */
  readonly credentials: 'Ok' | 'NotFound' | 'Invalid';
}

export interface DiagnosisPolicy {
  readonly heartbeatMs: number;
  readonly failureThresholdMs: number;
  /** How long a right lasts that was given in the last answer. */
  readonly leaseMs: number;
}

export interface Diagnosis {
  readonly state: RegionState;
  readonly reason: DiagnosisReason;
  readonly message: string;
}

interface Row {
  readonly reason: DiagnosisReason;
  readonly state: RegionState;
  readonly matches: (evidence: RegionEvidence, policy: DiagnosisPolicy) => boolean;
  readonly message: (evidence: RegionEvidence, policy: DiagnosisPolicy) => string;
}

const secondsText = (ms: number | undefined): string =>
  ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s ago`;
const silentFor = (ms: number | undefined, e: RegionEvidence): number => ms ?? e.sinceLookMs;
/** A heartbeat may be late by one without a word being said about it. */
const heartbeatGraceMs = (policy: Omit<DiagnosisPolicy, 'leaseMs'>): number =>
  Math.max(policy.failureThresholdMs, 3 * policy.heartbeatMs);

/** By then a leader that has just begun to look knows what every region is: the diagnosis, and the loop that makes it. */
export const lookMs = (policy: Omit<DiagnosisPolicy, 'leaseMs'>): number =>
  heartbeatGraceMs(policy) + policy.heartbeatMs;

/** First match wins. */
const TABLE: readonly Row[] = [
  {
    reason: 'CredentialsNotFound',
    state: 'Unknown',
    matches: (e) => e.credentials === 'NotFound',
    message: () => 'there are no credentials for the region',
  },
  {
    reason: 'CredentialsInvalid',
    state: 'Unknown',
    matches: (e) => e.credentials === 'Invalid',
    message: () => 'the region refuses the credentials; renew the Secret',
  },
  {
    reason: 'NotObserved',
    state: 'Unknown',
    matches: (e) => e.sinceContactMs === undefined && !e.everSeen,
    message: () => 'the region was never seen alive; check the address in its credentials and that it runs',
  },
  {
    reason: 'RegionLost',
    state: 'Lost',
    matches: (e, p) =>
      silentFor(e.sinceContactMs, e) >= p.failureThresholdMs &&
      silentFor(e.sinceHeartbeatMs, e) >= p.failureThresholdMs,
    message: (e) => `last answer ${secondsText(e.sinceContactMs)}, last heartbeat ${secondsText(e.sinceHeartbeatMs)}`,
  },
  {
    // Its watches still speak, but nothing reaches it: its rights have ended, so its agent has stopped what it ran.
    reason: 'RegionUnreachable',
    state: 'Lost',
    matches: (e, p) => silentFor(e.sinceContactMs, e) >= p.failureThresholdMs + p.leaseMs,
    message: (e) =>
      `it is heard, but last answered a request ${secondsText(e.sinceContactMs)}: it has no right to run anything now`,
  },
  {
    reason: 'NotObserved',
    state: 'Unknown',
    matches: (e) => e.sinceContactMs === undefined,
    message: () => 'no answer yet since this hub began to lead',
  },
  {
    reason: 'RegionUnreachable',
    state: 'Degraded',
    matches: (e, p) => silentFor(e.sinceContactMs, e) >= 2 * p.heartbeatMs,
    message: (e) => `last answer ${secondsText(e.sinceContactMs)}`,
  },
  {
    reason: 'NoHeartbeat',
    state: 'Degraded',
    matches: (e, p) => silentFor(e.sinceHeartbeatMs, e) >= heartbeatGraceMs(p),
    message: (e) => `the API server answers, but the last heartbeat of an agent was ${secondsText(e.sinceHeartbeatMs)}`,
  },
  {
    reason: 'NotObserved',
    state: 'Unknown',
    matches: (e) => e.sinceHeartbeatMs === undefined,
    message: () => 'no heartbeat of an agent yet since this hub began to lead',
  },
];

export function diagnose(evidence: RegionEvidence, policy: DiagnosisPolicy): Diagnosis {
  const row = TABLE.find((r) => r.matches(evidence, policy));
  if (!row) return { state: 'Healthy', reason: 'RegionHealthy', message: 'answers, and its agent beats' };
  return { state: row.state, reason: row.reason, message: row.message(evidence, policy) };
}

/**
 * When most regions look dead at once the observer is the suspect (as in the node lifecycle controller of Kubernetes:
 * all zones dead, no evictions). One of two is not most.
 */
export function isHubIsolated(states: readonly RegionState[]): boolean {
  const lost = states.filter((s) => s === 'Lost').length;
  return lost > 0 && lost * 2 > states.length;
}
