/** Addresses of the clusters of one enclosure: it has a network of its own, so they are always the same ones. */

/** The machine itself: control planes and links, as nodes and pods reach them. */
export const MACHINE = '10.27.255.1';

export interface ClusterAddresses {
  /** Of the nodes, and of what serves them on the machine. */
  readonly network: string;
  readonly gateway: string;
  readonly bridge: string;
  readonly pods: string;
  readonly services: string;
  /** Of `kubernetes.default`. */
  readonly firstService: string;
  readonly nodes: readonly NodeAddresses[];
}

export interface NodeAddresses {
  readonly ip: string;
  /** Of its pods. */
  readonly pods: string;
}

/** @param index position of the cluster, from 0 */
export function addressesOf(index: number, nodes: number): ClusterAddresses {
  return {
    network: `10.27.${index}.0/24`,
    gateway: `10.27.${index}.1`,
    bridge: `nodes-${index}`,
    pods: `10.${100 + index}.0.0/16`,
    services: `10.${200 + index}.0.0/16`,
    firstService: `10.${200 + index}.0.1`,
    nodes: Array.from({ length: nodes }, (_, node) => ({
      ip: `10.27.${index}.${11 + node}`,
      pods: `10.${100 + index}.${node + 1}.0/24`,
    })),
  };
}
