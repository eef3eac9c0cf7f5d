import type { ComponentOrder } from '../api/regional-service.ts';
import { isServing, type NodeFacts, type PodFact, zoneOf } from './facts.ts';

export interface SpreadInput {
  readonly order: ComponentOrder;
  /** All pods of the component, terminating and ended ones too. */
  readonly pods: readonly PodFact[];
  readonly nodes: NodeFacts;
  /** How long every zone must have been ready, and every instance too: it bounds the rate of evictions. */
  readonly stableForMs: number;
}

export type SpreadDecision =
  | { readonly kind: 'Evict'; readonly pod: PodFact; readonly message: string }
  /** `recheckAfterMs` is set when only time is missing. */
  | { readonly kind: 'Keep'; readonly recheckAfterMs?: number };

const KEEP: SpreadDecision = { kind: 'Keep' };

/** How long the zone has had a node that is ready and takes pods; undefined when it has none. */
function zoneReadyForMs(zone: string, nodes: NodeFacts): number | undefined {
  const ages = [...nodes.values()]
    .filter((node) => node.zone === zone && node.ready && node.schedulable)
    .map((node) => node.readinessAgeMs);
  return ages.length === 0 ? undefined : Math.max(...ages);
}

/** Pods of each zone of the order, the most crowded zone first, of equals by name. */
function byZone({ order, nodes }: SpreadInput, serving: readonly PodFact[]) {
  return order.zones
    .map(({ zone }) => ({ zone, pods: serving.filter((pod) => zoneOf(pod, nodes) === zone) }))
    .sort((x, y) => y.pods.length - x.pods.length || (x.zone < y.zone ? -1 : 1));
}

/** What is still to wait for until everything has been stable for long enough, or undefined when something is not ready. */
function remainingMs(input: SpreadInput, serving: readonly PodFact[]): number | undefined {
  const { order, pods, nodes, stableForMs } = input;
  const zones = order.zones.map(({ zone }) => zoneReadyForMs(zone, nodes));
  const known = zones.filter((age) => age !== undefined);
  if (known.length < zones.length) return undefined;
  // All ordered instances serve and there is none besides (one on its way out may be the last eviction's).
  if (serving.length !== order.instances || pods.some((pod) => !pod.ended && !serving.includes(pod))) return undefined;
  const youngest = Math.min(...known, ...serving.map((pod) => pod.readinessAgeMs));
  return Math.max(0, stableForMs - youngest);
}

/**
 * The instance to evict so that a `Spread` component stands evenly over its zones again, after a lost zone had made the
 * scheduler relax the spread. One at a time, through the eviction API, which respects disruption budgets; never below
 * what is needed. Should the new instance come up in the crowded zone again, the next eviction is `stableForMs` away.
 */
export function chooseEviction(input: SpreadInput): SpreadDecision {
  const { order, nodes } = input;
  if (order.layout !== 'Spread' || order.zones.length < 2) return KEEP;
  const serving = input.pods.filter((pod) => isServing(pod, nodes));
  const zones = byZone(input, serving);
  const [most, least] = [zones[0], zones.at(-1)];
  if (!most || !least || most.pods.length - least.pods.length <= 1) return KEEP;
  if (serving.length - 1 < Math.max(1, order.needed)) return KEEP;
  const waitMs = remainingMs(input, serving);
  if (waitMs === undefined) return KEEP;
  if (waitMs > 0) return { kind: 'Keep', recheckAfterMs: waitMs };
  const [pod] = most.pods.toSorted((x, y) => x.readinessAgeMs - y.readinessAgeMs || (x.name < y.name ? -1 : 1));
  if (!pod) return KEEP;
  const message = `${order.name}: zone ${most.zone} has ${most.pods.length} instances and zone ${least.zone} ${least.pods.length}: ${pod.name} is evicted`;
  return { kind: 'Evict', pod, message };
}
