import type { PeerState } from '../api/region-lease.ts';

/** What the agent of another region says of a region. Its age is counted on the hub's own clock, from the heartbeat that brought it. */
export interface PeerReport {
  readonly from: string;
  readonly state: PeerState;
  /** What the region itself says, as that agent read it there; undefined: its agent is older and says nothing. */
  readonly withoutRight: boolean | undefined;
  readonly ageMs: number;
}

/** All that the hub knows of a region. What is absent is not known, which proves nothing. */
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
  /** How long no write of the hub has been answered, since the first one that failed; undefined: the last one was answered. */
  readonly writesFailForMs?: number | undefined;
  /** What the region said of itself with the last heartbeat that the hub heard. */
  readonly withoutRight?: boolean | undefined;
  /** Of agents of regions that are themselves healthy to the hub. */
  readonly reports?: readonly PeerReport[];
  /** Least time since a report said that it lives and has its rights; undefined: none did, or one has said otherwise since. */
  readonly sinceSeenMs?: number | undefined;
  /** Services that may be active in one region only and run here, and how many of them were not ready for the threshold. */
  readonly services?: { readonly active: number; readonly notReady: number };
  readonly lostZones?: readonly string[];
  /** How long it has been well since it was lost; undefined: it was not, or has been well for long enough since. */
  readonly wellAgainForMs?: number | undefined;
  /** How long ago it changed between well and not well, newest first. */
  readonly changeAgesMs?: readonly number[];
}

/** What others make of a region that the hub cannot see. */
export type Sight = 'Seen' | 'Gone' | 'Nothing';

/** What is older says nothing of now: a report, a heartbeat. */
export const freshMs = (heartbeatMs: number): number => 3 * heartbeatMs;

/**
 * The hub is a witness too: it may hear by its watches the heartbeat of a region that answers none of its requests. That
 * is one that came when a request should have been answered long ago, not the last one before the end.
 */
function witnesses(evidence: RegionEvidence, heartbeatMs: number): PeerReport[] {
  const { reports = [], sinceHeartbeatMs, withoutRight } = evidence;
  const ageMs = sinceHeartbeatMs ?? Number.POSITIVE_INFINITY;
  const isHeard = ageMs + heartbeatMs <= (evidence.sinceContactMs ?? evidence.sinceLookMs);
  const own: PeerReport[] = isHeard ? [{ from: 'hub', state: 'Reachable', withoutRight, ageMs }] : [];
  return [...own, ...reports].filter((report) => report.ageMs < freshMs(heartbeatMs));
}

/**
 * A region that runs on without the hub needs its rights from its peers, and says when it has them not. So it is taken to
 * live only by who sees its heartbeat move *and* reads there that it is not without a right: one word to the contrary
 * outweighs all, or a lost link would turn an outage into a hold. A report that is missing for a moment, because an agent
 * has just begun to lead, takes nothing back.
 */
export function sightOf(evidence: RegionEvidence, policy: { heartbeatMs: number; failureThresholdMs: number }): Sight {
  const fresh = witnesses(evidence, policy.heartbeatMs);
  if (fresh.some(({ withoutRight }) => withoutRight === true)) return 'Gone';
  if (fresh.some(({ state, withoutRight }) => state === 'Reachable' && withoutRight === false)) return 'Seen';
  if (fresh.some(({ state }) => state !== 'Reachable')) return 'Gone';
  const { sinceSeenMs = Number.POSITIVE_INFINITY } = evidence;
  return sinceSeenMs < policy.failureThresholdMs ? 'Seen' : 'Nothing';
}

/** One line for the record of a decision: who saw what. */
export interface EvidenceLine {
  /** `hub`, or the region whose agent says so. */
  readonly source: string;
  readonly saw: string;
}

const ago = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1000).toFixed(1)} s ago`);

function describeReport({ ageMs, from, state, withoutRight }: PeerReport): EvidenceLine {
  const right = { true: ', which says that it is without a right', false: '', undefined: '' }[`${withoutRight}`];
  return { source: from, saw: `${state}${right} (told ${ago(ageMs)})` };
}

/** What a decision was made from, by vantage point. */
export function describeEvidence(evidence: RegionEvidence): EvidenceLine[] {
  const { reports = [], services, sinceContactMs, sinceHeartbeatMs, writesFailForMs, lostZones = [] } = evidence;
  const saw = [
    `last answer ${ago(sinceContactMs)}, last heartbeat ${ago(sinceHeartbeatMs)}`,
    ...(writesFailForMs === undefined ? [] : [`no write answered for ${(writesFailForMs / 1000).toFixed(1)} s`]),
    ...(services && services.notReady > 0
      ? [`${services.notReady} of ${services.active} active/backup services not ready`]
      : []),
    ...(lostZones.length > 0 ? [`zones without a ready node: ${lostZones.join(', ')}`] : []),
  ];
  return [{ source: 'hub', saw: saw.join('; ') }, ...reports.map(describeReport)];
}
