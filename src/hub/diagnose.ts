import type { IUGroup } from '../api/iu-group.ts';
import type { PeerState } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import {
  type Diagnosis,
  type DiagnosisPolicy,
  diagnose,
  isAnswering,
  isHubIsolated,
  isSilent,
  stateFor,
  stateItself,
} from '../decide/diagnosis.ts';
import { describeEvidence, type PeerReport, type RegionEvidence, sightOf } from '../decide/evidence.ts';
import { modeOf } from '../decide/mode-change.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { keyOf } from '../kube/object.ts';
import { regionLost, regionRecovered, regionTroubled } from '../report/events.ts';
import { elapsedAtLeast } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { epochsIn } from './instance-view.ts';
import { listOf, type RegionLink } from './region-link.ts';
import { regionsOfGroup } from './region-links.ts';

/** An answer that is older says nothing of now. */
const HEARD_WITHIN_MS = 5000;

const PEER_STATES: readonly PeerState[] = ['Reachable', 'NoHeartbeat', 'Unreachable'];

export function diagnosisPolicy({ spec }: IUGroup): DiagnosisPolicy {
  const { failover, switchback, timings } = spec;
  const { heartbeatMs, leaseMs } = computeProtocolTiming(timings);
  const { changes, windowSeconds } = failover.flapping;
  return {
    heartbeatMs,
    leaseMs,
    failureThresholdMs: failover.failureThresholdSeconds * 1000,
    // What is stable enough to go home to is not held back for less than that.
    recoveryMs: Math.min(failover.recoveryThresholdSeconds, switchback.stableForSeconds) * 1000,
    flapping: { changes, windowMs: windowSeconds * 1000 },
  };
}

/** As diagnosed, or heard just now: a region that hangs costs one probe, and not one request for each service. */
export const isReachable = ({ diagnoses }: Pick<HubContext, 'diagnoses'>, link: RegionLink): boolean =>
  isAnswering(diagnoses.get(link.region)) ||
  (link.evidence(false).sinceContactMs ?? Number.POSITIVE_INFINITY) < HEARD_WITHIN_MS;

/** Judges every region of a group; says whether the hub itself is the suspect. */
export function diagnoseGroup(context: HubContext, group: IUGroup): boolean {
  const policy = diagnosisPolicy(group);
  const regions = regionsOfGroup(context.links, group);
  forgetStrangers(context);
  noteReadiness(context, group, regions);
  const own = new Map(regions.map((region) => [region, ownEvidence(context, group, region)]));
  const witnesses = regions.filter((region) => {
    const evidence = own.get(region);
    return evidence !== undefined && stateItself(evidence, policy) === 'Healthy';
  });
  const diagnoses = [...own].map(([region, evidence]) => {
    const reports = witnesses.flatMap((from) =>
      reportOf(context, { from, ageMs: own.get(from)?.sinceHeartbeatMs }, region),
    );
    const diagnosis = judge(context, region, { ...evidence, reports }, policy);
    noteDiagnosis(context, group, region, diagnosis);
    return diagnosis;
  });
  const states = diagnoses.map((diagnosis) => stateFor(diagnosis, false));
  const isIsolated = isHubIsolated(states, diagnoses.filter(isSilent).length);
  if (isIsolated) context.isolatedAt.set(group.metadata.name, context.clock.now());
  return isHubSuspect(context, group);
}

/**
 * Whether the hub suspects itself: the one answer, for all that must not be done then.
 *
 * Regions come back to a hub that was isolated one after the other. The last of them looks lost for a moment, and is not:
 * so it has to be silent for as long as any other, from when the hub could see again.
 */
export function isHubSuspect({ clock, isolatedAt }: Pick<HubContext, 'clock' | 'isolatedAt'>, group: IUGroup): boolean {
  const last = isolatedAt.get(group.metadata.name);
  return last !== undefined && elapsedAtLeast(last, clock.now()) < diagnosisPolicy(group).failureThresholdMs;
}

function ownEvidence(context: HubContext, group: IUGroup, region: string): RegionEvidence {
  const link = context.links.get(region);
  const everSeen = group.status?.regions?.find((entry) => entry.region === region)?.everHealthy === true;
  const notReady = link?.readiness.notReadyFor(group.spec.failover.sick.thresholdSeconds * 1000).length ?? 0;
  const evidence = link?.evidence(everSeen) ?? {
    sinceContactMs: undefined,
    sinceHeartbeatMs: undefined,
    sinceLookMs: 0,
    everSeen: false,
    credentials: context.links.credentialsOf(region),
  };
  return { ...evidence, services: { active: link?.readiness.active ?? 0, notReady } };
}

/** What one region says of another. It is untrusted: what is not one of the known words is no report. */
function reportOf(
  { links }: HubContext,
  { ageMs, from }: { readonly from: string; readonly ageMs: number | undefined },
  region: string,
): PeerReport[] {
  const said = from === region ? undefined : links.get(from)?.sightings.find((sighting) => sighting.region === region);
  if (!said || ageMs === undefined || !PEER_STATES.includes(said.state)) return [];
  return [{ from, state: said.state, withoutRight: said.withoutRight, ageMs }];
}

function judge(context: HubContext, region: string, evidence: RegionEvidence, policy: DiagnosisPolicy): Diagnosis {
  const diagnosis = diagnose(evidence, policy);
  const fresh = sightOf({ ...evidence, sinceHeartbeatMs: undefined, sinceSeenMs: undefined }, policy);
  context.links.get(region)?.judged({
    itself: stateItself(evidence, policy),
    hasRecovered: diagnosis.state === 'Healthy' && diagnosis.reason !== 'Recovering',
    isSeen: fresh === 'Nothing' ? undefined : fresh === 'Seen',
  });
  return { ...diagnosis, evidence: describeEvidence(evidence) };
}

/** Nobody looks at a region that is in no group any more: what it was found to be last would be believed for ever. */
function forgetStrangers({ diagnoses, links }: HubContext): void {
  for (const region of [...diagnoses.keys()]) if (!links.groupOf(region)) diagnoses.delete(region);
}

/** Of active/backup services that a region was granted at their epoch: whether they are ready there. */
function noteReadiness(context: HubContext, group: IUGroup, regions: readonly string[]): void {
  const services = new Map(regions.map((region) => [region, new Map<string, boolean>()]));
  for (const instance of context.instances.store.byIndex('group', group.metadata.name)) {
    const key = keyOf(instance);
    const assignment = context.assignments.get(key);
    const serviceClass = context.classes.store.get(instance.spec.serviceClassRef.name);
    if (!assignment || !serviceClass || modeOf(assignment, serviceClass) !== 'Backup') continue;
    const { activeRegion, epoch } = assignment;
    if (epochsIn(context, key, activeRegion).grantedEpoch < epoch) continue;
    const order = context.links.get(activeRegion)?.services.store.get(key);
    if (order) services.get(activeRegion)?.set(key, servesAtAll(order));
  }
  for (const [region, ofRegion] of services) {
    const readiness = context.links.get(region)?.readiness;
    // While it does not answer, nothing is known of what is ready there: when it is back, the time begins anew.
    if (isAnswering(context.diagnoses.get(region))) readiness?.note(ofRegion);
    else readiness?.forget();
  }
}

/** What carries only a part of its load is no reason to leave a region: a component without any instance is. */
const servesAtAll = ({ spec, status }: RegionalService): boolean =>
  spec.components.every(({ instances, name }) => {
    const ready = listOf(status?.components).find((component) => component.name === name)?.ready ?? 0;
    return instances === 0 || ready > 0;
  });

/** Troubles that are told of when they begin, and again when the region is well. */
const TOLD: readonly Diagnosis['reason'][] = ['LinkLost', 'WritesFail', 'RegionSick', 'Flapping', 'ZoneLost'];

/** Keeps the diagnosis, and tells everybody whom a change concerns. */
function noteDiagnosis(context: HubContext, group: IUGroup, region: string, diagnosis: Diagnosis): void {
  const before = context.diagnoses.get(region);
  context.diagnoses.set(region, diagnosis);
  const { message, reason, state } = diagnosis;
  if (before?.note !== diagnosis.note) context.lookAgain.group(group.metadata.name);
  if (before?.state === state && before.reason === reason) return;
  context.log('info', 'Region changed state', { region, from: before?.state, to: state, reason, because: message });
  context.onDiagnosed(region, diagnosis);
  context.lookAgain.group(group.metadata.name);
  if (before?.state !== state) context.lookAgain.region(region);
  if (state === 'Lost' && before?.state !== 'Lost') {
    context.troubledRegions.add(region);
    context.events.record(regionLost(group, region, saidWith(diagnosis)));
  } else if (TOLD.includes(reason)) {
    context.troubledRegions.add(region);
    context.events.record(regionTroubled(group, region, reason, message));
  } else if (reason === 'RegionHealthy' && context.troubledRegions.delete(region)) {
    context.events.record(regionRecovered(group, region));
  }
}

/** Why a region is lost, and what the others say of it. */
const saidWith = ({ evidence = [], message }: Diagnosis): string =>
  [message, ...evidence.filter(({ source }) => source !== 'hub').map(({ saw, source }) => `${source}: ${saw}`)].join(
    '; ',
  );
