import { type Condition, type ConditionState, REASONS, type Reason } from '../api/conditions.ts';
import type { DrillEntry, Rehearsal, ZoneRehearsal } from '../api/drill-schedule.ts';
import type { IUGroupStatus, RequestEntry, WhatIf } from '../api/iu-group.ts';
import type { GroupTraffic } from '../api/traffic.ts';
import type { Diagnosis } from '../decide/diagnosis.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';
import { shownState } from './shown-state.ts';
import type { StatusReport } from './status.ts';

export interface RegionSummary {
  readonly region: string;
  readonly diagnosis: Diagnosis | undefined;
  readonly credentials: 'Ok' | 'NotFound' | 'Invalid';
  /** What they come from, for people: a Secret, with its key, or a ClusterProfile. */
  readonly source: string;
  /** They come from a ClusterProfile, so a plugin renews them. */
  readonly byProfile?: true;
  /** What is to be said of them, where a plugin gives them. */
  readonly credentialsProblem?: { readonly reason: Reason; readonly message: string };
  readonly activeServices: number;
  /** By this leader or an earlier one. The state alone does not tell: a leader that has just begun knows of none. */
  readonly everHealthy: boolean;
  /** Another group that has the region already. */
  readonly takenBy?: string;
  /** It was told other timings than the group has. */
  readonly hasOtherTimings?: true;
}

export interface GroupFacts {
  readonly regions: readonly RegionSummary[];
  readonly capacities: readonly RegionCapacity[];
  readonly electionFits: boolean;
  readonly electionMs: number;
  /** Services with a secondary region whose active region may not be lost now. */
  readonly unprotected: readonly string[];
  /** What the loss of each region would do, and whether that is survived; undefined while too little is known to say. */
  readonly losses:
    | {
        readonly whatIf: readonly WhatIf[];
        readonly survival: ConditionState;
        /** Whether what goes on has what it needs; absent where nothing needs anything. */
        readonly dependencies?: ConditionState | undefined;
      }
    | undefined;
  /** Time zones that `switchback.windows` name and that are not known. */
  readonly unknownZones: readonly string[];
  /** What is held on the way home; undefined: nothing. */
  readonly switchback: IUGroupStatus['switchback'];
  /** How the tenant directories of the regions were written. */
  readonly directories: readonly ConditionState[];
  /** What was last said. */
  readonly before: IUGroupStatus | undefined;
  /** When each switch between two regions was last proved; undefined while the RegionSwitches are not read. */
  readonly rehearsals: readonly Rehearsal[] | undefined;
  /** Whether that is young enough; undefined when nothing is asked, or not known. */
  readonly rehearsed: ConditionState | undefined;
  /** What became of the drills of the calendar; undefined while nobody has looked. */
  readonly drills: readonly DrillEntry[] | undefined;
  /** When each zone was last proved; undefined while that is not known. */
  readonly zoneRehearsals?: readonly ZoneRehearsal[] | undefined;
  /** Requests by annotation that were carried out, and what became of the one that stands there now. */
  readonly requests: readonly RequestEntry[];
  readonly requested: ConditionState | undefined;
  /** What is said of its transit centres; absent: it has none. */
  readonly transit?: readonly ConditionState[];
  /** Most regions look dead at once: the hub suspects itself. */
  readonly isIsolated?: boolean;
  /** Whether this hub has taken over from another one; absent: there never was one. */
  readonly inherited?: ConditionState | undefined;
  /** What was written of names that belong to no single service; absent: nothing is known of it. */
  readonly traffic?:
    | { readonly fields: GroupTraffic | null; readonly condition: ConditionState | undefined }
    | undefined;
}

interface Problem {
  readonly reason: Reason;
  readonly message: string;
  /** Only a person can put it right. */
  readonly stuck: boolean;
}

/** No ages in it: a message that counts seconds would be written each second. */
const meaningOf = (diagnosis: Diagnosis | undefined): string => {
  const { note, reason = 'NotObserved' } = diagnosis ?? {};
  return note === undefined ? REASONS[reason] : `${REASONS[reason]} Now: ${note}.`;
};

function problemOf(summary: RegionSummary): Problem | undefined {
  const { credentials, credentialsProblem, diagnosis, hasOtherTimings, region, source, takenBy } = summary;
  if (takenBy !== undefined)
    return { reason: 'RegionTaken', message: `region ${region} belongs to IU group ${takenBy}`, stuck: true };
  if (hasOtherTimings) {
    const remedy = `make the group anew with those of Region ${region}, or delete that object while nothing of the group runs in the region`;
    const message = `region ${region} counts its rights by other timings, which a group before this one has told it, so none is given: ${remedy}`;
    return { reason: 'TimingsDiffer', message, stuck: true };
  }
  if (credentials !== 'Ok' && credentialsProblem) {
    const { message, reason } = credentialsProblem;
    // A plugin that fails is run again.
    return { reason, message: `region ${region}: ${message}`, stuck: reason !== 'CredentialsPluginFailed' };
  }
  if (credentials === 'NotFound') {
    return {
      reason: 'CredentialsNotFound',
      message: `region ${region}: there is no ${source}`,
      stuck: true,
    };
  }
  if (credentials === 'Invalid') {
    return {
      reason: 'CredentialsInvalid',
      message: `region ${region}: the kubeconfig in ${source} cannot be used`,
      stuck: true,
    };
  }
  if (diagnosis?.reason === 'RegionHealthy') return undefined;
  const message = `region ${region} is ${shownState(diagnosis)}: ${meaningOf(diagnosis)}`;
  return { reason: diagnosis?.reason ?? 'NotObserved', message, stuck: diagnosis?.reason === 'CredentialsInvalid' };
}

function windowProblems({ unknownZones: [zone] }: GroupFacts): Problem[] {
  if (zone === undefined) return [];
  const message = `switchback.windows name the time zone ${zone}, which is not known: such a window never opens`;
  return [{ reason: 'InvalidSpec', message, stuck: true }];
}

/** Nothing has failed: it waits, for time or for a person. */
function inheritanceProblem({ inherited }: GroupFacts): Problem[] {
  if (!inherited || inherited.status === 'True') return [];
  const { message, reason } = inherited;
  return [{ reason, message, stuck: false }];
}

function problems(facts: GroupFacts): Problem[] {
  const ofRegions = facts.regions.map(problemOf).filter((problem) => problem !== undefined);
  const found = [...inheritanceProblem(facts), ...ofRegions, ...windowProblems(facts)];
  if (facts.electionFits) return found;
  const message = `the hub election takes ${facts.electionMs} ms; with two heartbeats that is not less than the lease of the group: raise timings.leaseSeconds or lower the election time of the hub`;
  return [{ reason: 'ElectionTooSlow', message, stuck: true }, ...found];
}

const short = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;

/** A hub that does not know yet takes nothing back: what was said last stands, field and condition alike. */
function survival({ before, losses }: GroupFacts): ConditionState {
  const type = 'SurvivesRegionLoss';
  const known: Condition | undefined = before?.conditions?.find((condition) => condition.type === type);
  return losses?.survival ?? known ?? { type, status: 'Unknown', reason: 'NotObserved', message: 'not looked at yet' };
}

/** A list that was never written is not written empty: most groups have no drills and no requests. */
function bookkeeping({ before, drills, rehearsals, requests, zoneRehearsals }: GroupFacts): Record<string, unknown> {
  return {
    ...(drills && (drills.length > 0 || before?.drills) ? { drills } : {}),
    ...(rehearsals && (rehearsals.length > 0 || before?.rehearsals) ? { rehearsals } : {}),
    ...(zoneRehearsals && (zoneRehearsals.length > 0 || before?.zoneRehearsals) ? { zoneRehearsals } : {}),
    ...(requests.length > 0 ? { requests } : {}),
  };
}

function dependencies({ before, losses }: GroupFacts): ConditionState[] {
  if (losses) return losses.dependencies ? [losses.dependencies] : [];
  return before?.conditions?.filter((condition) => condition.type === 'DependenciesMet') ?? [];
}

/** What is known of credentials that plugins renew; what was said last while not all have been looked at. */
function renewal({ before, regions }: GroupFacts): ConditionState[] {
  const type = 'CredentialsRenewed';
  const ours = regions.filter(({ byProfile }) => byProfile);
  if (ours.length === 0) return [];
  const failed = ours.find(({ credentialsProblem }) => credentialsProblem);
  if (failed?.credentialsProblem) {
    const { message, reason } = failed.credentialsProblem;
    return [{ type, status: 'False', reason, message: `region ${failed.region}: ${message}` }];
  }
  if (ours.every(({ credentials }) => credentials === 'Ok')) {
    return [{ type, status: 'True', reason: 'AsDeclared', message: 'every plugin gives its credentials in time' }];
  }
  const known = before?.conditions?.find((condition) => condition.type === type);
  return [known ?? { type, status: 'Unknown', reason: 'NotObserved', message: 'not looked at yet' }];
}

/** What one region lacks, or that none lacks anything; what was said last while not all have been looked at. */
function directory({ before, directories, regions }: GroupFacts): ConditionState[] {
  const lacking = directories.find(({ status }) => status !== 'True');
  if (lacking) return [lacking];
  const known = before?.conditions?.filter(({ type }) => type === 'DirectoryWritten') ?? [];
  return directories.length < regions.length && known.length > 0 ? known : directories.slice(0, 1);
}

/**
 * The regions that are not lost. What is not known stands as it stood, and the last one stays: what follows the list takes
 * away what runs in a region that it does not name.
 */
function inService({ before, isIsolated, regions }: GroupFacts): NonNullable<IUGroupStatus['decisions']> {
  const now = regions.flatMap(({ diagnosis, everHealthy, region }) => {
    const state = shownState(diagnosis);
    const known = before?.decisions?.find(({ clusterName }) => clusterName === region);
    if (state === 'Unknown' || diagnosis === undefined) return known ?? [];
    if (state === 'Lost' || !everHealthy) return [];
    return [{ clusterName: region, reason: diagnosis.reason }];
  });
  return isIsolated || now.length === 0 ? (before?.decisions ?? now) : now;
}

/** Status of an IU group. Bounded: services as counts, never by name but for the first three. */
export function groupReport(facts: GroupFacts): StatusReport {
  const [first] = problems(facts);
  const full = facts.capacities.find(({ fits }) => !fits);
  const healthy = facts.regions.filter(({ diagnosis }) => shownState(diagnosis) === 'Healthy').length;
  const lacking: Problem | undefined = full && { reason: 'CapacityExceeded', message: full.message, stuck: true };
  const problem = first ?? lacking;
  // Beside a region that is on its way back, want of room is not the first thing to say.
  const stuck = problems(facts).find((one) => one.stuck) ?? (first ? undefined : lacking);
  const conditions: ConditionState[] = [
    problem
      ? { type: 'Ready', status: 'False', reason: problem.reason, message: problem.message }
      : { type: 'Ready', status: 'True', reason: 'AsDeclared', message: 'every region is healthy and has room' },
    stuck || !first
      ? { type: 'Reconciling', status: 'False', reason: 'AsDeclared', message: '' }
      : { type: 'Reconciling', status: 'True', reason: 'Progressing', message: first.message },
    stuck
      ? { type: 'Stalled', status: 'True', reason: stuck.reason, message: stuck.message }
      : { type: 'Stalled', status: 'False', reason: 'AsDeclared', message: '' },
    full
      ? { type: 'CapacityReserved', status: 'False', reason: 'CapacityExceeded', message: full.message }
      : { type: 'CapacityReserved', status: 'True', reason: 'AsDeclared', message: 'the largest single failure fits' },
    facts.unprotected.length > 0
      ? {
          type: 'Protected',
          status: 'False',
          reason: 'StandbyNotConfirmed',
          message: `not protected: ${short(facts.unprotected)}`,
        }
      : {
          type: 'Protected',
          status: 'True',
          reason: 'StandbyConfirmed',
          message: 'every service with a secondary region may be moved',
        },
    survival(facts),
    ...[facts.inherited, facts.rehearsed, facts.requested].filter((condition) => condition !== undefined),
    ...dependencies(facts),
    ...directory(facts),
    ...renewal(facts),
    ...(facts.transit ?? []),
    ...(facts.traffic?.condition ? [facts.traffic.condition] : []),
  ];
  const regions = facts.regions.map(
    ({ activeServices, credentials, credentialsProblem, diagnosis, everHealthy, region }) => ({
      region,
      state: credentials === 'Ok' ? shownState(diagnosis) : ('Unknown' as const),
      reason: diagnosis?.reason ?? ('NotObserved' as const),
      message: ((credentials !== 'Ok' && credentialsProblem?.message) || meaningOf(diagnosis)).slice(0, 512),
      everHealthy,
      activeServices,
    }),
  );
  const whatIf = facts.losses && { whatIf: facts.losses.whatIf };
  const switchback = facts.switchback ?? null;
  const summary = `${healthy}/${facts.regions.length}`;
  const traffic = facts.traffic && { traffic: facts.traffic.fields };
  const decisions = inService(facts);
  return {
    conditions,
    fields: { regions, ...whatIf, switchback, ...bookkeeping(facts), ...traffic, decisions, summary },
  };
}
