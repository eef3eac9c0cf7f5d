import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aSwitch } from '../../test/support/objects.ts';
import type { Condition } from '../api/conditions.ts';
import type { RegionSwitch, RegionSwitchStatus, SwitchStep } from '../api/region-switch.ts';
import { spanIdOf, traceIdOf } from './span.ts';
import { switchSpans, withTraceId } from './switch-spans.ts';

const UID = '6f1c2a3b-0d4e-4f5a-8b6c-7d8e9fa0b1c2';
const TRACE = '6f1c2a3b0d4e4f5a8b6c7d8e9fa0b1c2';
const BEGIN = Date.UTC(2026, 0, 1);
const at = (second: number): string => new Date(BEGIN + second * 1000).toISOString().replace('.000', '');

const step = (name: SwitchStep['name'], from: number, to: number | undefined, more: Partial<SwitchStep> = {}) =>
  ({
    name,
    state: 'Done',
    done: 1,
    total: 1,
    startTime: at(from),
    ...(to === undefined ? {} : { endTime: at(to) }),
    ...more,
  }) satisfies SwitchStep;
const condition = (type: Condition['type'], status: Condition['status'], reason: Condition['reason'], message = '') =>
  ({ type, status, reason, message, observedGeneration: 1, lastTransitionTime: at(0) }) satisfies Condition;
const READY = [condition('Ready', 'True', 'AsDeclared'), condition('Stalled', 'False', 'AsDeclared')];

const ended = (status: Partial<RegionSwitchStatus>, spec: Record<string, unknown> = {}): RegionSwitch => {
  const made = aSwitch('one', spec);
  return {
    ...made,
    metadata: { ...made.metadata, uid: UID },
    status: { observedGeneration: 1, startTime: at(10), endTime: at(100), conditions: READY, ...status },
  };
};
const moved = (name: string, to = 'west') => ({ name, from: 'east', to, epoch: 2, decidedTime: at(10) });

/** The trace as a tree: name, from and to in seconds, and why it failed. */
function tree(one: RegionSwitch): readonly string[] {
  const spans = switchSpans(one);
  const depthOf = (id: string | undefined): number =>
    id === undefined ? 0 : 1 + depthOf(spans.find(({ spanId }) => spanId === id)?.parentSpanId);
  return spans.map(({ endMs, failure, name, parentSpanId, startMs }) => {
    const bounds = `${(startMs - BEGIN) / 1000}-${(endMs - BEGIN) / 1000}`;
    return `${'  '.repeat(depthOf(parentSpanId))}${name} ${bounds}${failure === undefined ? '' : `: ${failure}`}`;
  });
}

describe('the trace of a switch that has ended', () => {
  it.each<[string, RegionSwitch, readonly string[]]>([
    [
      'by the operator has a span for each step',
      ended(
        { steps: [step('RecordIntent', 10, 10), step('Fence', 10, 28), step('Verify', 10, 31)] },
        { type: 'Failover', trigger: 'Automatic' },
      ),
      ['Failover 10-100', '  RecordIntent 10-10', '  Fence 10-28', '  Verify 10-31'],
    ],
    [
      'by a person shows the wait for persons by itself',
      ended({
        approval: { requestedTime: at(12), grantedTime: at(72), waitedSeconds: 60 },
        steps: [step('RecordIntent', 10, 73)],
      }),
      ['Evacuate 10-100', '  WaitForApproval 12-72', '  RecordIntent 10-73'],
    ],
    [
      'by an abort says so, and an approval that never came ends with it',
      ended({
        approval: { requestedTime: at(12) },
        conditions: [
          condition('Ready', 'False', 'SwitchNotOpen'),
          condition('Stalled', 'True', 'SwitchNotOpen', 'aborted: 1 of 3 services were begun'),
        ],
        steps: [
          step('RecordIntent', 10, 90, { state: 'Aborted', total: 3 }),
          step('Protect', 10, undefined, { state: 'Running', total: 3 }),
        ],
      }),
      [
        'Evacuate 10-100: aborted: 1 of 3 services were begun',
        '  WaitForApproval 12-100',
        '  RecordIntent 10-90: aborted: 1 of 3 services had passed it',
        '  Protect 10-100',
      ],
    ],
    [
      'leaves out steps that were never begun',
      ended({ steps: [{ name: 'Fence', state: 'Pending', done: 0, total: 2 }] }),
      ['Evacuate 10-100'],
    ],
    [
      'of a drill has the way home below it',
      ended(
        {
          steps: [step('Promote', 10, 30)],
          back: { steps: [step('RecordIntent', 60, 61), step('Verify', 60, 80)], services: [], servicesTotal: 0 },
        },
        { type: 'Drill', drill: { kind: 'Region' } },
      ),
      ['Drill 10-100', '  Promote 10-30', '  WayHome 60-100', '    RecordIntent 60-61', '    Verify 60-80'],
    ],
    [
      'of a drill of a zone tells how it was emptied and filled',
      ended(
        {
          drill: { phase: 'Ended', homeTime: at(60), result: 'Passed' },
          emptied: [
            { name: 'ns/a', beganTime: at(10), emptyTime: at(20), filledTime: at(90) },
            { name: 'ns/b', beganTime: at(11), emptyTime: at(25), filledTime: at(70) },
          ],
        },
        { type: 'Drill', drill: { kind: 'Zone', zone: 'east-a' } },
      ),
      ['Drill 10-100', '  LeaveZone 10-25', '  FillZone 60-90'],
    ],
    [
      'of a freeze is one span',
      ended({}, { type: 'Freeze', region: undefined, expiresAt: at(100) }),
      ['Freeze 10-100'],
    ],
    [
      'without a start begins when it was made, and no span ends before it begins',
      ended({ startTime: undefined, steps: [step('Fence', 40, 39)] }),
      ['Evacuate 0-100', '  Fence 40-40'],
    ],
  ])('%s', (_, one, expected) => {
    expect(tree(one)).toEqual(expected);
  });

  it('says what was switched, and what came of it', () => {
    const spec = { type: 'Failover', services: ['ns/a', 'ns/b'] };
    const services = [moved('ns/a', 'west'), moved('ns/b', 'north')];
    const [root] = switchSpans(ended({ services, servicesTotal: 2, slowestRecoveryMilliseconds: 19_300 }, spec));
    expect(root?.attributes).toEqual({
      'switchback.switch': 'one',
      'switchback.iu_group': 'americas',
      'switchback.type': 'Failover',
      'switchback.trigger': 'Manual',
      'switchback.dry_run': false,
      'switchback.scope': 'Services',
      'switchback.region': 'east',
      'switchback.from': 'east',
      'switchback.to': 'north,west',
      'switchback.services': 2,
      'switchback.slowest_recovery_ms': 19_300,
      'switchback.result': 'AsDeclared',
    });
  });

  it('has the steps that are over as soon as all services are where they shall be', () => {
    const steps = [step('Fence', 10, 28), step('Protect', 10, undefined, { state: 'Running' })];
    const conditions = [condition('SwitchedOver', 'True', 'AsDeclared')];
    const open = ended({ endTime: undefined, conditions, steps });
    const early = switchSpans(open);
    expect(early.map(({ name }) => name)).toEqual(['Fence']);
    expect(switchSpans(ended({ conditions, steps }))).toEqual(expect.arrayContaining([...early]));
  });

  it('is not told while a service is on its way, nor of what no API server has made', () => {
    const conditions = [condition('SwitchedOver', 'False', 'Progressing')];
    expect(switchSpans(ended({ endTime: undefined, conditions, steps: [step('Fence', 10, 28)] }))).toEqual([]);
    const one = ended({});
    expect(switchSpans({ ...one, metadata: { ...one.metadata, uid: 'one' } })).toEqual([]);
  });

  it('has the id that the status shows, else the one of the uid', () => {
    expect(switchSpans(ended({}))[0]?.traceId).toBe(TRACE);
    expect(switchSpans(ended({ traceID: 'a'.repeat(32) }))[0]?.traceId).toBe('a'.repeat(32));
  });

  const NAMES = ['RecordIntent', 'Fence', 'Promote', 'Verify', 'MoveTraffic', 'Protect'] as const;
  const steps = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom(...NAMES), fc.nat(100), fc.option(fc.nat(100), { nil: undefined }))
      .map(([name, from, to]) => step(name, from, to)),
    { selector: ({ name }) => name },
  );
  it('is one tree of well-formed ids, the same ones whoever tells of it', () => {
    const isWaiting = fc.boolean();
    fc.assert(
      fc.property(steps, steps, isWaiting, fc.uuid(), (away, back, waited, uid) => {
        const made = ended({
          steps: away,
          back: { steps: back, services: [], servicesTotal: 0 },
          ...(waited && { approval: { requestedTime: at(12) } }),
        });
        const one = { ...made, metadata: { ...made.metadata, uid } };
        const spans = switchSpans(one);
        const ids = new Set(spans.map(({ spanId }) => spanId));
        expect(ids.size).toBe(spans.length);
        expect([...ids].filter((id) => !/^[0-9a-f]{16}$/.test(id))).toEqual([]);
        expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(uid)]));
        expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined)).toHaveLength(1);
        expect(spans.filter(({ parentSpanId: id }) => id !== undefined && !ids.has(id))).toEqual([]);
        expect(spans.filter(({ endMs, startMs }) => !(endMs >= startMs))).toEqual([]);
        expect(switchSpans(structuredClone(one))).toEqual(spans);
      }),
    );
  });
});

describe('the trace id', () => {
  it('is the uid without its dashes', () => {
    expect(traceIdOf(UID)).toBe(TRACE);
    expect(['uid-one', '', undefined, UID.toUpperCase()].map(traceIdOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('of a span differs by object and by part', () => {
    const ids = [spanIdOf(UID, ''), spanIdOf(UID, 'Fence'), spanIdOf('other', ''), spanIdOf('other', 'Fence')];
    expect(new Set(ids).size).toBe(4);
  });

  const report = { conditions: [], fields: { startTime: at(10) } };
  it('comes with the first report on a switch', () => {
    const { status: _, ...fresh } = ended({});
    expect(withTraceId(fresh, report)).toEqual({ conditions: [], fields: { startTime: at(10), traceID: TRACE } });
    // As the API server makes it: no status of ours yet.
    const made = { ...fresh, status: { observedGeneration: -1 } };
    expect(withTraceId(made, report).fields).toHaveProperty('traceID', TRACE);
  });

  it.each<[string, RegionSwitch]>([
    ['was reported before', ended({ endTime: undefined })],
    ['had ended before there was such a field', ended({})],
    ['has it', ended({ traceID: TRACE })],
  ])('is no reason to write to a switch that %s', (_, one) => {
    expect(withTraceId(one, report)).toBe(report);
  });
});
