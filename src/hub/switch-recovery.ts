import type { RegionSwitch } from '../api/region-switch.ts';
import type { Assignment } from '../api/service-instance.ts';
import { regionLeft } from '../decide/assignment.ts';
import { isOwnRecord } from '../decide/manual-switch.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';
import type { Move } from './switch-progress.ts';

/** What happened longer ago may have had a record that the bound of the history took away. */
const RECENT_MS = 600_000;

/**
 * Moves that the operator made by itself and that no record tells of: the hub that recorded the intent died before it
 * could write one, or never heard that its write had arrived. The assignments tell of them.
 */
export class UntoldMoves {
  readonly #context: HubContext;
  /** By service: since when it is where it is, for each move that this leadership knows to be told. */
  readonly #told = new Map<string, string>();

  constructor(context: HubContext) {
    this.#context = context;
  }

  forget(): void {
    this.#told.clear();
  }

  /** It is told from now on. A record that a person deletes is not made anew. */
  note({ instance, next }: Move): void {
    this.#told.set(keyOf(instance), next.since);
  }

  /** Each is found once. */
  take(): Move[] {
    const { assignments, clock, instances, switches } = this.#context;
    if (!assignments.loaded || !switches.reflector.synced) return [];
    const now = clock.now().wallMs;
    const records = switches.store.list().filter(isOwnRecord);
    return instances.store.list().flatMap((instance) => {
      const key = keyOf(instance);
      const next = assignments.get(key);
      if (!next || this.#told.get(key) === next.since || !isAutomaticMove(next)) return [];
      this.#told.set(key, next.since);
      const decidedAt = Date.parse(next.since);
      const from = regionLeft(next);
      if (from === undefined || now - decidedAt > RECENT_MS || records.some((record) => tells(record, key, next))) {
        return [];
      }
      return [{ instance, from, next, lastSignAt: undefined, evidence: [], decidedAt }];
    });
  }
}

const isAutomaticMove = ({ reason, regionSwitch }: Assignment): boolean =>
  regionSwitch === undefined && ['FailedOver', 'RegionSick', 'SwitchedBack', 'Moved'].includes(reason);

/** Moves of one region that are decided within this time are one switch. */
export const JOIN_WITHIN_MS = 30_000;

/** What an own record counts and has no place to list, as far as nothing has moved it since: the assignments tell. */
export function unlistedMoves(
  { assignments, instances }: Pick<HubContext, 'assignments' | 'instances'>,
  { spec, status }: RegionSwitch,
): Move[] {
  const listed = new Set(status?.services?.map(({ name }) => name));
  if ((status?.servicesTotal ?? 0) <= listed.size) return [];
  const openedAt = Date.parse(status?.startTime ?? '');
  return instances.store.byIndex('group', spec.iuGroupRef.name).flatMap((instance): Move[] => {
    const key = keyOf(instance);
    const next = assignments.get(key);
    const from = next && regionLeft(next);
    if (!from || listed.has(key) || !isAutomaticMove(next)) return [];
    const { region, type } = recordedAs(from, next);
    const decidedAt = Date.parse(next.since);
    // The start is told in whole seconds.
    const isMeant = decidedAt >= openedAt && decidedAt - openedAt < JOIN_WITHIN_MS + 1000;
    if (!isMeant || region !== spec.region || type !== spec.type) return [];
    return [{ instance, from, next, lastSignAt: undefined, evidence: [], decidedAt }];
  });
}

/** The record that tells of an automatic move. */
export function recordedAs(from: string, next: Assignment): Pick<RegionSwitch['spec'], 'type'> & { region: string } {
  const isFailover = next.reason === 'FailedOver' || next.reason === 'RegionSick';
  return isFailover ? { type: 'Failover', region: from } : { type: 'Switchback', region: next.activeRegion };
}

/** A record names 200 services at most: what one that has more does not name, it may mean. */
function tells({ status }: RegionSwitch, key: string, { activeRegion, since }: Assignment): boolean {
  const services = status?.services ?? [];
  const isMeant = services.some(
    ({ decidedTime, name, to }) => name === key && to === activeRegion && Date.parse(decidedTime) >= Date.parse(since),
  );
  const isBounded = (status?.servicesTotal ?? 0) > services.length && services[0]?.to === activeRegion;
  return isMeant || (isBounded && Date.parse(status?.endTime ?? since) >= Date.parse(since));
}
