import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HookStep, type JobFact, nextHookStep } from './hook-jobs.ts';

const WANTED = [
  { action: 'promote', name: 'promote-4' },
  { action: 'verify', name: 'verify-4' },
] as const;
const FRESH = { failedJob: undefined, mayRetry: true };

const job = (name: string, state: JobFact['state'] = 'Running', more: Partial<JobFact> = {}): JobFact => ({
  name,
  uid: `uid-${name}`,
  state,
  isDeleting: false,
  ...more,
});

const tell = (step: HookStep): string => {
  if (step.kind === 'Create') return `Create ${step.name}`;
  if (step.kind === 'Start' || step.kind === 'Failed') return `${step.kind} ${step.job.name}`;
  return step.kind === 'Delete' ? `Delete ${step.jobs.map(({ name }) => name).join()}` : step.kind;
};

describe('the next step', () => {
  it.each<[string, readonly JobFact[], string, Partial<typeof FRESH>?]>([
    ['makes the first Job', [], 'Create promote-4'],
    ['starts it', [job('promote-4', 'Suspended')], 'Start promote-4'],
    ['waits for it', [job('promote-4')], 'Wait'],
    ['makes the second one after it', [job('promote-4', 'Succeeded')], 'Create verify-4'],
    ['is none when both have succeeded', [job('promote-4', 'Succeeded'), job('verify-4', 'Succeeded')], 'Done'],
    ['tells of a failure', [job('promote-4', 'Failed')], 'Failed promote-4'],
    ['tells of it until it is time', [job('promote-4', 'Failed')], 'Failed promote-4', { mayRetry: false }],
    ['waits for the end of what is deleted', [job('promote-4', 'Failed', { isDeleting: true })], 'Wait'],
    ['ends a demotion first', [job('demote-2')], 'Delete demote-2'],
    ['ends the Job of another run first', [job('promote-2', 'Suspended'), job('promote-4')], 'Delete promote-2'],
    ['waits until that is gone', [job('demote-2', 'Running', { isDeleting: true })], 'Wait'],
  ])('%s', (_, jobs, expected, attempts) => {
    expect(tell(nextHookStep(WANTED, jobs, { ...FRESH, ...attempts }))).toBe(expected);
  });

  it('tries again what is recorded as failed when it is time', () => {
    const jobs = [job('promote-4', 'Failed')];
    const failedJob = 'uid-promote-4';
    expect(tell(nextHookStep(WANTED, jobs, { failedJob, mayRetry: false }))).toBe('Failed promote-4');
    expect(tell(nextHookStep(WANTED, jobs, { failedJob, mayRetry: true }))).toBe('Delete promote-4');
  });

  it('never makes or starts a Job beside another one of the store that may still work', () => {
    const state = fc.constantFrom<JobFact['state']>('Suspended', 'Running', 'Succeeded', 'Failed');
    const any = fc.uniqueArray(
      fc
        .tuple(fc.constantFrom('promote-4', 'verify-4', 'demote-2', 'promote-2', 'lag'), state, fc.boolean())
        .map(([name, its, isDeleting]) => job(name, its, { isDeleting })),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(any, (jobs) => {
        const step = nextHookStep(WANTED, jobs, FRESH);
        const own = step.kind === 'Create' ? step.name : step.kind === 'Start' ? step.job.name : undefined;
        if (own === undefined) return;
        const isOrdered =
          own === 'verify-4' ? jobs.some((j) => j.name === 'promote-4' && j.state === 'Succeeded') : true;
        expect(isOrdered).toBe(true);
        expect(jobs.filter(({ name }) => !WANTED.some((w) => w.name === name))).toEqual([]);
      }),
    );
  });
});
