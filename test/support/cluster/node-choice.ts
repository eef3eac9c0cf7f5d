import type { Node, Pod } from '../../../src/kube/kinds.ts';
import { arrayOf, isJsonObject, type JsonObject, numberOf, objectOf, stringOf } from '../json.ts';
import { hasLabels, type Labels, matchesSelector, meetsRequirement, type SelectorRequirement } from '../selector.ts';

export interface NodeView {
  /** Pods that stand on nodes already, of the same namespace, without those that are ending. */
  readonly neighbours: readonly Pod[];
  /** Number of pods on a node, of all namespaces. */
  readonly load: (node: string) => number;
}

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const DEFAULT_POD_CAPACITY = 110;

/**
 * The node for a pod, or undefined where none fits. Filters: node selector, required node affinity, required pod
 * anti-affinity, `DoNotSchedule` spread, number of pods. Order: preferred node affinity, soft spread, pods of the same
 * owner in the zone and on the node, load, name.
 */
export function chooseNode(pod: Pod, nodes: readonly Node[], view: NodeView): Node | undefined {
  const eligible = nodes.filter((node) => matchesNode(pod, node));
  const spreads = spreadsOf(pod).map((spread) => countDomains(spread, eligible, nodes, view));
  const fitting = eligible.filter(
    (node) =>
      view.load(node.metadata.name) < capacityOf(node) &&
      !isRepelled(pod, node, nodes, view) &&
      spreads.every((spread) => !spread.isHard || skewAt(spread, node) <= spread.maxSkew),
  );
  const rank = (node: Node) => [
    -preferenceOf(pod, node),
    spreads.reduce((sum, spread) => sum + skewAt(spread, node), 0),
    siblingsIn(pod, node, nodes, view),
    siblingsOn(pod, node, view),
    view.load(node.metadata.name),
  ];
  const ranked = fitting.map((node) => ({ node, rank: rank(node) }));
  return ranked.toSorted((a, b) => compareRanks(a.rank, b.rank) || (nameOf(a.node) < nameOf(b.node) ? -1 : 1))[0]?.node;
}

const nameOf = (node: Node): string => node.metadata.name;
const labelsOf = (object: Pod | Node): Labels => object.metadata.labels ?? {};
const compareRanks = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((order, value, i) => order || value - (b[i] ?? 0), 0);

const capacityOf = (node: Node): number => Number(node.status?.allocatable?.['pods'] ?? DEFAULT_POD_CAPACITY);

function affinityOf(pod: Pod, name: 'nodeAffinity' | 'podAntiAffinity'): JsonObject {
  return objectOf(objectOf(pod.spec?.['affinity'])[name]);
}

function matchesNode(pod: Pod, node: Node): boolean {
  if (!hasLabels(labelsOf(node), pod.spec?.nodeSelector ?? {})) return false;
  const required = affinityOf(pod, 'nodeAffinity')['requiredDuringSchedulingIgnoredDuringExecution'];
  const terms = objectOf(required)['nodeSelectorTerms'];
  return terms === undefined || arrayOf(terms).some((term) => matchesTerm(term, node));
}

const matchesTerm = (term: unknown, node: Node): boolean =>
  arrayOf(objectOf(term)['matchExpressions'])
    .filter(isRequirement)
    .every((requirement) => meetsRequirement(labelsOf(node), requirement));

const isRequirement = (value: unknown): value is SelectorRequirement & JsonObject =>
  isJsonObject(value) && typeof value['key'] === 'string' && typeof value['operator'] === 'string';

function preferenceOf(pod: Pod, node: Node): number {
  const preferred = arrayOf(affinityOf(pod, 'nodeAffinity')['preferredDuringSchedulingIgnoredDuringExecution']);
  return preferred
    .map(objectOf)
    .filter(({ preference }) => matchesTerm(preference, node))
    .reduce((sum, { weight }) => sum + (numberOf(weight) ?? 0), 0);
}

/** Whether a required anti-affinity of the pod keeps it away from what stands in the node's domain. */
function isRepelled(pod: Pod, node: Node, nodes: readonly Node[], { neighbours }: NodeView): boolean {
  const terms = arrayOf(affinityOf(pod, 'podAntiAffinity')['requiredDuringSchedulingIgnoredDuringExecution']);
  return terms.map(objectOf).some(({ labelSelector, topologyKey }) => {
    const key = stringOf(topologyKey) ?? '';
    const domain = labelsOf(node)[key];
    const names = new Set(nodes.filter((other) => labelsOf(other)[key] === domain).map(nameOf));
    return neighbours.some(
      (other) => names.has(other.spec?.nodeName ?? '') && matchesSelector(labelsOf(other), objectOf(labelSelector)),
    );
  });
}

interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly isHard: boolean;
  readonly selector: JsonObject;
}

interface CountedSpread extends Spread {
  /** Matching pods per value of the topology label, over the nodes that the pod may use. */
  readonly counts: ReadonlyMap<string, number>;
}

const spreadsOf = (pod: Pod): Spread[] =>
  arrayOf(pod.spec?.['topologySpreadConstraints'])
    .map(objectOf)
    .map((constraint) => ({
      topologyKey: stringOf(constraint['topologyKey']) ?? ZONE_LABEL,
      maxSkew: numberOf(constraint['maxSkew']) ?? 1,
      isHard: constraint['whenUnsatisfiable'] !== 'ScheduleAnyway',
      selector: objectOf(constraint['labelSelector']),
    }));

function countDomains(
  spread: Spread,
  eligible: readonly Node[],
  nodes: readonly Node[],
  { neighbours }: NodeView,
): CountedSpread {
  const counts = new Map(eligible.map((node) => [labelsOf(node)[spread.topologyKey] ?? '', 0]));
  const domainOf = new Map(nodes.map((node) => [nameOf(node), labelsOf(node)[spread.topologyKey] ?? '']));
  for (const pod of neighbours) {
    const domain = domainOf.get(pod.spec?.nodeName ?? '');
    const count = domain === undefined ? undefined : counts.get(domain);
    if (domain === undefined || count === undefined || !matchesSelector(labelsOf(pod), spread.selector)) continue;
    counts.set(domain, count + 1);
  }
  return { ...spread, counts };
}

/** By how much the node's domain would exceed the emptiest one with one pod more. */
function skewAt({ counts, topologyKey }: CountedSpread, node: Node): number {
  const here = counts.get(labelsOf(node)[topologyKey] ?? '') ?? 0;
  return here + 1 - Math.min(...counts.values());
}

const ownerOf = (pod: Pod): string => pod.metadata.ownerReferences?.[0]?.uid ?? pod.metadata.name;

const siblingsOn = (pod: Pod, node: Node, { neighbours }: NodeView): number =>
  neighbours.filter((other) => other.spec?.nodeName === nameOf(node) && ownerOf(other) === ownerOf(pod)).length;

function siblingsIn(pod: Pod, node: Node, nodes: readonly Node[], view: NodeView): number {
  const zone = labelsOf(node)[ZONE_LABEL];
  const inZone = nodes.filter((other) => labelsOf(other)[ZONE_LABEL] === zone);
  return inZone.reduce((sum, other) => sum + siblingsOn(pod, other, view), 0);
}
