import type { DataStoreOrder, HookSpec } from '../../api/data-store.ts';
import { LABELS } from '../../api/labels.ts';
import type { RegionalService } from '../../api/regional-service.ts';
import type { Progress, StoreAction } from '../../decide/data-stores.ts';
import { buildHookJob, hookJobName } from '../../decide/desired/hook-job.ts';
import { type HookAction, type HookStep, type JobFact, nextHookStep } from '../../decide/hook-jobs.ts';
import { labelValue } from '../../decide/name.ts';
import { ConflictError, ifPresent } from '../../kube/errors.ts';
import { JOB, type Job, POD } from '../../kube/kinds.ts';
import { checkMayAct, type StoreCall, type StoreDriver } from './driver.ts';

/** Jobs of the user's own: `decide/hook-jobs.ts` says which comes next, and this does it. */
export const hookDriver: StoreDriver = {
  advance: (action, call) => advanceHooks(ACTIONS[action], call),
};

const ACTIONS: Readonly<Record<StoreAction, readonly HookAction[]>> = {
  Promote: ['promote', 'verify'],
  Demote: ['demote'],
};

/** Runs those of `actions` that the class has, one after the other. */
export async function advanceHooks(actions: readonly HookAction[], call: StoreCall): Promise<Progress> {
  const { order, record, store } = call;
  const wanted = actions
    .filter((action) => hookOf(store, action))
    .map((action) => ({ action, name: hookJobName(order.metadata.name, store.name, action, record.run) }));
  const jobs = await listHookJobs(call);
  const attempts = { failedJob: record.failedJob, mayRetry: call.mayRetry };
  return carryOut(call, nextHookStep(wanted, jobs.map(jobFact), attempts), jobs);
}

export const hookOf = ({ hooks }: DataStoreOrder, action: HookAction): HookSpec | undefined => hooks?.[action];

type JobsOf = Pick<StoreCall, 'context' | 'order' | 'store' | 'signal'>;

/** By quorum: what another leader has just made must not be made again. */
export async function listHookJobs({ context, order, signal, store }: JobsOf): Promise<readonly Job[]> {
  const { name, namespace = '' } = order.metadata;
  const labelSelector = `${LABELS.service}=${labelValue(name)},${LABELS.dataStore}=${store.name}`;
  const { items } = await context.client.list(JOB, { namespace, labelSelector, signal });
  return items;
}

const isTrue = ({ status }: Job, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

function stateOf(job: Job): JobFact['state'] {
  if (isTrue(job, 'Complete')) return 'Succeeded';
  if (isTrue(job, 'Failed')) return 'Failed';
  return job.spec?.suspend ? 'Suspended' : 'Running';
}

export function jobFact(job: Job): JobFact {
  const failed = job.status?.conditions?.find(({ type }) => type === 'Failed');
  return {
    name: job.metadata.name,
    uid: job.metadata.uid ?? '',
    state: stateOf(job),
    isDeleting: job.metadata.deletionTimestamp !== undefined,
    ...(failed?.message === undefined ? {} : { message: failed.message }),
  };
}

async function carryOut(call: StoreCall, step: HookStep, jobs: readonly Job[]): Promise<Progress> {
  switch (step.kind) {
    case 'Create':
      return create(call, step.action);
    case 'Start':
      return start(
        call,
        jobs.find(({ metadata }) => metadata.name === step.job.name),
      );
    case 'Delete':
      await deleteJobs(call, step.jobs);
      return { kind: 'Waiting', message: step.message };
    case 'Wait':
      return { kind: 'Waiting', message: step.message };
    case 'Failed':
      return { kind: 'Failed', job: step.job.uid, message: await describeFailure(call, step.action, step.job) };
    case 'Done':
      return { kind: 'Done' };
  }
}

async function create(call: StoreCall, action: HookAction): Promise<Progress> {
  const { context, order, record, signal, store } = call;
  const hook = hookOf(store, action);
  if (!hook) return { kind: 'Done' };
  const desired = buildHookJob({ order, store, action, hook, run: record.run, region: context.region });
  checkMayAct(call);
  try {
    return await start(call, await context.client.create<Job>(JOB, desired, { signal }));
  } catch (error) {
    // Somebody made it first, this process with a reply that was lost perhaps: the next look finds it.
    if (!(error instanceof ConflictError)) throw error;
    return { kind: 'Waiting', message: `Job ${desired.metadata.name} is being made` };
  }
}

/** A compare-and-swap on the Job that was read before the last look at the right: what a fence has written fails it. */
export async function start(call: StoreCall, job: Job | undefined): Promise<Progress> {
  const { name = '', namespace = '', resourceVersion, uid } = job?.metadata ?? {};
  const patch = { metadata: { resourceVersion, uid }, spec: { suspend: false } };
  checkMayAct(call);
  await ifPresent(call.context.client.mergePatch(JOB, { name, namespace }, patch, { signal: call.signal }));
  return { kind: 'Waiting', message: `Job ${name} runs` };
}

/** `Foreground`: a Job that is gone has no pods any more. */
export async function deleteJobs({ context, order, signal }: JobsOf, jobs: readonly JobFact[]): Promise<void> {
  const namespace = order.metadata.namespace ?? '';
  await Promise.all(
    jobs.map(({ name, uid }) =>
      ifPresent(
        context.client.delete(
          JOB,
          { name, namespace },
          { preconditions: { uid }, propagationPolicy: 'Foreground', signal },
        ),
      ),
    ),
  );
}

/** What the pod of a Job said at its end. */
export async function readTermination(
  { context, order, signal }: { readonly order: RegionalService } & Pick<StoreCall, 'context' | 'signal'>,
  job: string,
): Promise<string | undefined> {
  const namespace = order.metadata.namespace ?? '';
  const labelSelector = `batch.kubernetes.io/job-name=${job}`;
  const { items } = await context.client.list(POD, { namespace, labelSelector, signal });
  const states = items.flatMap(({ status }) => status?.containerStatuses ?? []);
  return states.flatMap(({ state }) => state?.terminated?.message ?? []).at(-1);
}

async function describeFailure(call: StoreCall, action: HookAction, job: JobFact): Promise<string> {
  const { message, name, uid } = job;
  // It was told already, and is looked at until it is tried again.
  if (call.record.failedJob === uid) return '';
  const said = (await readTermination(call, name))?.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  const why = said ? `it said "${said}"` : (message ?? 'it has failed').slice(0, 200);
  return `hook ${action} (Job ${name}) failed: ${why}`;
}
