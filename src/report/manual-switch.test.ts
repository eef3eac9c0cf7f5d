import { describe, expect, it } from 'vitest';
import { aProgress, aSwitch } from '../../test/support/objects.ts';
import { type ConditionState, mergeConditions } from '../api/conditions.ts';
import type { GroupImpactRow } from '../api/impact.ts';
import type { PlannedService, RegionSwitch } from '../api/region-switch.ts';
import { drainOrderOf } from '../decide/manual-switch.ts';
import { type ManualProgress, manualReport, summarizePlan } from './manual-switch.ts';
import type { ServiceProgress } from './switch.ts';
import { undoReport } from './undo.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const at = (seconds: number): number => BEGIN + seconds * 1000;

const service = (name: string, more: Partial<ServiceProgress> = {}) => aProgress({ name, decidedAt: at(1), ...more });
const DONE = { promotedAt: at(3), readyAt: at(4), trafficMoved: true, cleanedUp: true, protected: true };
const moves = (name: string): PlannedService => ({ name, verdict: 'Moves', from: 'east', to: 'west' });
const held = (name: string): PlannedService => ({
  name,
  verdict: 'Held',
  from: 'east',
  reason: 'ApprovalRequired',
  message: 'somebody has to say yes',
});
const stays = (name: string): PlannedService => ({
  name,
  verdict: 'Stays',
  from: 'east',
  reason: 'NoSuccessor',
  message: 'the service has no other region',
});

const NOTHING: ManualProgress = {
  services: [],
  plan: [],
  regions: [],
  drain: undefined,
  stop: undefined,
  obstacle: undefined,
  back: [],
  left: 0,
  drill: undefined,
};

/** The object after the report, as the API server would keep it. */
function reported(object: RegionSwitch, progress: Partial<ManualProgress>, seconds = 10): RegionSwitch {
  const { conditions, fields } = manualReport(object, { ...NOTHING, ...progress }, at(seconds));
  const merged = mergeConditions(object.status?.conditions, conditions, {
    generation: 1,
    time: '2026-01-01T00:00:10Z',
  });
  const status = { observedGeneration: 1, ...object.status, ...fields, conditions: merged };
  return {
    ...object,
    status: Object.fromEntries(Object.entries(status).filter(([, value]) => value !== null)),
  } as RegionSwitch;
}
const conditionOf = ({ status }: RegionSwitch, type: ConditionState['type']) =>
  status?.conditions?.find((c) => c.type === type);
/** Which of the three that tools read is true. */
const isNow = (object: RegionSwitch): string =>
  (['Ready', 'Reconciling', 'Stalled'] as const).filter((type) => conditionOf(object, type)?.status === 'True').join();
const readyOf = (object: RegionSwitch): string => conditionOf(object, 'Ready')?.message ?? '';
const stepsOf = ({ status }: RegionSwitch): string =>
  (status?.steps ?? []).map(({ done, name, state, total }) => `${name} ${state} ${done}/${total}`).join(', ');

describe('a switch that a person asked for', () => {
  it('has not begun all while something is left to begin, and none of its steps is done', () => {
    const object = reported(aSwitch('s'), { services: [service('ns/a', DONE)], plan: [moves('ns/b'), stays('ns/c')] });
    expect(stepsOf(object)).toContain('RecordIntent Running 1/2, Fence Running 1/2');
    expect([isNow(object), conditionOf(object, 'SwitchedOver')?.status]).toEqual(['Reconciling', 'False']);
    expect(object.status).toMatchObject({ servicesTotal: 2, plan: { moves: 1, held: 0, stays: 1 } });
    expect(object.status?.endTime).toBeUndefined();
  });

  it('ends when all that can move has moved and could move again; it says what stays, and what it keeps empty', () => {
    const begun = reported(aSwitch('s'), { services: [service('ns/a', DONE)], plan: [stays('ns/c')] });
    expect(stepsOf(begun)).toContain('RecordIntent Done 1/1');
    expect([isNow(begun), begun.status?.endTime]).toEqual(['Ready', '2026-01-01T00:00:10Z']);
    expect(readyOf(begun)).toBe('1 service moved; 1 cannot move; region east is kept empty until deleted or aborted');
    expect(begun.status?.plan).toMatchObject({ stays: 1 });
  });

  it('is switched over before it is protected, and ends with the second', () => {
    const services = [service('ns/a', { ...DONE, protected: false })];
    const object = reported(aSwitch('s', { type: 'Switchback' }), { services });
    expect([isNow(object), conditionOf(object, 'Protected')?.status]).toEqual(['Ready', 'False']);
    expect(readyOf(object)).toBe('1 service moved; not protected yet: 1 of 1 service left');
    expect(object.status?.endTime).toBeUndefined();
    expect(reported(object, { services: [service('ns/a', DONE)] }).status?.endTime).toBeDefined();
  });

  it('tells how long people took to approve, once', () => {
    const asked = reported(aSwitch('s'), { plan: [held('ns/a')] }, 10);
    const still = reported(asked, { plan: [held('ns/a')] }, 100);
    expect(still.status?.approval).toEqual({ requestedTime: '2026-01-01T00:00:10Z' });
    const granted = reported(still, { plan: [moves('ns/a')] }, 310);
    const approval = { requestedTime: '2026-01-01T00:00:10Z', grantedTime: '2026-01-01T00:05:10Z', waitedSeconds: 300 };
    expect(granted.status?.approval).toEqual(approval);
    expect(reported(granted, { services: [service('ns/a')] }, 400).status?.approval).toEqual(approval);
    expect(reported(aSwitch('s'), { plan: [moves('ns/a')] }).status?.approval).toBeUndefined();
  });

  it('is done at once when nothing is to be moved', () => {
    const object = reported(aSwitch('s', { type: 'Switchback' }), {});
    expect([isNow(object), readyOf(object), object.status?.endTime]).toEqual([
      'Ready',
      '0 services moved',
      '2026-01-01T00:00:10Z',
    ]);
  });

  it('ends only when the traffic that it leads away is gone, and says how much is left', () => {
    const drains: PlannedService = { name: 'ns/web', verdict: 'Drains', from: 'east' };
    const plan = [drains];
    const begun = reported(aSwitch('s'), { plan, drain: { services: 2, sharePercent: 75, onlyHere: 0 } });
    expect([isNow(begun), begun.status?.endTime, readyOf(begun)]).toEqual([
      'Reconciling',
      undefined,
      '0 services moved; the traffic of 2 is led away: 75 % of the usual share is left',
    ]);
    expect(begun.status).toMatchObject({ drain: { sharePercent: 75 }, plan: { stays: 0, drains: 1 } });
    const alone = reported(begun, { drain: { services: 2, sharePercent: 0, onlyHere: 1 } });
    expect([isNow(alone), alone.status?.endTime]).toEqual(['Reconciling', undefined]);
    const done = reported(alone, { drain: { services: 2, sharePercent: 0, onlyHere: 0 } });
    expect([isNow(done), readyOf(done)]).toEqual([
      'Ready',
      '0 services moved; the traffic of 2 is led elsewhere; region east is kept empty until deleted or aborted',
    ]);
    expect(done.status?.endTime).toBeDefined();
  });

  it('speaks of no traffic any more when it is aborted', () => {
    const drain = { services: 2, sharePercent: 75, onlyHere: 0 };
    const begun = reported(aSwitch('s'), { drain });
    expect(reported(begun, { drain, stop: 'Aborted' }).status).not.toHaveProperty('drain');
    const undone = undoReport(
      { ...begun, spec: { ...begun.spec, abort: true, undo: true } },
      { ...NOTHING, drain },
      at(20),
    );
    expect(undone.fields).toMatchObject({ drain: null });
  });

  it.each<[string, Partial<ManualProgress>, string]>([
    ['all are held', { plan: [held('ns/a'), held('ns/b')] }, '2 services cannot move; ns/a: somebody has to say yes'],
    [
      'the others have been moved',
      { services: [service('ns/a', DONE)], plan: [held('ns/b')] },
      '1 services cannot move; ns/b: somebody has to say yes',
    ],
  ])('waits, which is no failure, and says for what, when %s', (_, progress, message) => {
    const object = reported(aSwitch('s'), progress);
    expect(isNow(object)).toBe('Reconciling');
    expect(conditionOf(object, 'Reconciling')).toMatchObject({ reason: 'ApprovalRequired', message });
  });

  it.each<[string, Partial<ManualProgress>, string, string]>([
    [
      'all stay',
      { plan: [stays('ns/a')] },
      'NoSuccessor',
      '1 services cannot move; ns/a: the service has no other region',
    ],
    [
      'there is no such group',
      { obstacle: { reason: 'IUGroupNotFound', message: 'IU group x does not exist' } },
      'IUGroupNotFound',
      'IU group x does not exist',
    ],
  ])('is stalled, and says why, when %s', (_, progress, reason, message) => {
    const object = reported(aSwitch('s'), progress);
    expect(isNow(object)).toBe('Stalled');
    expect(conditionOf(object, 'Stalled')).toMatchObject({ reason, message });
  });

  it('is not stalled while one of its services is on its way', () => {
    expect(isNow(reported(aSwitch('s'), { services: [service('ns/a')], plan: [held('ns/b')] }))).toBe('Reconciling');
    expect(isNow(reported(aSwitch('s'), { plan: [held('ns/b'), moves('ns/a')] }))).toBe('Reconciling');
  });

  it('carries to its end what is under way when it is aborted, and begins nothing more', () => {
    const running = reported(aSwitch('s'), { services: [service('ns/a')], plan: [held('ns/b')] });
    const aborted = reported(running, { services: [service('ns/a')], stop: 'Aborted' }, 11);
    expect(stepsOf(aborted)).toContain('RecordIntent Aborted 1/2');
    expect([isNow(aborted), readyOf(aborted)]).toEqual([
      'Reconciling',
      'aborted: 1 of 2 services were begun; what is under way is carried to its end',
    ]);
    const ended = reported(aborted, { services: [service('ns/a', DONE)], stop: 'Aborted' }, 20);
    expect([isNow(ended), readyOf(ended)]).toEqual(['Stalled', 'aborted: 1 of 2 services were begun']);
    expect(ended.status?.endTime).toBe('2026-01-01T00:00:20Z');
    expect(ended.status?.plan).toMatchObject({ held: 1 });
  });

  it('ends as it would have when it is aborted after all was begun', () => {
    const begun = reported(aSwitch('s'), { services: [service('ns/a')] });
    const ended = reported(begun, { services: [service('ns/a', DONE)], stop: 'Aborted' });
    expect([isNow(ended), stepsOf(ended)]).toEqual(['Ready', expect.stringContaining('RecordIntent Done 1/1')]);
  });

  it('says that it expired, also when it never began', () => {
    const expired = reported(aSwitch('s'), { stop: 'Expired' });
    expect([isNow(expired), readyOf(expired)]).toEqual(['Stalled', 'expired: 0 of 0 services were begun']);
    expect(expired.status?.endTime).toBeDefined();
    expect(isNow(reported(expired, { stop: 'Expired' }))).toBe('Stalled');
  });

  it('says no more after its end than that it was aborted then', () => {
    const ended = reported(aSwitch('s'), { services: [service('ns/a', DONE)] });
    const aborted = reported({ ...ended, spec: { ...ended.spec, abort: true } }, { stop: 'Aborted' });
    expect(readyOf(aborted)).toBe('it had ended before it was aborted; it keeps no region empty any more');
    expect({ ...aborted.status, conditions: [] }).toEqual({ ...ended.status, conditions: [] });
  });
});

describe('a switch that is paused from the beginning', () => {
  const drains: PlannedService = { name: 'ns/web', verdict: 'Drains', from: 'east' };
  const paused = aSwitch('s', { pause: true });
  const resumed = (object: RegionSwitch): RegionSwitch => ({ ...object, spec: { ...object.spec, pause: false } });

  it('has no start, none of its steps is done, and nothing is led away', () => {
    const object = reported(paused, { plan: [drains] });
    expect([isNow(object), object.status?.startTime, object.status?.endTime]).toEqual([
      'Reconciling',
      undefined,
      undefined,
    ]);
    expect(readyOf(object)).toBe('paused: 0 of 0 services were begun, nor is the traffic of 1 led away');
    expect(stepsOf(object)).toMatch(/^RecordIntent Pending 0\/0/);
    expect(conditionOf(object, 'SwitchedOver')).toBeUndefined();
    expect(drainOrderOf(object)?.startTime).toBeUndefined();
    expect(reported(object, { plan: [drains] }, 100).status).toEqual(object.status);
  });

  it('shows who will feel what it would do, and finds that out for nobody else', () => {
    const row: GroupImpactRow = { functionality: 'CallRouting', tenants: 7 };
    let asked = 0;
    const impact = () => {
      asked += 1;
      return [row];
    };
    const object = reported(paused, { plan: [moves('ns/a')], impact });
    expect([object.status?.plan?.impact, asked]).toEqual([[row], 1]);
    const begun = reported(resumed(object), { plan: [moves('ns/a')], impact });
    reported(begun, { plan: [], services: [service('ns/a', DONE)], impact });
    expect(asked).toBe(2);
  });

  it('starts when it is resumed', () => {
    const object = reported(
      resumed(reported(paused, { plan: [drains, moves('ns/a')] })),
      { plan: [drains, moves('ns/a')] },
      70,
    );
    expect([object.status?.startTime, object.status?.steps?.[0]?.startTime]).toEqual([
      '2026-01-01T00:01:10Z',
      '2026-01-01T00:01:10Z',
    ]);
    expect(drainOrderOf(object)?.startTime).toBe('2026-01-01T00:01:10Z');
  });

  it('keeps its start when it is paused again, and the steps go on', () => {
    const begun = reported(resumed(paused), { services: [service('ns/a')], plan: [drains, held('ns/b')] }, 70);
    const again = reported({ ...begun, spec: paused.spec }, { services: [service('ns/a')], plan: [held('ns/b')] }, 90);
    expect(again.status?.startTime).toBe('2026-01-01T00:01:10Z');
  });

  it('ends when it is aborted, and says what it never began', () => {
    const object = reported(reported(paused, { plan: [moves('ns/a'), held('ns/b')] }), { stop: 'Aborted' });
    expect([isNow(object), readyOf(object)]).toEqual(['Stalled', 'aborted: 0 of 2 services were begun']);
    expect(object.status?.endTime).toBeDefined();
  });
});

it('a switch that only leads traffic away has not ended before that is counted', () => {
  const plan: PlannedService[] = [{ name: 'ns/web', verdict: 'Drains', from: 'east' }];
  const first = reported(aSwitch('s'), { plan });
  expect([first.status?.startTime, first.status?.endTime]).toEqual(['2026-01-01T00:00:10Z', undefined]);
  const drain = { services: 1, sharePercent: 0, onlyHere: 0 };
  expect(reported(first, { drain }).status?.endTime).toBeDefined();
});

describe('a switch of more services than its status lists', () => {
  const many = (n: number, more: Partial<ServiceProgress> = {}) =>
    Array.from({ length: n }, (_, i) => service(`ns/${String(i).padStart(3, '0')}`, { ...DONE, ...more }));

  it('counts all, and lists first what only the list can tell', () => {
    const services = [...many(298), service('ns/on-its-way'), service('ns/moved-on', { ...DONE, superseded: true })];
    const object = reported(aSwitch('s'), { services });
    expect([object.status?.servicesTotal, object.status?.services?.length]).toEqual([300, 200]);
    expect(stepsOf(object)).toContain('RecordIntent Done 300/300');
    expect(object.status?.services?.slice(0, 3).map(({ name }) => name)).toEqual([
      'ns/moved-on',
      'ns/on-its-way',
      'ns/000',
    ]);
  });

  it('goes on telling the longest recovery, also of a service that the list had no place for', () => {
    const slow = service('ns/slow', { ...DONE, readyAt: at(90) });
    const before = reported(aSwitch('s'), { services: [...many(250), slow] });
    expect(before.status?.slowestRecoveryMilliseconds).toBe(89_000);
    const after = reported(before, { services: many(250) });
    expect(after.status?.slowestRecoveryMilliseconds).toBe(89_000);
  });
});

describe('a dry run', () => {
  it('tells the plan, and no step of it', () => {
    const object = reported(aSwitch('s', { dryRun: true }), { plan: [moves('ns/a'), held('ns/b'), stays('ns/c')] });
    expect([isNow(object), readyOf(object)]).toEqual([
      'Ready',
      'plan: 1 would move, 1 are held, 1 stay; nothing moves',
    ]);
    expect(object.status?.plan?.services.map(({ name }) => name)).toEqual(['ns/b', 'ns/c', 'ns/a']);
    expect(object.status?.steps).toBeUndefined();
    expect(reported(object, { stop: 'Expired' }).status).toMatchObject({
      plan: { moves: 1 },
      endTime: expect.any(String),
    });
  });

  it('says which regions gain and lose, and that one would be too full', () => {
    const regions = [
      { region: 'east', before: 3, after: 0, fits: true },
      { region: 'west', before: 2, after: 5, capacity: 4, fits: false },
    ];
    const object = reported(aSwitch('s', { dryRun: true }), { plan: [moves('ns/a')], regions });
    expect(object.status?.plan?.regions).toEqual(regions);
    expect(readyOf(object)).toBe(
      'plan: 1 would move, 0 are held, 0 stay; nothing moves; region west would hold more than its capacity',
    );
    expect(summarizePlan([held('ns/a')], regions)).not.toHaveProperty('regions');
  });

  it('lists the first 200 and counts all', () => {
    const plan = summarizePlan(Array.from({ length: 250 }, (_, i) => moves(`ns/${i}`)));
    expect([plan.moves, plan.services.length]).toEqual([250, 200]);
  });
});

describe('a freeze', () => {
  const freeze = aSwitch('s', { type: 'Freeze', region: undefined, expiresAt: '2026-01-01T01:00:00Z' });

  it('says until when, and ends then', () => {
    const object = reported(freeze, {});
    expect([isNow(object), conditionOf(object, 'Ready')?.reason]).toEqual(['Ready', 'Frozen']);
    expect(readyOf(object)).toBe('in force until 2026-01-01T01:00:00Z');
    const over = reported(object, { stop: 'Expired' });
    expect([readyOf(over), over.status?.endTime]).toEqual([
      'was in force until 2026-01-01T01:00:00Z',
      expect.any(String),
    ]);
  });

  it('is ended by an abort', () => {
    expect(readyOf(reported(freeze, { stop: 'Aborted' }))).toBe('aborted: what moves by itself moves again');
  });
});
