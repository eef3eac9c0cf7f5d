import type { KubeClient } from '../../../src/kube/client.ts';

/** Writes that a cluster's API server has carried out or refused since it started, by `resource` or `resource/subresource`. */
export type WriteCounts = ReadonlyMap<string, number>;

const WRITE_VERBS = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION'];
/** Heartbeats: of the operator, of the nodes, of the control plane itself; and questions that are asked as a POST. */
const LEASE_TRAFFIC = ['leases', 'regionleases', 'nodes/status', 'tokenreviews', 'subjectaccessreviews'];

/** Counts by everybody, the controllers of the cluster included: what they write, the operator has caused. */
export async function countWrites({ transport }: KubeClient): Promise<WriteCounts> {
  const { body } = await transport.request({ method: 'GET', path: '/metrics', lane: 'api', timeoutMs: 10_000 });
  if (typeof body !== 'string') throw new Error('the metrics are no text');
  const counts = new Map<string, number>();
  for (const line of body.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const resource = [label('resource'), label('subresource')].filter((part) => part !== '').join('/');
    if (!WRITE_VERBS.includes(label('verb')) || LEASE_TRAFFIC.includes(resource)) continue;
    counts.set(resource, (counts.get(resource) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

/** What was written between two counts. */
export function writesBetween(before: WriteCounts, after: WriteCounts): Readonly<Record<string, number>> {
  const differences = [...after].map(([resource, count]) => [resource, count - (before.get(resource) ?? 0)] as const);
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}
