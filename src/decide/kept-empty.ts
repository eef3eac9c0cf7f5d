import type { ComponentOrder, Emptiness, RegionalServiceSpec } from '../api/regional-service.ts';
import { isServing, type NodeFacts, type PodFact, zoneOf } from './facts.ts';
import type { Slot } from './slot.ts';

/**
 * A drill of a zone, as the region carries it out. It says where nothing stands, and never who may run: whatever runs a
 * service runs it under the right that it needs, and what is fenced stays fenced.
 */

/** Whether a component can do without a zone, by what is ordered of it. `Untouched`: it has nothing there. */
export type Sparing = { readonly kind: 'Untouched' | 'Yes' } | { readonly kind: 'No'; readonly message: string };

const UNTOUCHED: Sparing = { kind: 'Untouched' };
const YES: Sparing = { kind: 'Yes' };
const no = ({ name }: ComponentOrder, why: string): Sparing => ({ kind: 'No', message: `${name}: ${why}` });
const leastOf = ({ needed }: ComponentOrder): number => Math.max(1, needed);

const inZone = ({ pairs = [], layout, zones }: ComponentOrder, zone: string): boolean =>
  layout === 'Pairs'
    ? pairs.some(({ a, b }) => a === zone || b === zone)
    : zones.some((entry) => entry.zone === zone && (layout === 'Spread' || entry.instances > 0));

export function canSpare(component: ComponentOrder, zone: string): Sparing {
  if (!inZone(component, zone)) return UNTOUCHED;
  switch (component.layout) {
    case 'Pairs':
      return YES;
    case 'PerZone': {
      const others = component.zones.filter((entry) => entry.zone !== zone);
      const left = others.reduce((sum, { instances }) => sum + instances, 0);
      const least = leastOf(component);
      return left >= least ? YES : no(component, `${left} instances are planned in other zones, ${least} are needed`);
    }
    case 'Spread':
      return canLeave(component);
  }
}

/** A pool of one workload is moved by its own upgrade, which has a new instance ready before an old one goes. */
function canLeave(component: ComponentOrder): Sparing {
  const { instances, pattern, template, zones } = component;
  if (pattern === 'A') return no(component, 'a single instance has no other one to carry its load');
  if (zones.length < 2) return no(component, 'it has a place in this zone only');
  if (template.workload === 'StatefulSet')
    return no(component, 'instances of a StatefulSet cannot be ready elsewhere before they go');
  return instances > leastOf(component) ? YES : no(component, 'it has no instance to spare');
}

/** The first component that cannot do without the zone, in words; undefined: all can. `Untouched`: none is there. */
export function canSpareZone(components: readonly ComponentOrder[], zone: string): Sparing {
  const all = components.map((component) => canSpare(component, zone));
  return all.find(({ kind }) => kind === 'No') ?? all.find(({ kind }) => kind === 'Yes') ?? UNTOUCHED;
}

export interface ZonePicture {
  readonly components: readonly ComponentOrder[];
  readonly pods: readonly PodFact[];
  readonly nodes: NodeFacts;
  /** The slot that is selected now, by component and pair. */
  readonly selected: ReadonlyMap<string, readonly (Slot | undefined)[]>;
}

const podsOf = ({ pods }: ZonePicture, { name }: ComponentOrder): PodFact[] =>
  pods.filter((pod) => pod.component === name);

/** Why a component would fall below what it needs without the zone, as things stand; undefined: it would not. */
function shortage(component: ComponentOrder, zone: string, picture: ZonePicture, settledMs: number) {
  const { layout, name, pairs = [] } = component;
  const serving = podsOf(picture, component).filter((pod) => isServing(pod, picture.nodes));
  if (layout === 'Pairs') {
    const alone = pairs.findIndex(({ a, b }, pair) => {
      if (a !== zone && b !== zone) return false;
      const rest: Slot = a === zone ? 'b' : 'a';
      return !serving.some((pod) => pod.pair === pair && pod.slot === rest && pod.readinessAgeMs >= settledMs);
    });
    return alone < 0 ? undefined : `${name}: of pair ${alone} the slot in the other zone is not ready`;
  }
  const rest = layout === 'Spread' ? serving : serving.filter((pod) => zoneOf(pod, picture.nodes) !== zone);
  const least = leastOf(component);
  const where = layout === 'Spread' ? '' : ' in other zones';
  return rest.length >= least ? undefined : `${name}: instances ready${where}: ${rest.length}, needed: ${least}`;
}

/** The first part that serves nobody now; undefined: all serve. */
export function idlePart(picture: ZonePicture): string | undefined {
  return picture.components.find((component) => {
    const serving = podsOf(picture, component).filter((pod) => isServing(pod, picture.nodes));
    if (component.layout !== 'Pairs') return component.instances > 0 && serving.length < leastOf(component);
    const selected = picture.selected.get(component.name) ?? [];
    return (component.pairs ?? []).some(
      (_, pair) => !serving.some((pod) => pod.pair === pair && pod.slot === selected[pair]),
    );
  })?.name;
}

export interface EmptyingInput extends ZonePicture {
  readonly order: Pick<RegionalServiceSpec, 'keptEmpty'>;
  /** What was said of it last; of another drill it says nothing. */
  readonly before: Pick<Emptiness, 'regionSwitch' | 'state'> | undefined;
  /** How long ago this region first saw it, by its own clock: no clock is compared with that of the hub. */
  readonly elapsedMs: number;
  /** How long the other slot of a pair must have been ready before the first one goes. */
  readonly settledMs: number;
}

export type Emptying = Pick<Emptiness, 'state' | 'message'> & {
  /** Whether nothing of the service is to stand in the zone now. */
  readonly isInForce: boolean;
  /** Given back just now, and before its time. */
  readonly isEarly?: true;
  readonly recheckAfterMs?: number;
};

/** Timers count in 32 bits; a stay of days is looked at in between. */
const LONGEST_SLEEP_MS = 3_600_000;

const filled = (message: string): Emptying => ({ state: 'Filled', isInForce: false, message });

/** Begun only when the rest carries the load, and given back, for good, as soon as it does not or the time is over. */
export function decideEmptying(input: EmptyingInput): Emptying | undefined {
  const { before, elapsedMs, order, settledMs } = input;
  if (!order.keptEmpty) return undefined;
  const { regionSwitch, seconds, zone } = order.keptEmpty;
  const leftMs = seconds * 1000 - elapsedMs;
  if (leftMs <= 0) return filled(`zone ${zone} was to be empty for at most ${seconds} s, which are over`);
  const state = before?.regionSwitch === regionSwitch ? before.state : undefined;
  if (state === 'Filled') return filled(`zone ${zone} was given back before its time`);
  const hasBegun = state === 'Emptying' || state === 'Empty';
  const short = firstShortage(input, zone, hasBegun ? 0 : settledMs);
  const recheckAfterMs = Math.min(leftMs, LONGEST_SLEEP_MS);
  if (short !== undefined) {
    if (hasBegun) return { ...filled(`zone ${zone} is given back: ${short}`), isEarly: true };
    return { state: 'Waiting', isInForce: false, message: short, recheckAfterMs: Math.min(leftMs, settledMs) };
  }
  return { ...progress(input, zone), isInForce: true, recheckAfterMs };
}

function firstShortage(input: EmptyingInput, zone: string, settledMs: number): string | undefined {
  for (const component of input.components) {
    const sparing = canSpare(component, zone);
    if (sparing.kind === 'No') return sparing.message;
    const short = sparing.kind === 'Yes' ? shortage(component, zone, input, settledMs) : undefined;
    if (short !== undefined) return short;
  }
  return undefined;
}

function progress(input: EmptyingInput, zone: string): Pick<Emptying, 'state' | 'message'> {
  const left = input.pods.filter((pod) => !pod.ended && zoneOf(pod, input.nodes) === zone).length;
  const idle = idlePart(input);
  if (left > 0) return { state: 'Emptying', message: `instances left in zone ${zone}: ${left}` };
  if (idle !== undefined) return { state: 'Emptying', message: `${idle} does not serve yet without zone ${zone}` };
  return { state: 'Empty', message: `nothing of it is left in zone ${zone}` };
}
