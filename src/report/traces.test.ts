import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aSwitch } from '../../test/support/objects.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { isoTime } from '../api/common.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { ConflictError } from '../kube/errors.ts';
import type { EndedReconcile, ReconcileOutcome } from '../runtime/controller.ts';
import type { EndedSpan } from './span.ts';
import { createReconcileTracer, createSwitchTracer, type TraceSwitches } from './traces.ts';

let clock: ManualClock;
let told: EndedSpan[];

beforeEach(async () => {
  clock = new ManualClock();
  await clock.advance(3_600_000);
  told = [];
});

const reconcile = (outcome: ReconcileOutcome, more: Partial<EndedReconcile> = {}): EndedSpan => {
  const startedAt = clock.now();
  const endedAt = { wallMs: startedAt.wallMs, monoMs: startedAt.monoMs + 250 };
  const tracer = createReconcileTracer(new SeededRandom(1), (span) => told.push(span));
  tracer.reconciled({ controller: 'tenant', key: 'ns/acme', lane: 'change', outcome, startedAt, endedAt, ...more });
  const span = told.at(-1);
  if (!span) throw new Error('nothing was told');
  return span;
};

describe('a reconcile', () => {
  it('is a trace of one span, as long as it took whatever the wall clock did', () => {
    const { wallMs } = clock.now();
    expect(reconcile('success')).toEqual({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: 'Reconcile tenant',
      startMs: wallMs,
      endMs: wallMs + 250,
      attributes: {
        controller: 'tenant',
        'switchback.key': 'ns/acme',
        'switchback.lane': 'change',
        result: 'success',
      },
    });
  });

  it.each<[ReconcileOutcome, unknown, string, string | undefined]>([
    ['requeue_after', undefined, 'requeue_after', undefined],
    ['requeue', new ConflictError('changed meanwhile'), 'requeue', undefined],
    ['error', new Error('no answer'), 'error', 'no answer'],
    ['terminal', new Error('refused'), 'error', 'refused'],
    ['bug', 'a text', 'error', 'a text'],
  ])('that ends as %s has the result of controller-runtime, and fails only if that is an error', (...row) => {
    const [outcome, error, result, failure] = row;
    const span = reconcile(outcome, error === undefined ? {} : { error });
    expect(span.attributes['result']).toBe(result);
    expect(span.failure).toBe(failure);
    expect(span.exception === undefined).toBe(error === undefined);
  });

  it('tells only the beginning of a long error', () => {
    const { exception, failure } = reconcile('error', { error: new Error('x'.repeat(100_000)) });
    expect([exception?.message.length, failure?.length]).toEqual([1024, 1024]);
  });

  it('has a trace of its own each time', () => {
    const tracer = createReconcileTracer(new SeededRandom(1), (span) => told.push(span));
    const now = clock.now();
    const one = {
      controller: 'c',
      key: 'k',
      lane: 'change',
      outcome: 'success',
      startedAt: now,
      endedAt: now,
    } as const;
    tracer.reconciled(one);
    tracer.reconciled(one);
    expect(new Set(told.flatMap(({ spanId, traceId }) => [spanId, traceId])).size).toBe(4);
  });
});

describe('switches', () => {
  const aTracer = (): TraceSwitches => createSwitchTracer(clock, (spans) => told.push(...spans));
  const uidOf = (number: number): string => `6f1c2a3b-0d4e-4f5a-8b6c-00000000000${number}`;
  const one = (number: number, endedSecondsAgo?: number): RegionSwitch => {
    const made = aSwitch(`s${number}`, {});
    const end = isoTime(clock.now().wallMs - (endedSecondsAgo ?? 0) * 1000);
    return {
      ...made,
      metadata: { ...made.metadata, uid: uidOf(number) },
      status: { observedGeneration: 1, startTime: end, ...(endedSecondsAgo === undefined ? {} : { endTime: end }) },
    };
  };
  const names = (): unknown[] => told.map(({ attributes }) => attributes['switchback.switch']);

  it('are told of once, when they have ended', () => {
    const look = aTracer();
    look([one(1)]);
    expect(names()).toEqual([]);
    look([one(1, 0), one(2)]);
    look([one(1, 1), one(2)]);
    look([one(1, 2), one(2, 0)]);
    expect(names()).toEqual(['s1', 's2']);
  });

  it('that ended under the leader before are told of again, with the same ids; those of long ago are not', () => {
    aTracer()([one(1, 5)]);
    const before = told;
    told = [];
    aTracer()([one(1, 5), one(2, 3600)]);
    expect(told).toEqual(before);
    expect(names()).toEqual(['s1']);
  });

  it('that are made anew under a name are other ones', () => {
    const look = aTracer();
    look([one(1, 0)]);
    look([{ ...one(1, 0), metadata: { ...one(1).metadata, uid: uidOf(9) } }]);
    expect(new Set(told.map(({ traceId }) => traceId)).size).toBe(2);
  });
});
