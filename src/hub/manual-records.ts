import { isoTime } from '../api/common.ts';
import type { GroupImpactRow } from '../api/impact.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import { nextStepInMs, shareOf } from '../decide/drain.ts';
import {
  covers,
  drainOrderOf,
  hasBegunAll,
  isMovedAwayBy,
  isOwnRecord,
  isReturning,
  isZoneDrill,
  madeAt,
  namesTenants,
  stopOf,
} from '../decide/manual-switch.ts';
import { NO_TENANTS } from '../decide/tenant-scope.ts';
import { ConflictError } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { newlyLeftOut, withCoverage } from '../report/coverage.ts';
import { drillReport } from '../report/drill.ts';
import { freezeExpired, notCovered } from '../report/events.ts';
import { type ManualProgress, manualReport } from '../report/manual-switch.ts';
import { reportStatus, type StatusReport } from '../report/status.ts';
import { isOver } from '../report/switch.ts';
import { withTraceId } from '../report/switch-spans.ts';
import { undoReport } from '../report/undo.ts';
import { elapsedAtLeast } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { drillOf, planDrillOf, stayLeftMs } from './drill-progress.ts';
import { Linger } from './linger.ts';
import { type ManualRecord, obstacleOf, recover, takeUp, waysOf, withUnnamed } from './manual-record.ts';
import { impactOfSwitch } from './switch-impact.ts';
import { advance, begin, type Move } from './switch-progress.ts';
import { leftOutBy } from './tenant-scopes.ts';
import { ZoneDrills } from './zone-drills.ts';

/** The status lists all services of a switch: it is not written for each of them while they are on their way. */
const REPORT_EVERY_MS = 2000;

/**
 * Keeps the status of every RegionSwitch that a person made. It chooses nothing and deletes nothing. The first step
 * that it reports as ended is what the placement loop reads: from then on the switch begins nothing more.
 */
export class ManualRecords {
  readonly #context: HubContext;
  readonly #zones: ZoneDrills;
  readonly #stays: Linger;
  /** By uid. */
  readonly #records = new Map<string, ManualRecord>();

  constructor(context: HubContext) {
    this.#context = context;
    this.#stays = new Linger(context.clock);
    this.#zones = new ZoneDrills(context, this.#stays);
  }

  /** A leadership takes up what the one before wrote, and what was recorded with the assignments. */
  forget(): void {
    this.#records.clear();
    this.#zones.forget();
  }

  note(move: Move): void {
    const object = this.#context.switches.store.get(move.next.regionSwitch ?? '');
    if (object) waysOf(this.#recordOf(object), object, move.next).set(keyOf(move.instance), begin(move));
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
        if (isZoneDrill(object)) await this.#zones.follow(object, signal);
        else await this.#report(object, signal);
      } catch (error) {
        // It has changed meanwhile: it is looked at anew.
        if (error instanceof ConflictError) continue;
        // One whose report is refused must not keep the others from ever being told of.
        this.#context.log('warn', 'Switch not recorded', { switch: object.metadata.name, error: String(error) });
      }
    }
    this.#zones.publish();
  }

  async #report(object: RegionSwitch, signal: AbortSignal): Promise<void> {
    const instant = this.#context.clock.now();
    const record = this.#recordOf(object);
    recover(this.#context, object, record, instant.wallMs);
    for (const [name, progress] of record.back) record.back.set(name, advance(this.#context, progress, instant.wallMs));
    for (const [name, progress] of record.services) {
      // Who goes home has left the way there as it was.
      if (!record.back.has(name)) record.services.set(name, advance(this.#context, progress, instant.wallMs));
    }
    const isRecent = record.reportedAt !== undefined && elapsedAtLeast(record.reportedAt, instant) < REPORT_EVERY_MS;
    const progress = this.#progressOf(object, record, instant.wallMs);
    if (!progress || (isRecent && !isOver(progress.services))) return;
    const options = {
      client: this.#context.client,
      resource: RESOURCES.regionSwitch,
      store: this.#context.switches.store,
      now: isoTime(instant.wallMs),
      signal,
      // Steps and phase say what may still be begun: a leader of the past must not open again what was closed.
      isExact: true,
    };
    const report = this.#reportOf(object, { ...progress, impact: () => this.#impactOf(object) }, instant.wallMs);
    await reportStatus(options, object, withTraceId(object, report));
    const leftOut = newlyLeftOut(object, report);
    if (leftOut) this.#context.events.record(notCovered(object, leftOut));
    const hasExpired = progress.stop === 'Expired' && object.status?.endTime === undefined;
    if (object.spec.type === 'Freeze' && hasExpired) this.#context.events.record(freezeExpired(object));
    record.reportedAt = instant;
  }

  #reportOf(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
    const leftOut = () =>
      leftOutBy(this.#context, object, this.#context.plans.get(object.metadata.uid ?? '')?.services);
    return withCoverage(reportOf(object, progress, now), object, leftOut);
  }

  /** Of what moves it is said once, before it begins: what has moved already is part of the whole. */
  #impactOf(object: RegionSwitch): readonly GroupImpactRow[] | undefined {
    const known = object.spec.dryRun ? undefined : object.status?.plan?.impact;
    return known ?? impactOfSwitch(this.#context, object);
  }

  #recordOf({ metadata, status }: RegionSwitch): ManualRecord {
    const { uid = metadata.name } = metadata;
    const known = this.#records.get(uid);
    if (known) return known;
    const record = takeUp(status);
    this.#records.set(uid, record);
    return record;
  }

  /** Undefined while the placement loop has not looked at it yet. */
  #progressOf(object: RegionSwitch, record: ManualRecord, now: number): ManualProgress | undefined {
    const stop = stopOf(object, now);
    if (this.#isOfUnknownTenants(object, now)) return undefined;
    const services = withUnnamed(record.services, record.unnamed?.services);
    const back = withUnnamed(record.back, record.unnamed?.back);
    const outlook = this.#context.plans.get(object.metadata.uid ?? '');
    const known = outlook?.services;
    const left = this.#leftBy(object, record);
    const isReturn = isReturning(object);
    const plan = (known ?? []).filter(({ name }) => (isReturn ? left.has(name) : !record.services.has(name)));
    const obstacle = services.length === 0 && plan.length === 0 ? obstacleOf(this.#context, object) : undefined;
    const needsPlan = object.spec.type !== 'Freeze' && !stop && !hasBegunAll(object);
    if (!known && !obstacle && needsPlan && !isReturn) return undefined;
    const drain = this.#drainOf(object, now);
    const { regions = [] } = outlook ?? {};
    const progress = { services, plan, regions, drain, stop, obstacle, back, left: left.size, drill: undefined };
    if (!object.spec.drill || obstacle) return progress;
    if (object.spec.drill.kind === 'Plan') return { ...progress, drill: planDrillOf(object, progress, now) };
    // Once all have begun the placement loop plans no more.
    const waiting = hasBegunAll(object) ? [] : known && plan.filter(({ verdict }) => verdict !== 'Stays');
    const stay = stayLeftMs(this.#stays, object);
    return { ...progress, drill: drillOf(this.#context, object, { ...progress, waiting, stayLeftMs: stay }, now) };
  }

  #isOfUnknownTenants(object: RegionSwitch, now: number): boolean {
    const { groups, standings } = this.#context;
    const group = object.spec.iuGroupRef.name;
    return namesTenants(object, now) && groups.store.get(group) !== undefined && !standings.has(group);
  }

  /** Services that are where this switch brought them, and have not begun to go home. */
  #leftBy(object: RegionSwitch, { services }: ManualRecord): ReadonlySet<string> {
    const { iuGroupRef, region = '' } = object.spec;
    if (!isReturning(object)) return new Set();
    const { assignments, instances } = this.#context;
    const moved = new Set(services.keys());
    const asked = { name: object.metadata.name, region, moved, madeAtMs: madeAt(object) };
    const ofGroup = instances.store.byIndex('group', iuGroupRef.name).filter((instance) => {
      const assignment = assignments.get(keyOf(instance));
      const primary = instance.spec.primaryRegion;
      return assignment !== undefined && isMovedAwayBy(asked, { assignment, key: keyOf(instance), primary });
    });
    return new Set(ofGroup.map(keyOf));
  }

  /** Told from the weights that the services report: what is led where, and not what should be. */
  #drainOf(object: RegionSwitch, now: number): ManualProgress['drain'] {
    const order = object.spec.dryRun ? undefined : drainOrderOf(object);
    if (order?.startTime === undefined) return undefined;
    const { region, startTime } = order;
    const drained = { ...order, startTime, regionSwitch: order.name, fromPercent: 100 };
    const sharePercent = shareOf(drained, now);
    const stepMs = nextStepInMs(drained, now);
    const { iuGroupRef, services, tenants } = object.spec;
    const known = this.#context.standings.get(iuGroupRef.name)?.scopes?.get(order.name);
    const scope = { services: services && new Set(services), tenants: tenants && (known ?? NO_TENANTS) };
    const inScope = this.#context.instances.store
      .byIndex('group', object.spec.iuGroupRef.name)
      .filter((instance) => covers(scope, keyOf(instance)));
    const weights = inScope.flatMap(({ status }) => status?.weights?.filter((each) => each.region === region) ?? []);
    if (weights.length === 0) return undefined;
    return {
      services: weights.length,
      sharePercent,
      onlyHere: sharePercent > 0 ? 0 : weights.filter(({ weight }) => weight > 0).length,
      ...(stepMs === undefined ? {} : { nextStepTime: isoTime(now + stepMs) }),
    };
  }
}

function reportOf(object: RegionSwitch, progress: ManualProgress, now: number): StatusReport {
  if (object.spec.type === 'Drill') return drillReport(object, progress, now);
  const isUndone = object.spec.abort && object.spec.undo && !progress.obstacle;
  return isUndone ? undoReport(object, progress, now) : manualReport(object, progress, now);
}

/** Ended, and nothing of its spec has changed since. */
const isToldInFull = ({ metadata, status }: RegionSwitch): boolean =>
  status?.endTime !== undefined && status.observedGeneration === metadata.generation;
