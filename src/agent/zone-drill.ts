import { isoTime } from '../api/common.ts';
import type { Emptiness, RegionalService } from '../api/regional-service.ts';
import { decideEmptying, type Emptying, idlePart, type ZonePicture } from '../decide/kept-empty.ts';
import type { Slot } from '../decide/slot.ts';
import { keyOf } from '../kube/object.ts';
import { type ServicePicture, selectedSlot } from '../observe/service-picture.ts';
import { zoneReleased } from '../report/events.ts';
import { elapsedAtLeast, elapsedAtMost, type Instant } from '../runtime/clock.ts';
import type { AgentContext } from './context.ts';

/** What this leadership knows of the drill that a service is in. */
export interface ZoneMemory {
  readonly told: Emptiness;
  readonly seenAt: Instant;
  /** How long it had been seen before that, by agents that led before. */
  readonly seenBeforeMs: number;
  /** Since when a part of it serves nobody; undefined: all parts serve. */
  readonly idleSince: Instant | undefined;
}

const pictureOf = (order: RegionalService, picture: ServicePicture): ZonePicture => {
  const selectedOf = (name: string, pairs: number): (Slot | undefined)[] =>
    Array.from({ length: pairs }, (_, pair) => selectedSlot(picture, name, pair));
  const { components } = order.spec;
  return {
    components,
    pods: picture.pods,
    nodes: picture.nodes,
    selected: new Map(components.map(({ name, pairs = [] }) => [name, selectedOf(name, pairs.length)])),
  };
};

/**
 * What is to be empty now, if anything. It is asked on the way to run a service, so never of what is fenced or stands by;
 * and it asks for no right.
 */
export function lookAtZone(
  context: AgentContext,
  order: RegionalService,
  picture: ServicePicture,
  settledMs: number,
): Emptying | undefined {
  const { clock, emptiness } = context;
  if (!order.spec.keptEmpty) {
    emptiness.delete(keyOf(order));
    return undefined;
  }
  const now = clock.now();
  const before = memoryOf(context, order, now);
  const elapsedMs = before ? before.seenBeforeMs + elapsedAtMost(before.seenAt, now) : 0;
  const zones = pictureOf(order, picture);
  const decided = decideEmptying({ ...zones, order: order.spec, before: before?.told, elapsedMs, settledMs });
  if (decided) remember(context, order, { before, decided, isIdle: idlePart(zones) !== undefined, now });
  return decided;
}

interface Look {
  readonly before: ZoneMemory | undefined;
  readonly decided: Emptying;
  readonly isIdle: boolean;
  readonly now: Instant;
}

function remember({ emptiness, events, log }: AgentContext, order: RegionalService, look: Look): void {
  const { before, decided, now } = look;
  const { regionSwitch = '', zone = '' } = order.spec.keptEmpty ?? {};
  const { idleSince, longestMs } = measure(look);
  const told: Emptiness = {
    regionSwitch,
    zone,
    state: decided.state,
    // Why it was given back is said once, and stands.
    message: before?.told.state === 'Filled' ? before.told.message : decided.message,
    sinceTime: before?.told.sinceTime ?? isoTime(now.wallMs),
    notServingMilliseconds: longestMs,
  };
  emptiness.set(keyOf(order), { told, idleSince, seenAt: now, seenBeforeMs: 0, ...seenOf(before) });
  if (!decided.isEarly) return;
  events.record(zoneReleased(order, decided.message));
  log('info', 'Zone is given back', { service: keyOf(order), zone, because: decided.message });
}

const seenOf = (before: ZoneMemory | undefined): Partial<Pick<ZoneMemory, 'seenAt' | 'seenBeforeMs'>> =>
  before ? { seenAt: before.seenAt, seenBeforeMs: before.seenBeforeMs } : {};

/** How long a part serves nobody, by events of pods and selectors. A gap that began in the drill counts to its end. */
function measure({ before, isIdle, now }: Look): Pick<ZoneMemory, 'idleSince'> & { readonly longestMs: number } {
  const { idleSince, told } = before ?? {};
  const longestMs = told?.notServingMilliseconds ?? 0;
  if (isIdle) return { idleSince: idleSince ?? (isEmptied(told ?? null) ? now : undefined), longestMs };
  const idleMs = idleSince ? Math.round(elapsedAtLeast(idleSince, now)) : 0;
  return { idleSince: undefined, longestMs: Math.max(longestMs, idleMs) };
}

/** A leadership takes up what the one before has told. Of another drill nothing counts. */
function memoryOf({ emptiness }: AgentContext, order: RegionalService, now: Instant): ZoneMemory | undefined {
  const told = order.status?.keptEmpty;
  const memory = emptiness.get(keyOf(order)) ?? (told && takenUp(told, now));
  return memory?.told.regionSwitch === order.spec.keptEmpty?.regionSwitch ? memory : undefined;
}

/** A clock that is behind that of the agent before adds nothing: then it is counted from now. */
const takenUp = (told: Emptiness, now: Instant): ZoneMemory => ({
  told,
  seenAt: now,
  seenBeforeMs: Math.max(0, now.wallMs - Date.parse(told.sinceTime)),
  idleSince: undefined,
});

/** What the status says of it; null: nothing. */
export const emptinessOf = ({ emptiness }: AgentContext, order: RegionalService): Emptiness | null =>
  order.spec.keptEmpty ? (emptiness.get(keyOf(order))?.told ?? order.status?.keptEmpty ?? null) : null;

/** Whether nothing of the service is to stand in the zone, as told. */
export const isEmptied = (told: Emptiness | null): told is Emptiness =>
  told?.state === 'Emptying' || told?.state === 'Empty';
