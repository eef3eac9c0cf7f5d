import { isoTime } from '../api/common.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import { regionLeft } from '../decide/assignment.ts';
import { hasBegunAll, isManual, isOwnRecord, stopOf } from '../decide/manual-switch.ts';
import { keyOf } from '../kube/object.ts';
import { freezeExpired } from '../report/events.ts';
import { type ManualProgress, manualReport } from '../report/manual-switch.ts';
import { reportStatus } from '../report/status.ts';
import { isOver, progressOf, type ServiceProgress } from '../report/switch.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { unitOf } from './region-link.ts';
import { advance, begin, type Move } from './switch-progress.ts';

/** The status lists all services of a switch: it is not written for each of them while they are on their way. */
const REPORT_EVERY_MS = 2000;

interface ManualRecord {
  readonly services: Map<string, ServiceProgress>;
  reportedAt: Instant | undefined;
}

/**
 * Keeps the status of every RegionSwitch that a person made. It chooses nothing and deletes nothing. The first step
 * that it reports as ended is what the placement loop reads: from then on the switch begins nothing more.
 */
export class ManualRecords {
  readonly #context: HubContext;
  /** By uid. */
  readonly #records = new Map<string, ManualRecord>();

  constructor(context: HubContext) {
    this.#context = context;
  }

  /** A leadership takes up what the one before wrote, and what was recorded with the assignments. */
  forget(): void {
    this.#records.clear();
  }

  note(move: Move): void {
    const object = this.#context.switches.store.get(move.next.regionSwitch ?? '');
    if (object) this.#recordOf(object).services.set(keyOf(move.instance), begin(move));
  }

  async follow(signal: AbortSignal): Promise<void> {
    const { assignments, switches } = this.#context;
    if (!assignments.loaded || !switches.reflector.synced) return;
    const objects = switches.store.list();
    const uids = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const uid of this.#records.keys()) if (!uids.has(uid)) this.#records.delete(uid);
    for (const object of objects) {
      if (isOwnRecord(object) || object.metadata.deletionTimestamp || isToldInFull(object)) continue;
      try {
        await this.#report(object, signal);
      } catch (error) {
        // One whose report is refused must not keep the others from ever being told of.
        this.#context.log('warn', 'Switch not recorded', { switch: object.metadata.name, error: String(error) });
      }
    }
  }

  async #report(object: RegionSwitch, signal: AbortSignal): Promise<void> {
    const instant = this.#context.clock.now();
    const record = this.#recordOf(object);
    this.#recover(object, record.services);
    for (const [name, progress] of record.services)
      record.services.set(name, advance(this.#context, progress, instant.wallMs));
    const isRecent = record.reportedAt !== undefined && elapsedAtLeast(record.reportedAt, instant) < REPORT_EVERY_MS;
    const progress = this.#progressOf(object, [...record.services.values()], instant.wallMs);
    if (!progress || (isRecent && !isOver(progress.services))) return;
    const options = {
      client: this.#context.client,
      resource: RESOURCES.regionSwitch,
      store: this.#context.switches.store,
      now: isoTime(instant.wallMs),
      signal,
    };
    await reportStatus(options, object, manualReport(object, progress, instant.wallMs));
    const hasExpired = progress.stop === 'Expired' && object.status?.endTime === undefined;
    if (object.spec.type === 'Freeze' && hasExpired) this.#context.events.record(freezeExpired(object));
    record.reportedAt = instant;
  }

  #recordOf({ metadata, status }: RegionSwitch): ManualRecord {
    const { uid = metadata.name } = metadata;
    const known = this.#records.get(uid);
    if (known) return known;
    const services = (status?.services ?? []).map((entry): [string, ServiceProgress] => [
      entry.name,
      progressOf(entry),
    ]);
    const record = { services: new Map(services), reportedAt: undefined };
    this.#records.set(uid, record);
    return record;
  }

  /** An intent whose reply was lost, or whose leader fell before it could say so: the assignment tells whose it is. */
  #recover({ metadata, spec }: RegionSwitch, services: Map<string, ServiceProgress>): void {
    if (spec.type === 'Freeze' || spec.dryRun) return;
    const { assignments, instances } = this.#context;
    const madeAt = Date.parse(metadata.creationTimestamp ?? '') || 0;
    for (const instance of instances.store.byIndex('group', spec.iuGroupRef.name)) {
      const key = keyOf(instance);
      const next = assignments.get(key);
      if (!next || next.regionSwitch !== metadata.name || services.has(key)) continue;
      const decidedAt = Date.parse(next.since);
      const from = regionLeft(next);
      if (decidedAt < madeAt || from === undefined) continue;
      services.set(key, begin({ instance, from, next, lastSignAt: undefined, evidence: [], decidedAt }));
    }
  }

  /** Undefined while the placement loop has not looked at it yet. */
  #progressOf(object: RegionSwitch, services: readonly ServiceProgress[], now: number): ManualProgress | undefined {
    const stop = stopOf(object, now);
    const known = this.#context.plans.get(object.metadata.uid ?? '');
    const plan = (known ?? []).filter(({ name }) => !services.some((service) => service.name === name));
    const obstacle = services.length === 0 && plan.length === 0 ? this.#obstacleOf(object) : undefined;
    const needsPlan = object.spec.type !== 'Freeze' && !stop && !hasBegunAll(object);
    return known || obstacle || !needsPlan ? { services, plan, stop, obstacle } : undefined;
  }

  #obstacleOf(object: RegionSwitch): ManualProgress['obstacle'] {
    const { iuGroupRef, region } = object.spec;
    if (!isManual(object)) {
      return {
        reason: 'InvalidSpec',
        message: 'trigger Automatic marks the records of the operator: make a RegionSwitch without it',
      };
    }
    const group = this.#context.groups.store.get(iuGroupRef.name);
    if (!group) return { reason: 'IUGroupNotFound', message: `IU group ${iuGroupRef.name} does not exist` };
    if (region === undefined || unitOf(group, region)) return undefined;
    return { reason: 'RegionNotInGroup', message: `region ${region} is no infrastructure unit of ${iuGroupRef.name}` };
  }
}

/** Ended, and nothing of its spec has changed since. */
const isToldInFull = ({ metadata, status }: RegionSwitch): boolean =>
  status?.endTime !== undefined && status.observedGeneration === metadata.generation;
