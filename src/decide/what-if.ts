import { counted } from '../api/common.ts';
import type { ConditionState, Reason } from '../api/conditions.ts';
import type { WhatIf } from '../api/iu-group.ts';
import { isLeftOut } from './assignment.ts';
import type { Audience } from './cohort.ts';
import type { ServiceFacts } from './impact/facts.ts';
import { impactAfter } from './impact/group.ts';
import { unmetAfter } from './loss-dependencies.ts';
import { computeFates, type Fate, type Outcome, type ServiceAtStake, type Surroundings } from './region-loss.ts';
import { describeRoom } from './room.ts';
import type { RecoveryTiming } from './timing.ts';

export interface GroupAtStake extends Surroundings {
  readonly services: readonly ServiceAtStake[];
  /** Services that must live in one region, by key; absent: none. */
  readonly sets?: readonly (readonly string[])[];
  readonly audiences: readonly Audience[];
  readonly recovery: RecoveryTiming;
  /** What people know of each service, by key; absent: what they would feel is not told. */
  readonly facts?: ReadonlyMap<string, ServiceFacts>;
  /** By region: the slowest recovery of the last failover from it, in milliseconds. */
  readonly measured: ReadonlyMap<string, number>;
}

type Count = WhatIf['running'];
type Objection = Pick<ConditionState, 'reason' | 'message'>;
type Stop = Extract<Fate, { kind: 'Stops' }>;
/** A service that runs in the lost region, and what becomes of it. */
type Affected = Outcome & { readonly fate: Fate };
const isAffected = (outcome: Outcome): outcome is Affected => outcome.fate !== undefined;

/** As declared: somebody wanted it so, and no region can change it. Told, but no fault of the regions. */
const DECLARED: ReadonlySet<Reason> = new Set(['StaysInRegion', 'ApprovalRequired']);
/** Bound of `outages`. */
const LISTED = 20;
const NONE: Count = { services: 0, tenants: 0 };
const compare = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);

/** The heads under which a service is counted. No name has a blank in it. */
function headsOf({ fate, service }: Affected): string[] {
  if (fate.kind === 'Moves') return ['all', 'Moves', `to ${fate.to}`];
  if (fate.kind === 'GoesOn') return ['all', 'GoesOn'];
  return ['all', 'Stops', `by ${fate.reason}`, `of ${service.serviceClass} ${fate.reason}`];
}

/**
 * Services and tenants by head. Tenants are counted by audience, so 10,000 of them cost as much as the few sets of
 * instances that they share; one with several services under a head counts once there.
 */
function tally(affected: readonly Affected[], audiences: readonly Audience[]): (head: string) => Count {
  const counts = new Map<string, Count>();
  const add = (head: string, { services, tenants }: Count): void => {
    const before = counts.get(head) ?? NONE;
    counts.set(head, { services: before.services + services, tenants: before.tenants + tenants });
  };
  const heads = new Map(affected.map((each): [string, string[]] => [each.service.key, headsOf(each)]));
  for (const head of [...heads.values()].flat()) add(head, { services: 1, tenants: 0 });
  for (const { instances, tenants } of audiences) {
    const met = new Set(instances.flatMap((key) => heads.get(key) ?? []));
    for (const head of met) add(head, { services: 0, tenants });
  }
  return (head) => counts.get(head) ?? NONE;
}

type Destination = WhatIf['destinations'][number];

function destinationOf(region: string, instances: number, count: Count, { capacities }: GroupAtStake): Destination {
  const { capacity, planned = 0 } = capacities.find((entry) => entry.region === region) ?? {};
  // What does not fit comes only where the group says so (`failover.whenFull: Overcommit`).
  const isFull = capacity !== undefined && planned + instances > capacity;
  return {
    region,
    ...count,
    instances,
    fits: !isFull,
    ...(isFull && { reason: 'CapacityExceeded' as const }),
    message: describeRoom(region, planned, instances, capacity).slice(0, 512),
  };
}

function destinationsOf(
  affected: readonly Affected[],
  countOf: (head: string) => Count,
  group: GroupAtStake,
): WhatIf['destinations'] {
  const to = new Map<string, number>();
  for (const { fate } of affected) {
    if (fate.kind === 'Moves') to.set(fate.to, (to.get(fate.to) ?? 0) + fate.instances);
  }
  return [...to]
    .sort(([x], [y]) => compare(x, y))
    .map(([region, instances]) => destinationOf(region, instances, countOf(`to ${region}`), group));
}

/** One entry for each service class and reason, with the words of its first service by name. What is no fault comes last. */
function outagesOf(stopping: readonly (Affected & { fate: Stop })[], countOf: (head: string) => Count) {
  const entries = new Map<string, WhatIf['outages'][number]>();
  for (const { fate, service } of stopping) {
    const { serviceClass } = service;
    const head = `of ${serviceClass} ${fate.reason}`;
    if (entries.has(head)) continue;
    const message = fate.message.slice(0, 512);
    entries.set(head, { serviceClass, reason: fate.reason, ...countOf(head), message });
  }
  const isDeclared = ({ reason }: { reason: Reason }): number => (DECLARED.has(reason) ? 1 : 0);
  return [...entries.values()].sort(
    (x, y) =>
      isDeclared(x) - isDeclared(y) ||
      y.services - x.services ||
      compare(x.serviceClass, y.serviceClass) ||
      compare(x.reason, y.reason),
  );
}

type Numbers = Pick<WhatIf, 'running' | 'moving' | 'continuing' | 'stopping' | 'destinations' | 'reasons' | 'outages'>;

const faultsIn = ({ reasons }: Pick<Numbers, 'reasons'>): number =>
  reasons.reduce((sum, { reason, services }) => sum + (DECLARED.has(reason) ? 0 : services), 0);

/** What keeps the loss of the region from being survived; the worst first. */
function objectionTo(numbers: Numbers): Objection | undefined {
  const { destinations, outages, running } = numbers;
  const [worst] = outages;
  const faults = faultsIn(numbers);
  if (worst && faults > 0) {
    const message = `${faults} of ${counted(running.services, 'service')} would stop: ${worst.serviceClass}: ${worst.message}`;
    return { reason: worst.reason, message };
  }
  const full = destinations.find(({ fits }) => !fits);
  return full && { reason: full.reason ?? 'CapacityExceeded', message: full.message };
}

function sentenceOf(numbers: Numbers): string {
  const { continuing, moving, running, stopping } = numbers;
  const objection = objectionTo(numbers);
  if (objection) return objection.message;
  if (running.services === 0) return 'nothing runs here';
  const left = stopping.services > 0 ? `, ${stopping.services} would stop as declared` : '';
  return `${moving.services} of ${counted(running.services, 'service')} would move, ${continuing.services} would go on elsewhere${left}`;
}

function numbersOf(affected: readonly Affected[], group: GroupAtStake): Numbers {
  const countOf = tally(affected, group.audiences);
  const stopping = affected.flatMap(({ fate, service }) => (fate.kind === 'Stops' ? [{ fate, service }] : []));
  const reasons = [...new Set(stopping.map(({ fate }) => fate.reason))].sort(compare);
  return {
    running: countOf('all'),
    moving: countOf('Moves'),
    destinations: destinationsOf(affected, countOf, group),
    continuing: countOf('GoesOn'),
    stopping: countOf('Stops'),
    reasons: reasons.map((reason) => ({ reason, ...countOf(`by ${reason}`) })),
    outages: outagesOf(stopping, countOf),
  };
}

const inSeconds = (ms: number): number => Math.ceil(ms / 1000);

function recoveryOf(region: string, { measured, recovery }: GroupAtStake): WhatIf['recovery'] {
  const measuredMilliseconds = measured.get(region);
  return {
    detectionSeconds: inSeconds(recovery.detectionMs),
    waitSeconds: inSeconds(recovery.waitMs),
    promotedWithinSeconds: inSeconds(recovery.promotedWithinMs),
    ...(measuredMilliseconds !== undefined && { measuredMilliseconds }),
  };
}

/** How many services a region may not take over because it was lost. */
function leftOutIn(region: string, { services }: GroupAtStake): Pick<WhatIf, 'leftOut'> {
  const leftOut = services.filter(({ view }) => view.assignment && isLeftOut(view.assignment, region)).length;
  return leftOut > 0 ? { leftOut } : {};
}

/**
 * For each region of a group: what would happen if it were lost now, decided as it would be then. It is a function of
 * the state alone: nothing in it counts seconds, so nothing changes while nothing happens.
 */
export function computeWhatIf(group: GroupAtStake): WhatIf[] {
  return group.capacities.map(({ region }) => {
    // By name: the words of an outage are those of its first service.
    const outcomes = computeFates(region, group.services, group.sets ?? [], group).toSorted((x, y) =>
      compare(x.service.key, y.service.key),
    );
    const numbers = numbersOf(outcomes.filter(isAffected), group);
    return {
      region,
      survives: objectionTo(numbers) === undefined,
      message: sentenceOf(numbers).slice(0, 512),
      ...numbers,
      outages: numbers.outages.slice(0, LISTED),
      ...unmetAfter(region, outcomes, group.audiences),
      ...(group.facts && { impact: impactAfter(region, outcomes, group.audiences, group.facts) }),
      recovery: recoveryOf(region, group),
      ...leftOutIn(region, group),
      dataLoss: numbers.running.services === 0 ? 'None' : 'Unknown',
    };
  });
}

/** The rule "any one region may be lost", for a condition: names the first region whose loss breaks it, and the numbers. */
export function judgeSurvival(whatIf: readonly WhatIf[]): ConditionState {
  const type = 'SurvivesRegionLoss';
  const [only] = whatIf;
  if (only && whatIf.length === 1) {
    const message = `the group has no other region than ${only.region}`;
    return { type, status: 'False', reason: 'NoSuccessor', message };
  }
  const broken = whatIf.filter(({ survives }) => !survives);
  const [first] = broken;
  const left = leftOutMessage(whatIf);
  if (!first) return { type, status: 'True', reason: 'AsDeclared', message: `${survivedMessage(whatIf)}${left}` };
  const others = broken.length > 1 ? ` (and ${counted(broken.length - 1, 'region')} more)` : '';
  const message = `if region ${first.region} is lost, ${first.message}${others}${left}`;
  return { type, status: 'False', reason: objectionTo(first)?.reason ?? 'TargetUnhealthy', message };
}

function survivedMessage(whatIf: readonly WhatIf[]): string {
  const left = whatIf.filter(({ stopping }) => stopping.services > 0);
  const declared = left.map(({ region, stopping }) => `${stopping.services} in ${region}`).join(', ');
  return `any one region may be lost${declared && `; as declared, services stop with their region: ${declared}`}`;
}

/** Regions that were lost, and take nothing over before they are successors again. */
function leftOutMessage(whatIf: readonly WhatIf[]): string {
  const out = whatIf.filter(({ leftOut = 0 }) => leftOut > 0);
  return out
    .map(
      ({ leftOut = 0, region }) =>
        `; region ${region} was lost and may not take over ${counted(leftOut, 'service')} yet`,
    )
    .join('');
}
