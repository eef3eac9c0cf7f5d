import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { binDir } from '../regions/build.ts';
import type { RegionProvider } from '../regions/provider.ts';
import { ProcessRecord } from '../regions/state.ts';
import type { ClusterAddresses } from './addresses.ts';
import { NODE_BINARIES } from './binaries.ts';
import { NodeCluster } from './cluster.ts';
import { startDocker } from './docker.ts';
import type { RealNode } from './node.ts';
import { makeNodeImage } from './node-image.ts';
import { ENCLOSED } from './requirements.ts';

export interface RealNodes {
  readonly provider: RegionProvider;
  /** Folder that every node shows its pods as `/shared`: a disk that is stretched over all regions. */
  readonly shared: string;
  /** Nodes of a region, or of the hub. */
  nodesOf(cluster: string): readonly RealNode[];
}

/** Size of a node of the hub, whose spec has none. */
const HUB_NODES = [{ name: 'hub-a', nodes: 1, nodeSize: { cpu: '2', memory: '4Gi', pods: 60 } }];

/**
 * Starts Docker and makes the image of the nodes. Only in an enclosure (`enclose.ts`), with which all of it ends.
 *
 * @param dir an empty folder
 * @param images folder with archives of images for the pods and the file `digests`, complete before a cluster is made
 */
export async function startRealNodes(dir: string, images: string): Promise<RealNodes> {
  const cgroup = process.env[ENCLOSED];
  if (cgroup === undefined)
    throw new Error('real nodes are started in an enclosure only: node hack/nodes/enclose.ts …');
  const shared = join(dir, 'shared');
  mkdirSync(shared, { recursive: true, mode: 0o777 });
  const docker = await startDocker(join(dir, 'docker'), cgroup);
  await makeNodeImage(docker, join(dir, 'node-image'));
  mkdirSync(join(dir, 'processes'), { recursive: true });
  const record = new ProcessRecord(join(dir, 'processes'));
  const clusters = new Map<string, NodeCluster>();
  const source = { docker, record, bin: binDir(), nodeBin: binDir(process.env, NODE_BINARIES), images, shared, route };
  return {
    shared,
    nodesOf: (name) => clusters.get(name)?.nodes ?? [],
    provider: {
      async create(spec) {
        const cluster = new NodeCluster(spec, spec.zones.length > 0 ? spec.zones : HUB_NODES, source);
        clusters.set(spec.name, cluster);
        try {
          await cluster.boot();
          return cluster;
        } catch (error) {
          await cluster.stop();
          throw error;
        }
      },
    },
  };
}

/** Leads what is for a pod to its node, so that nodes reach the pods of all clusters, as regions that are connected do. */
function route({ nodes }: ClusterAddresses): void {
  for (const { ip, pods } of nodes) execFileSync('ip', ['route', 'replace', pods, 'via', ip]);
}
