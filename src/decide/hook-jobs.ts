/**
 * The Jobs of one data store: which write comes next. They are the hooks of the user, by action, one after the other.
 *
 * A Job is made suspended, so that a create that comes late starts nothing, and is started by a compare-and-swap on
 * exactly that object, as a workload is (`agent/converge.ts`): a start that a fence has overtaken fails. Each action has
 * one Job for each run, by its name: to make it twice makes one. A Job of another action or run is gone before the next
 * one is made: a demotion that is still under way must not hit a store that was promoted meanwhile.
 */
export type HookAction = 'demote' | 'promote' | 'verify' | 'lag';

export interface JobFact {
  readonly name: string;
  readonly uid: string;
  readonly state: 'Suspended' | 'Running' | 'Succeeded' | 'Failed';
  readonly isDeleting: boolean;
  /** Why it failed. */
  readonly message?: string;
}

export interface WantedJob {
  readonly action: HookAction;
  readonly name: string;
}

export type HookStep =
  | { readonly kind: 'Create'; readonly action: HookAction; readonly name: string }
  | { readonly kind: 'Start'; readonly action: HookAction; readonly job: JobFact }
  | { readonly kind: 'Delete'; readonly jobs: readonly JobFact[]; readonly message: string }
  | { readonly kind: 'Wait'; readonly message: string }
  | { readonly kind: 'Failed'; readonly action: HookAction; readonly job: JobFact }
  | { readonly kind: 'Done' };

export interface Attempts {
  /** The Job whose failure is recorded, by uid. */
  readonly failedJob: string | undefined;
  /** Whether it is time to try again. */
  readonly mayRetry: boolean;
}

/** The next step towards all of `wanted`, in their order, from the Jobs of the store that stand there. */
export function nextHookStep(wanted: readonly WantedJob[], jobs: readonly JobFact[], attempts: Attempts): HookStep {
  const stale = jobs.filter(({ name }) => !wanted.some((other) => other.name === name));
  const standing = stale.filter(({ isDeleting }) => !isDeleting);
  if (standing.length > 0) return { kind: 'Delete', jobs: standing, message: `ends Job ${standing[0]?.name} first` };
  if (stale.length > 0) return { kind: 'Wait', message: `Job ${stale[0]?.name} is still ending` };
  for (const one of wanted) {
    const job = jobs.find(({ name }) => name === one.name);
    const step = job ? stepOf(one.action, job, attempts) : ({ kind: 'Create', ...one } as const);
    if (step.kind !== 'Done') return step;
  }
  return { kind: 'Done' };
}

/** What comes next for one Job; `Done`: the one after it. */
function stepOf(action: HookAction, job: JobFact, { failedJob, mayRetry }: Attempts): HookStep {
  if (job.isDeleting) return { kind: 'Wait', message: `Job ${job.name} is still ending` };
  switch (job.state) {
    case 'Suspended':
      return { kind: 'Start', action, job };
    case 'Running':
      return { kind: 'Wait', message: `Job ${job.name} runs` };
    case 'Failed': {
      const isRetry = failedJob === job.uid && mayRetry;
      return isRetry
        ? { kind: 'Delete', jobs: [job], message: `tries ${action} again` }
        : { kind: 'Failed', action, job };
    }
    case 'Succeeded':
      return { kind: 'Done' };
  }
}
