import { isoTime } from '../api/common.ts';
import type { Reason } from '../api/conditions.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { KeptEmpty } from '../api/regional-service.ts';
import { RESOURCES } from '../api/resources.ts';
import { isManual, isZoneDrill } from '../decide/manual-switch.ts';
import type { ZoneProgress } from '../decide/zone-drill.ts';
import { newlyLeftOut, withCoverage } from '../report/coverage.ts';
import { notCovered, zoneDrillHeld } from '../report/events.ts';
import { reportStatus, type StatusReport } from '../report/status.ts';
import { withTraceId } from '../report/switch-spans.ts';
import { type ZoneDrillFacts, zoneDrillReport } from '../report/zone-drill.ts';
import type { HubContext } from './context.ts';
import { stayLeftMs } from './drill-progress.ts';
import type { Linger } from './linger.ts';
import { leftOutBy } from './tenant-scopes.ts';
import { abortAfterMs, lookAtZoneDrill, startOf, uidOf, untilOf } from './zone-drill-facts.ts';

/**
 * Carries out drills of zones, by a field of the orders and by nothing else: no assignment, epoch or right is touched.
 * Each step stands in the status before anything follows from it; the orders follow what is published after that.
 */
export class ZoneDrills {
  readonly #context: HubContext;
  readonly #stays: Linger;
  /** By uid: what has begun. */
  readonly #records = new Map<string, readonly ZoneProgress[]>();
  /** By uid: which hold was told last. */
  readonly #told = new Map<string, string>();
  #term: number | undefined;

  constructor(context: HubContext, stays: Linger) {
    this.#context = context;
    this.#stays = stays;
  }

  /** A leadership takes up what the one before wrote, and what stands in the orders. */
  forget(): void {
    this.#records.clear();
    this.#told.clear();
    this.#context.keptEmpty.forget();
  }

  async follow(object: RegionSwitch, signal: AbortSignal): Promise<void> {
    const { client, clock, leadership, switches } = this.#context;
    this.#begin();
    const now = clock.now().wallMs;
    const record = { known: this.#records.get(uidOf(object)), stayLeftMs: stayLeftMs(this.#stays, object) };
    const facts = lookAtZoneDrill(this.#context, object, record, now);
    if (!facts || !leadership.isCertain()) return;
    const report = this.#reportOf(object, facts, now);
    const store = switches.store;
    const options = { client, resource: RESOURCES.regionSwitch, store, now: isoTime(now), signal, isExact: true };
    await reportStatus(options, object, withTraceId(object, report));
    this.#tell(object, facts, report);
    // Only now: what is not written has not begun.
    this.#records.set(uidOf(object), facts.begun);
  }

  /** Says in which orders a zone is to be empty, by the statuses that were written. */
  publish(): void {
    const { keptEmpty, leadership, links, lookAgain, switches } = this.#context;
    this.#begin();
    if (!switches.reflector.fresh || !leadership.isCertain()) return;
    const objects = switches.store.list();
    const uids = new Set(objects.map(uidOf));
    for (const uid of this.#records.keys()) if (!uids.has(uid)) this.#records.delete(uid);
    const drills = objects.filter(keepsZoneEmpty);
    // One that this leadership has not looked at yet: its orders stay as they are.
    if (drills.some((drill) => !this.#records.has(uidOf(drill)))) return;
    const kept = new Map<string, ReadonlyMap<string, KeptEmpty>>();
    for (const drill of drills) {
      const { region = '' } = drill.spec;
      kept.set(region, new Map([...(kept.get(region) ?? []), ...this.#keptBy(drill)]));
    }
    const regions = links.list().map(({ region }) => region);
    for (const region of keptEmpty.note(leadership.term, kept, regions)) lookAgain.region(region);
  }

  #begin(): void {
    const { term } = this.#context.leadership;
    if (term !== this.#term) this.forget();
    this.#term = term;
  }

  #keptBy(drill: RegionSwitch): [string, KeptEmpty][] {
    const { metadata, spec } = drill;
    const until = untilOf(drill, this.#context.clock.now().wallMs);
    const kept = { zone: spec.drill?.zone ?? '', until: isoTime(until), regionSwitch: metadata.name };
    const begun = (this.#records.get(uidOf(drill)) ?? []).filter(({ isTaken }) => !isTaken);
    // Whole seconds, as the status has them: so every leader gives the same order.
    return begun.map(({ beganAt, name }) => {
      const seconds = Math.max(1, Math.ceil(until / 1000) - Math.floor(beganAt / 1000));
      return [name, { ...kept, seconds }];
    });
  }

  #reportOf(object: RegionSwitch, facts: ZoneDrillFacts, now: number): StatusReport {
    const leftOut = () => leftOutBy(this.#context, object, facts.plan);
    return withCoverage(zoneDrillReport(object, facts, now), object, leftOut);
  }

  /** A hold is told once for as long as it is the same one. */
  #tell(object: RegionSwitch, { plan, drill }: ZoneDrillFacts, report: StatusReport): void {
    const { clock, events } = this.#context;
    const held = drill?.phase === 'Away' ? plan?.find(({ verdict }) => verdict === 'Held') : undefined;
    const said = held ? `${held.name} ${held.reason}` : '';
    if (held && this.#told.get(uidOf(object)) !== said) {
      const latest = isoTime(startOf(object, clock.now().wallMs) + abortAfterMs(object));
      const what = `${held.name} does not leave zone ${object.spec.drill?.zone}: ${held.message}`;
      const reason = (held.reason ?? 'NotReadyInTime') as Reason;
      events.record(zoneDrillHeld(object, reason, `${what}; it is looked at again until ${latest}`));
    }
    this.#told.set(uidOf(object), said);
    const leftOut = newlyLeftOut(object, report);
    if (leftOut) events.record(notCovered(object, leftOut));
  }
}

const keepsZoneEmpty = (object: RegionSwitch): boolean =>
  isZoneDrill(object) &&
  isManual(object) &&
  object.metadata.deletionTimestamp === undefined &&
  object.status?.startTime !== undefined &&
  object.status.endTime === undefined &&
  ['Away', 'Staying'].includes(object.status.drill?.phase ?? '');
