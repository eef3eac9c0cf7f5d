import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ClusterSpec, NodeSize } from './provider.ts';
import type { BootOptions, RegionOptions } from './regions.ts';
import { stateFile } from './state.ts';

/** Name of the hub among the sites; no region may have it. */
export const hubName = 'hub';

const defaultNodesPerZone = 2;
const defaultNodeSize: NodeSize = { cpu: '32', memory: '256Gi', pods: 250 };

/** Address ranges (see nodes.ts) end there. */
const maxZones = 8;
const maxClusters = 20;
const dnsLabel = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/;

/** A unix socket in a folder of a cluster has a path of at most 107 bytes, and names of clusters have at most 30. */
const longestWorkDir = 60;

/**
 * The clusters to boot, the hub first.
 * @throws on names that are no DNS labels of at most 30 characters, that appear twice, and on too many of anything
 */
export function planClusters({ hub = true, regions }: BootOptions, workDir: string): readonly ClusterSpec[] {
  const names = [...(hub ? [hubName] : []), ...regions.map((region) => region.name)];
  checkNames('region', names, maxClusters);
  for (const region of regions) checkNames(`zone of ${region.name}`, region.zones, maxZones);
  return names.map((name, index) => {
    const region = regions.find((candidate) => candidate.name === name);
    // By custom of these tools the Secret with the kubeconfig of a region has its name.
    const credentials = region ? [] : regions.map((one) => one.name);
    return { name, index, dir: join(workDir, name), credentials, zones: region ? planZones(region) : [] };
  });
}

/**
 * The folder that everything is kept in, made when it is not there.
 * @param wanted a fresh folder for temporary files when absent
 * @throws when its path is too long for the unix sockets in it, or it holds an earlier boot
 */
export function openWorkDir(wanted: string | undefined): string {
  const workDir = wanted === undefined ? mkdtempSync(join(tmpdir(), 'switchback-')) : resolve(wanted);
  if (workDir.length > longestWorkDir) {
    throw new Error(`the path of the work folder is longer than ${longestWorkDir} characters: ${workDir}`);
  }
  if (existsSync(stateFile(workDir))) throw new Error(`${workDir} holds regions of an earlier boot: remove it first`);
  mkdirSync(workDir, { recursive: true });
  return workDir;
}

function planZones({ zones, nodesPerZone, nodeSize }: RegionOptions): ClusterSpec['zones'] {
  const nodes = nodesPerZone ?? defaultNodesPerZone;
  return zones.map((name) => ({ name, nodes, nodeSize: nodeSize ?? defaultNodeSize }));
}

function checkNames(what: string, names: readonly string[], most: number): void {
  if (names.length > most) throw new Error(`at most ${most}, not ${names.length}: ${what}`);
  for (const [index, name] of names.entries()) {
    if (!dnsLabel.test(name))
      throw new Error(`the name of a ${what} must be a DNS label of at most 30 characters: '${name}'`);
    if (names.indexOf(name) !== index) throw new Error(`the name of a ${what} is taken: '${name}'`);
  }
}
