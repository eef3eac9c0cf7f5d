import { JOB, type Job, POD, type Pod } from '../../../src/kube/kinds.ts';
import { keyOf } from '../../../src/kube/object.ts';
import { hasCondition, withCondition } from './conditions.ts';
import type { ControlPlane } from './control-plane.ts';
import { KindIndex, ownersOf } from './kind.ts';
import type { ClusterTimings } from './timings.ts';

const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

const isWorking = (pod: Pod): boolean => !hasEnded(pod) && !pod.metadata.deletionTimestamp;

function judge(job: Job, own: readonly Pod[], isBegun: boolean): 'Complete' | 'Suspended' | 'Failed' | 'Running' {
  if (own.some(({ status }) => status?.phase === 'Succeeded')) return 'Complete';
  if (job.spec?.suspend) return 'Suspended';
  return own.some(hasEnded) || (isBegun && own.length === 0) ? 'Failed' : 'Running';
}

/**
 * Runs Jobs as kube-controller-manager does, of one pod at a time, without retries and deadlines: a pod that fails, or is
 * gone, fails its Job. A suspended Job has no pod that works.
 */
export function startJobs(plane: ControlPlane, timings: ClusterTimings): void {
  const jobs = plane.kind(JOB);
  const pods = plane.kind(POD);
  const podsOf = new KindIndex(pods, ownersOf);
  const begun = new Set<string>();
  let created = 0;

  const write = (job: Job, type: string, status: 'True' | 'False', active: number): void => {
    const conditions = withCondition(job.status?.conditions, { type, status }, plane.time.wallMs);
    jobs.update(job, { ...job, status: { ...job.status, active, conditions } });
  };
  const work = (job: Job): void => {
    const uid = job.metadata.uid ?? '';
    const own = podsOf.get(uid);
    const verdict = judge(job, own, begun.has(uid));
    if (verdict === 'Suspended') for (const pod of own.filter(isWorking)) pods.delete(pod);
    if (verdict === 'Running' && own.length === 0)
      pods.create(podOf(job, `${job.metadata.name.slice(0, 50)}-${(++created).toString(36)}`));
    if (verdict === 'Running') begun.add(uid);
    else begun.delete(uid);
    if (verdict === 'Running') write(job, 'Suspended', 'False', 1);
    else write(job, verdict, 'True', 0);
  };
  const loop = plane.loop(timings.controllerMs, (key) => {
    const job = jobs.get(key);
    const isOver = job && (hasCondition(job, 'Complete') || hasCondition(job, 'Failed'));
    if (job && !isOver && !job.metadata.deletionTimestamp) work(job);
  });
  jobs.onChange(({ object, type }) => {
    if (type !== 'DELETED') loop.mark(keyOf(object));
  });
  pods.onChange(({ object }) => {
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Job');
    if (owner) loop.mark(`${object.metadata.namespace}/${owner.name}`);
  });
}

function podOf(job: Job, name: string): Pod {
  const { namespace = '', uid = '' } = job.metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid, controller: true };
  const { metadata, spec } = job.spec?.template ?? { spec: { containers: [] } };
  const labels = { ...metadata?.labels, 'batch.kubernetes.io/job-name': job.metadata.name };
  const place = { name, namespace, labels, ownerReferences: [{ ...owner, blockOwnerDeletion: true }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: place, spec, status: { phase: 'Pending' } };
}
