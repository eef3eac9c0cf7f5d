import { isoTime } from '../api/common.ts';
import type { IUGroupStatus } from '../api/iu-group.ts';
import type { HoldStatus } from '../api/service-instance.ts';
import type { InstanceDecision } from '../decide/instance-view.ts';

/** Two readings of one moment differ by that, and by a share of the time that is left: clocks drift apart meanwhile. */
const SAME_TIME_MS = 2000;
const SAME_TIME_SHARE = 0.1;

type Held = Extract<InstanceDecision, { kind: 'Hold' }>;

/** The end of a hold as a moment, which stays as it was first told: a countdown that is written is a write each second. */
export function untilOf(leftMs: number, before: string | undefined, nowMs: number): string {
  const endMs = nowMs + leftMs;
  const isSame = Math.abs(endMs - Date.parse(before ?? '')) <= SAME_TIME_MS + SAME_TIME_SHARE * leftMs;
  return before !== undefined && isSame ? before : isoTime(Math.ceil(endMs / 1000) * 1000);
}

/** @param before what was last told of the service, by this leader or an earlier one */
export function holdStatus(held: Held, before: HoldStatus | undefined, nowMs: number): HoldStatus {
  const { endsWhen, message, reason, recheckAfterMs, wanted } = held;
  const known = before?.wanted === wanted && before.reason === reason ? before.until : undefined;
  return {
    wanted,
    reason,
    message: message.slice(0, 1024),
    ...(recheckAfterMs === undefined
      ? endsWhen !== undefined && { endsWhen }
      : { until: untilOf(recheckAfterMs, known, nowMs) }),
  };
}

/** In a sentence, for conditions, events and logs. What a person has set ends at a time that the message names. */
export function describeHold({ endsWhen, message, until }: Omit<HoldStatus, 'wanted' | 'reason'>): string {
  if (until !== undefined) return message.includes(until.replace('Z', '')) ? message : `${message}; until ${until}`;
  return endsWhen === undefined ? message : `${message}; ends when ${endsWhen}`;
}

/** What a group says of the way home; undefined when nothing is held on it. */
export function summarizeReturns(holds: readonly HoldStatus[]): IUGroupStatus['switchback'] {
  const returns = holds.filter(({ wanted }) => wanted === 'SwitchedBack');
  if (returns.length === 0) return undefined;
  const [nextTime] = returns.flatMap(({ until }) => until ?? []).sort((x, y) => Date.parse(x) - Date.parse(y));
  return {
    held: returns.length,
    awaitingApproval: returns.filter(({ reason }) => reason === 'ReadyToSwitchBack').length,
    ...(nextTime !== undefined && { nextTime }),
  };
}
