import { isoTime } from '../api/common.ts';
import type { Reason } from '../api/conditions.ts';
import type { DrillStatus, EmptiedService, PlannedService, RegionSwitch, SwitchPlan } from '../api/region-switch.ts';
import type { ZoneProgress } from '../decide/zone-drill.ts';
import { resultStanding } from './drill.ts';
import { endedReport, type Standing, standingConditions, summarizePlan } from './manual-switch.ts';
import type { StatusReport } from './status.ts';
import { LISTED } from './switch.ts';

export interface ZoneDrillFacts {
  readonly begun: readonly ZoneProgress[];
  /** What is not begun, and why; undefined when nothing begins any more. */
  readonly plan: readonly PlannedService[] | undefined;
  readonly drill: DrillStatus | undefined;
  /** Why it will never begin; undefined: it may. */
  readonly refusal: { readonly reason: Reason; readonly message: string } | undefined;
}

const timeOf = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : isoTime(ms));
const msOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

const entryOf = ({ beganAt, emptyAt, filledAt, name, notServingMs }: ZoneProgress): EmptiedService => {
  const emptyTime = timeOf(emptyAt);
  const filledTime = timeOf(filledAt);
  return {
    name,
    beganTime: isoTime(beganAt),
    ...(emptyTime === undefined ? {} : { emptyTime, notServingMilliseconds: notServingMs }),
    ...(filledTime === undefined ? {} : { filledTime }),
  };
};

/** Where a service stands by what an earlier leader wrote. What is not written there is found out again. */
export const zoneProgressOf = ({
  beganTime,
  emptyTime,
  filledTime,
  name,
  notServingMilliseconds,
}: EmptiedService): ZoneProgress => ({
  name,
  beganAt: Date.parse(beganTime),
  emptyAt: msOf(emptyTime),
  filledAt: msOf(filledTime),
  unsettledAt: emptyTime === undefined ? Date.parse(beganTime) : undefined,
  notServingMs: notServingMilliseconds ?? 0,
  told: 'this hub has not heard of it yet',
  releasedAt: undefined,
  isTaken: false,
});

/** The status of a drill of a zone. Its end has one of three results, and stays as it is for ever. */
export function zoneDrillReport(object: RegionSwitch, facts: ZoneDrillFacts, now: number): StatusReport {
  const { begun, drill = { phase: 'Away' }, plan = [], refusal } = facts;
  const { status } = object;
  if (status?.endTime !== undefined) return endedReport(object);
  if (refusal) return { conditions: standingConditions({ is: 'Stalled', ...refusal }) };
  const longest = Math.max(status?.slowestRecoveryMilliseconds ?? 0, ...begun.map((each) => each.notServingMs));
  const hasBegun = new Set(begun.map(({ name }) => name));
  const rest = plan.filter(({ name }) => !hasBegun.has(name));
  return {
    conditions: standingConditions(standingOf(object, drill, begun, rest)),
    fields: {
      startTime: status?.startTime ?? isoTime(now),
      ...(drill.phase === 'Ended' ? { endTime: isoTime(now) } : {}),
      servicesTotal:
        drill.phase === 'Away' ? hasBegun.size + rest.filter((p) => p.verdict !== 'Stays').length : begun.length,
      ...(begun.length > 0 ? { emptied: listed(begun), slowestRecoveryMilliseconds: longest } : {}),
      ...(drill.phase === 'Away' ? { plan: rest.length > 0 ? planOf(rest) : null } : {}),
      drill,
    },
  };
}

/** Every number is given: a status is merged, and what is left out would stay as it was. */
function planOf(rest: readonly PlannedService[]): SwitchPlan {
  const empties = rest.filter(({ verdict }) => verdict === 'Empties').length;
  return { ...summarizePlan(rest), empties };
}

/** What is still to come first: that is what only the list tells the next leader. */
function listed(begun: readonly ZoneProgress[]): EmptiedService[] {
  const rank = ({ emptyAt, filledAt }: ZoneProgress): number => (filledAt ? 2 : emptyAt ? 1 : 0);
  const sorted = begun.length <= LISTED ? begun : begun.toSorted((x, y) => rank(x) - rank(y)).slice(0, LISTED);
  return sorted.map(entryOf);
}

/** What the end of the emptying waits for: a hold first, then what is slow. */
function leaving(begun: readonly ZoneProgress[], rest: readonly PlannedService[]): string {
  const held = rest.find(({ verdict }) => verdict === 'Held');
  if (held) return `${held.name} is held: ${held.message}`;
  const slow = begun.find(({ unsettledAt }) => unsettledAt !== undefined);
  if (slow) return `${slow.name}: ${slow.told}`;
  const waits = rest.filter(({ verdict }) => verdict === 'Empties').length;
  return waits > 0 ? `${waits} are about to begin` : `${begun.length} are out`;
}

function standingOf(
  { spec }: RegionSwitch,
  drill: DrillStatus,
  begun: readonly ZoneProgress[],
  rest: readonly PlannedService[],
): Standing {
  const running = (message: string): Standing => ({
    is: 'Reconciling',
    reason: 'Progressing',
    message: message.slice(0, 1024),
  });
  const zone = `zone ${spec.drill?.zone}`;
  switch (drill.phase) {
    case 'Away':
      return running(`services leave ${zone}: ${leaving(begun, rest)}`);
    case 'Staying':
      return running(`${begun.length} services run without ${zone}, which fills again at ${drill.stayUntil}`);
    case 'Home': {
      const why = drill.cause ? `${drill.cause.message}; ` : '';
      const full = begun.filter(({ filledAt }) => filledAt !== undefined).length;
      return running(`${why}${full} of ${begun.length} services stand in ${zone} again`);
    }
    case 'Ended':
      return resultStanding(drill);
    default:
      return drill.phase satisfies never;
  }
}
