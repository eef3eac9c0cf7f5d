import { type EvidenceLine, type RegionEvidence, sightOf } from './evidence.ts';
import { type FlappingPolicy, flapsForMs } from './flapping.ts';

/**
 * What the hub makes of a region, from what it and others saw of it. No data is not dead: a region that this hub never
 * saw alive, or that answers but refuses, is `Unknown`, and nothing moves for it.
 *
 * The state says what can be done with the region: `Healthy` answers and its agent beats, so it can be asked for
 * anything. The reason says what is the matter with it, also where nothing keeps it from being asked.
 */
export type RegionState = 'Healthy' | 'Degraded' | 'Lost' | 'Unknown';

export type DiagnosisReason =
  | 'RegionHealthy'
  | 'RegionLost'
  | 'RegionUnreachable'
  | 'NoHeartbeat'
  | 'NotObserved'
  | 'CredentialsNotFound'
  | 'CredentialsInvalid'
  | 'LinkLost'
  | 'WritesFail'
  | 'Recovering'
  | 'RegionSick'
  | 'Flapping'
  | 'ZoneLost';

export interface DiagnosisPolicy {
  readonly heartbeatMs: number;
  readonly failureThresholdMs: number;
  /** How long a right lasts that was given in the last answer. */
  readonly leaseMs: number;
  /** How long a region that was lost must be well before it counts as healthy again. */
  readonly recoveryMs: number;
  readonly flapping: FlappingPolicy;
}

export interface Diagnosis {
  readonly state: RegionState;
  readonly reason: DiagnosisReason;
  /** With ages: for logs, events and records, which are written once. */
  readonly message: string;
  /** What the status adds to the sentence of the reason; it changes only when something happens. */
  readonly note?: string;
  /** How long it still counts as flapping; absent: it does not. */
  readonly flapsForMs?: number;
  /** What it was made from, by vantage point. */
  readonly evidence?: readonly EvidenceLine[];
}

interface Row {
  readonly reason: DiagnosisReason;
  readonly state: RegionState;
  readonly matches: (evidence: RegionEvidence, policy: DiagnosisPolicy) => boolean;
  readonly message: (evidence: RegionEvidence, policy: DiagnosisPolicy) => string;
  readonly note?: (evidence: RegionEvidence) => string;
}

const secondsText = (ms: number | undefined): string =>
  ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s ago`;
const forText = (ms: number | undefined): string => `${((ms ?? 0) / 1000).toFixed(1)} s`;
const silentFor = (ms: number | undefined, e: RegionEvidence): number => ms ?? e.sinceLookMs;
/** A heartbeat may be late by one without a word being said about it. */
const heartbeatGraceMs = (policy: Pick<DiagnosisPolicy, 'failureThresholdMs' | 'heartbeatMs'>): number =>
  Math.max(policy.failureThresholdMs, 3 * policy.heartbeatMs);

/** By then a leader that has just begun to look knows what every region is: the diagnosis, and the loop that makes it. */
export const lookMs = (policy: Pick<DiagnosisPolicy, 'failureThresholdMs' | 'heartbeatMs'>): number =>
  heartbeatGraceMs(policy) + policy.heartbeatMs;

const isSeen = (e: RegionEvidence, p: DiagnosisPolicy): boolean => sightOf(e, p) === 'Seen';
const flapsFor = (e: RegionEvidence, p: DiagnosisPolicy): number => flapsForMs(e.changeAgesMs ?? [], p.flapping);
const seenBy = ({ reports = [] }: RegionEvidence): string => {
  const seers = reports.filter(({ state }) => state === 'Reachable').map(({ from }) => from);
  return seers.length === 0 ? 'it is seen live' : `its heartbeat is seen from ${seers.toSorted().join(', ')}`;
};
const unready = ({ services }: RegionEvidence): string =>
  `${services?.notReady} of ${services?.active} active/backup services are not ready`;
const lostZones = ({ lostZones: zones = [] }: RegionEvidence): string => `no node is ready in ${zones.join(', ')}`;

/** The region cannot be asked for everything. First match wins. */
const TROUBLES: readonly Row[] = [
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
    message: () => 'the region refuses the credentials; renew them',
  },
  {
    reason: 'NotObserved',
    state: 'Unknown',
    matches: (e) => e.sinceContactMs === undefined && !e.everSeen,
    message: () => 'the region was never seen alive; check the address in its credentials and that it runs',
  },
  {
    // Only the hub cannot see it. It runs on with the promises of its peers, and no order or answer of ours reaches it.
    reason: 'LinkLost',
    state: 'Degraded',
    // A heartbeat later than a loss would be said: so late a peer may still report what it saw before the end.
    matches: (e, p) => silentFor(e.sinceContactMs, e) >= p.failureThresholdMs + p.heartbeatMs && isSeen(e, p),
    message: (e) => `last answer ${secondsText(e.sinceContactMs)}, but ${seenBy(e)}, and it is not without a right`,
    note: seenBy,
  },
  {
    reason: 'RegionLost',
    state: 'Lost',
    matches: (e, p) =>
      silentFor(e.sinceContactMs, e) >= p.failureThresholdMs &&
      silentFor(e.sinceHeartbeatMs, e) >= p.failureThresholdMs &&
      !isSeen(e, p),
    message: (e) => `last answer ${secondsText(e.sinceContactMs)}, last heartbeat ${secondsText(e.sinceHeartbeatMs)}`,
  },
  {
    // Its watches still speak, but nothing reaches it: its rights from here have ended, and it does not say that it has others.
    reason: 'RegionUnreachable',
    state: 'Lost',
    matches: (e, p) => silentFor(e.sinceContactMs, e) >= p.failureThresholdMs + p.leaseMs && !isSeen(e, p),
    message: (e) =>
      `it is heard, but last answered a request ${secondsText(e.sinceContactMs)}: it has no right to run anything now`,
  },
  {
    // It is read, but no answer of the hub arrives: it has no right from here, and says that it has none from its peers.
    reason: 'WritesFail',
    state: 'Lost',
    matches: (e, p) => (e.writesFailForMs ?? 0) >= p.failureThresholdMs + p.leaseMs && e.withoutRight === true,
    message: (e) => `no write of the hub was answered for ${forText(e.writesFailForMs)}: it is without a right`,
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
  {
    reason: 'WritesFail',
    state: 'Degraded',
    matches: (e, p) => (e.writesFailForMs ?? 0) >= heartbeatGraceMs(p),
    message: (e) => `no write of the hub was answered for ${forText(e.writesFailForMs)}`,
  },
];

/** It answers and beats, but something is the matter with it. First match wins. */
const FINDINGS: readonly Row[] = [
  {
    // It can be asked for anything, but nothing goes there by itself yet: what has just come back may go again.
    reason: 'Recovering',
    state: 'Healthy',
    matches: (e, p) => (e.wellAgainForMs ?? Number.POSITIVE_INFINITY) < p.recoveryMs,
    message: (_, p) => `answers again; nothing moves there before it has been well for ${forText(p.recoveryMs)}`,
  },
  {
    reason: 'RegionSick',
    state: 'Healthy',
    matches: ({ services }) => services !== undefined && services.notReady * 2 > services.active,
    message: (e) => `answers, and its agent beats, but ${unready(e)}`,
    note: unready,
  },
  {
    reason: 'Flapping',
    state: 'Healthy',
    matches: (e, p) => flapsFor(e, p) > 0,
    message: () => 'answers, but came and went too often lately',
  },
  {
    // Within the region N+1 and the second slot of a pair are there for it: it is said, and nothing moves.
    reason: 'ZoneLost',
    state: 'Healthy',
    matches: (e) => (e.lostZones ?? []).length > 0,
    message: (e) => `answers, but ${lostZones(e)}`,
    note: lostZones,
  },
];
const TABLE: readonly Row[] = [...TROUBLES, ...FINDINGS];

export function diagnose(evidence: RegionEvidence, policy: DiagnosisPolicy): Diagnosis {
  const ms = flapsFor(evidence, policy);
  const flaps = ms > 0 ? { flapsForMs: ms } : {};
  const row = TABLE.find((r) => r.matches(evidence, policy));
  if (!row) return { state: 'Healthy', reason: 'RegionHealthy', message: 'answers, and its agent beats' };
  const note = row.note ? { note: row.note(evidence) } : {};
  return { state: row.state, reason: row.reason, message: row.message(evidence, policy), ...note, ...flaps };
}

/** What a region is by itself, whatever came before and whatever runs there: from this its history is kept. */
export const stateItself = (evidence: RegionEvidence, policy: DiagnosisPolicy): RegionState =>
  TROUBLES.find((row) => row.matches(evidence, policy))?.state ?? 'Healthy';

/**
 * What a region is to one service. Of a region that only the hub cannot see that much is known: what runs there, runs on.
 * For everything else it is as good as lost: nothing can be ordered there, no confirmation comes, no grant arrives.
 */
export const stateFor = ({ reason, state }: Diagnosis, runsThere: boolean): RegionState =>
  reason === 'LinkLost' && !runsThere ? 'Lost' : state;

/** Whether the hub can ask the region for anything, and wait for what it says. */
export const isAnswering = (diagnosis: Diagnosis | undefined): boolean =>
  diagnosis !== undefined && ['Healthy', 'Degraded'].includes(stateFor(diagnosis, false));

/**
 * When most regions look dead at once the observer is the suspect (as in the node lifecycle controller of Kubernetes:
 * all zones dead, no evictions). One of two is not most. A region that others see counts too: it is the hub that is cut off.
 * So does one that has been silent for a shorter time: of regions that are lost together one is found to be so first.
 *
 * @param silent how many of them are not lost, and have not answered lately
 */
export function isHubIsolated(states: readonly RegionState[], silent = 0): boolean {
  const lost = states.filter((s) => s === 'Lost').length;
  return lost > 0 && (lost + silent) * 2 > states.length;
}

/** Whether a region that is not lost yet has not answered lately. */
export const isSilent = ({ reason, state }: Diagnosis): boolean => reason === 'RegionUnreachable' && state !== 'Lost';
