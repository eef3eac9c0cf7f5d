import type { MovedService, RegionSwitch, RegionSwitchStatus, SwitchStep } from '../api/region-switch.ts';
import type { Assignment, ServiceInstance } from '../api/service-instance.ts';
import { regionLeft } from '../decide/assignment.ts';
import { isManual, isWayHome, madeAt } from '../decide/manual-switch.ts';
import { keyOf } from '../kube/object.ts';
import type { ManualProgress } from '../report/manual-switch.ts';
import { progressOf, type ServiceProgress } from '../report/switch.ts';
import type { Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { unitOf } from './region-link.ts';
import { advance, begin } from './switch-progress.ts';

/** What this leadership knows of the services of a RegionSwitch that a person made: all of them, where the status lists some. */
export interface ManualRecord {
  /** On the way that the type of the switch says. */
  readonly services: Map<string, ServiceProgress>;
  /** On the way home, of a drill or by an undo. */
  readonly back: Map<string, ServiceProgress>;
  /** How many an earlier leader had begun on each way, where its lists name fewer; undefined: they name all. */
  readonly cut: { readonly services: number; readonly back: number } | undefined;
  /** Of these, how many no assignment tells of either; undefined before the assignments were asked. */
  unnamed: { readonly services: number; readonly back: number } | undefined;
  reportedAt: Instant | undefined;
}

/** From what an earlier leader wrote. */
export function takeUp(status: RegionSwitchStatus | undefined): ManualRecord {
  return {
    services: takenUp(status?.services),
    back: takenUp(status?.back?.services),
    cut: cutOf(status),
    unnamed: undefined,
    reportedAt: undefined,
  };
}

export const takenUp = (entries: readonly MovedService[] = []): Map<string, ServiceProgress> =>
  new Map(entries.map((entry): [string, ServiceProgress] => [entry.name, progressOf(entry)]));

const begunBy = (steps: readonly SwitchStep[] = []): number =>
  steps.find(({ name }) => name === 'RecordIntent')?.done ?? 0;

function cutOf(status: RegionSwitchStatus | undefined): ManualRecord['cut'] {
  const begun = begunBy(status?.steps);
  const begunBack = begunBy(status?.back?.steps);
  const isCut = begun > (status?.services?.length ?? 0) || begunBack > (status?.back?.services.length ?? 0);
  return isCut ? { services: begun, back: begunBack } : undefined;
}

/** Ready at the first look: an earlier leader has seen how long it took, and this one has not. */
export const untimed = (progress: ServiceProgress): ServiceProgress =>
  progress.readyAt === undefined ? progress : { ...progress, isUntimed: true };

const hasBeenThere = ({ decidedAt, epoch, from, name, to }: ServiceProgress): ServiceProgress => ({
  name,
  from: to,
  to: from,
  epoch: epoch - 1,
  decidedAt,
  lastSignAt: undefined,
  promotedAt: decidedAt,
  readyAt: decidedAt,
  isUntimed: true,
  trafficMoved: true,
  cleanedUp: true,
  protected: true,
  superseded: false,
});

/** Those that were counted, are not listed, and whose assignments name another switch: something else has moved them since. */
export function withUnnamed(services: ReadonlyMap<string, ServiceProgress>, count = 0): ServiceProgress[] {
  const known = [...services.values()];
  const [first] = known;
  if (!first || count === 0) return known;
  const one = { ...hasBeenThere(first), name: 'a service that is not listed', superseded: true, isUnnamed: true };
  return [...known, ...Array.from({ length: count }, () => one)];
}

/** The services that are on the same way as an assignment. */
export const waysOf = ({ back, services }: ManualRecord, object: RegionSwitch, next: Assignment) =>
  isWayHome(object, next) ? back : services;

/**
 * An intent whose reply was lost, or whose leader fell before it could say so, and what the lists had no place for: the
 * assignment tells whose it is.
 */
export function recover(context: HubContext, object: RegionSwitch, record: ManualRecord, now: number): void {
  const { metadata, spec } = object;
  if (spec.type === 'Freeze' || spec.dryRun) return;
  for (const instance of context.instances.store.byIndex('group', spec.iuGroupRef.name)) {
    const next = context.assignments.get(keyOf(instance));
    if (next?.regionSwitch === metadata.name) find(context, object, record, { instance, next, now });
  }
  record.unnamed ??= {
    services: Math.max(0, (record.cut?.services ?? 0) - record.services.size),
    back: Math.max(0, (record.cut?.back ?? 0) - record.back.size),
  };
}

interface Found {
  readonly instance: ServiceInstance;
  readonly next: Assignment;
  readonly now: number;
}

function find(context: HubContext, object: RegionSwitch, record: ManualRecord, { instance, next, now }: Found): void {
  const key = keyOf(instance);
  const services = waysOf(record, object, next);
  const decidedAt = Date.parse(next.since);
  const from = regionLeft(next);
  if (services.has(key) || decidedAt < madeAt(object) || from === undefined) return;
  const begun = begin({ instance, from, next, lastSignAt: undefined, evidence: [], decidedAt });
  services.set(key, record.cut ? untimed(advance(context, begun, now)) : begun);
  // Who is on the way home has been there, also where the list had no place to say so.
  if (record.cut && services === record.back && !record.services.has(key))
    record.services.set(key, hasBeenThere(begun));
}

/** Why it will never begin; undefined: it may. */
export function obstacleOf({ groups }: HubContext, object: RegionSwitch): ManualProgress['obstacle'] {
  const { iuGroupRef, region } = object.spec;
  if (!isManual(object)) {
    const message = 'trigger Automatic marks the records of the operator: make a RegionSwitch without it';
    return { reason: 'InvalidSpec', message };
  }
  const group = groups.store.get(iuGroupRef.name);
  if (!group) return { reason: 'IUGroupNotFound', message: `IU group ${iuGroupRef.name} does not exist` };
  if (region === undefined || unitOf(group, region)) return undefined;
  return { reason: 'RegionNotInGroup', message: `region ${region} is no infrastructure unit of ${iuGroupRef.name}` };
}
