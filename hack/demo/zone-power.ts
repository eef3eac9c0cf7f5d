import type { EndpointSlice, Pod } from '../../src/kube/kinds.ts';
import type { PowerState } from '../regions/regions.ts';

type Powers = ReadonlyMap<string, PowerState>;

/**
 * Which pods run, by the power of the zones that their nodes are in:
 *
 * - A pod runs from being bound to a node until it is gone, has ended, or its node has lost its power. That its API
 *   server does not answer ends no pod.
 * - A node that is frozen runs nothing while it is frozen; everything on it goes on when it thaws.
 * - A node that gets its power back starts its pods again, but for those that are marked for deletion: a kubelet never
 *   starts what it is told to end.
 */
export class ZonePower {
  #powers: Powers;
  /** Uids of pods that were ended by the loss of their node's power. */
  readonly #ended = new Set<string>();

  constructor(powers: Powers) {
    this.#powers = powers;
  }

  /**
   * Takes the present state of the zones' power.
   * @param pods all pods that there are, by what is known now
   * @returns whether anything has changed
   */
  update(powers: Powers, pods: () => readonly Pod[]): boolean {
    const before = this.#powers;
    this.#powers = powers;
    const changed = [...powers].filter(([zone, state]) => before.get(zone) !== state);
    for (const [zone, state] of changed) this.#zoneChanged(zone, state, pods());
    return changed.length > 0;
  }

  runs({ metadata, spec, status }: Pod): boolean {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
    const isStarted = metadata.deletionTimestamp === undefined || !this.#ended.has(metadata.uid ?? '');
    return isStarted && this.#isOn(spec?.nodeName);
  }

  /** Whether an endpoint is ready on a node with power. The API server writes a list without items as `null`. */
  reaches({ endpoints }: Pick<EndpointSlice, 'endpoints'>): boolean {
    return endpoints?.some(({ conditions, nodeName }) => conditions?.ready === true && this.#isOn(nodeName)) ?? false;
  }

  #zoneChanged(zone: string, state: PowerState, pods: readonly Pod[]): void {
    for (const { metadata, spec } of pods) {
      if (zoneOf(spec?.nodeName) !== zone) continue;
      if (state === 'killed') this.#ended.add(metadata.uid ?? '');
      if (state === 'on' && metadata.deletionTimestamp === undefined) this.#ended.delete(metadata.uid ?? '');
    }
  }

  #isOn(node: string | undefined): boolean {
    return node !== undefined && this.#powers.get(zoneOf(node)) === 'on';
  }
}

/** The nodes of zone `us-east-a` are `us-east-a-1`, `us-east-a-2`. */
const zoneOf = (node = ''): string => node.slice(0, node.lastIndexOf('-'));
