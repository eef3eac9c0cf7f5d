import { playAll } from '../pool.ts';
import { CRASHES } from './crash.ts';
import { FLAPPINGS, FLAPS, HUB_GONE_MS, HUB_LOSSES } from './hold-down.ts';
import { nameOfProof, type PointsOf, type ProofAnswer, type ProofJob } from './job.ts';
import { OPERATIONS } from './operations.ts';
import { expectedOf, PHASES, WHEN_ONLY_HUB_CANNOT_SEE } from './partition-expectation.ts';
import { PATTERNS } from './partition-patterns.ts';
import type { Lag } from './stale.ts';

const WORKER = new URL('./worker.ts', import.meta.url);
const THREADS = 2;
const PROGRESS_EVERY = 50;

export interface ProveOptions {
  /** Said with the progress; silent when absent. */
  readonly what?: string;
  /** Name of a planted bug. */
  readonly bug?: string;
  /** Ends the run: nothing more is begun when it says so. */
  readonly until?: (answer: ProofAnswer) => boolean;
}

/** Plays jobs on several threads; the answers are in the order of the jobs. */
export function proveAll(jobs: readonly ProofJob[], { bug, until, what }: ProveOptions = {}): Promise<ProofAnswer[]> {
  let done = 0;
  const onResult = (answer: ProofAnswer): boolean => {
    done++;
    if (what && (done % PROGRESS_EVERY === 0 || done === jobs.length))
      console.log(`${what}: ${done} of ${jobs.length}`);
    return until?.(answer) ?? false;
  };
  return playAll(jobs, { threads: THREADS, worker: WORKER, onResult, ...(bug === undefined ? {} : { bug }) });
}

/** A step of an operation at which something can be broken. */
export interface Point {
  readonly operation: string;
  readonly of: PointsOf;
  readonly number: number;
  /** What happens there, in words. */
  readonly text: string;
}

/** All points of all operations, found by playing each undisturbed. */
export const findPoints = (kinds: readonly PointsOf[], seed: number): Promise<Point[]> =>
  findPointsOf(
    OPERATIONS.flatMap(({ name }) => kinds.map((of) => ({ operation: name, of }))),
    seed,
  );

export async function findPointsOf(places: readonly Pick<Point, 'operation' | 'of'>[], seed: number): Promise<Point[]> {
  const answers = await proveAll(
    places.map(({ of, operation }): ProofJob => ({ proof: 'points', operation, of, seed })),
  );
  return answers.flatMap(({ job, points = [] }) =>
    job.proof === 'points'
      ? points.map((text, number): Point => ({ operation: job.operation, of: job.of, number, text }))
      : [],
  );
}

export const crashJobsAt = ({ number, of, operation }: Point, seed: number): ProofJob[] =>
  of === 'writes' ? CRASHES.map((crash) => ({ proof: 'crash', operation, point: number, crash, seed })) : [];

/** What may happen to an event: to those of leaders two things, to those of the others one. */
const LAGS_OF: Readonly<Record<PointsOf, readonly Lag[]>> = {
  writes: [],
  events: ['frozen', 'lost'],
  eventsOfFollowers: ['takeover'],
};
export const EVENTS = ['events', 'eventsOfFollowers'] as const;

export const staleJobsAt = ({ number, of, operation }: Point, seed: number): ProofJob[] =>
  LAGS_OF[of].map((lag) => ({ proof: 'stale', operation, point: number, lag, seed }));

export const partitionJobs = (seed: number): ProofJob[] =>
  PATTERNS.flatMap(({ name }) => PHASES.map((phase): ProofJob => ({ proof: 'partition', pattern: name, phase, seed })));

export const holdDownJobs = (seed: number): ProofJob[] => [
  ...FLAPPINGS.map(({ name }): ProofJob => ({ proof: 'flapping', flapping: name, flaps: FLAPS, seed })),
  ...HUB_LOSSES.map((loss): ProofJob => ({ proof: 'hubLoss', loss, forMs: HUB_GONE_MS, seed })),
];

/** Every `stride`-th: with a stride that shares no divisor with the number of variants each point meets some of them. */
export const sampleOf = <T>(all: readonly T[], stride: number): T[] => all.filter((_, index) => index % stride === 0);

/** What went wrong, in words; undefined when nothing did. */
export function failureOf({ job, outcome, violation }: ProofAnswer): string | undefined {
  if (violation) return `${violation.invariant}: ${violation.message}`;
  if (job.proof !== 'partition' || !outcome) return undefined;
  const pattern = PATTERNS.find(({ name }) => name === job.pattern);
  const expected = pattern && expectedOf(pattern, job.phase, WHEN_ONLY_HUB_CANNOT_SEE);
  if (expected?.assigned === outcome.assigned && expected.runs === outcome.runs) return undefined;
  return `assigned to ${outcome.assigned}, runs in ${outcome.runs}; expected ${expected?.assigned}, ${expected?.runs}`;
}

/** Each failure with the last that happened. */
export const explainFailures = (answers: readonly ProofAnswer[]): string[] =>
  answers.flatMap((answer) => {
    const failure = failureOf(answer);
    if (failure === undefined) return [];
    return [`${nameOfProof(answer.job)}: ${failure}\n${answer.transcript.slice(-60).join('\n')}`];
  });
