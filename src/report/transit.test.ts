import { describe, expect, it } from 'vitest';
import type { PathStatus, TransitCentreStatus } from '../api/transit-centre.ts';
import type { IngressDecision } from '../decide/transit/ingress.ts';
import type { MatrixReading } from '../decide/transit/matrix.ts';
import { knownConditions, transitReady, transitStatus } from './transit.ts';

const since = '2026-01-01T00:00:00Z';
const NOW = Date.parse('2026-01-01T01:00:00Z');
const path = (state: PathStatus['state'], reason: PathStatus['reason']): PathStatus => ({
  state,
  reason,
  message: 'm',
  since,
});
const centre = (name: string, more: Partial<TransitCentreStatus> = {}): TransitCentreStatus => ({
  name,
  voice: path('Up', 'TransitUp'),
  ingress: { servedBy: name, since, reason: 'AsDeclared' },
  ...more,
});
const matrix = (more: Partial<Pick<MatrixReading, 'suspects' | 'uplinks'>> = {}) => ({
  matrix: { suspects: [], uplinks: [], ...more },
});
const LOST = path('Lost', 'VoiceLost');

describe('a group is ready for callers', () => {
  it.each<[string, Parameters<typeof transitReady>[0], TransitCentreStatus[], string, string]>([
    ['when every centre is up', matrix(), [centre('a')], 'True', 'TransitUp'],
    [
      'beside a centre that is only announced',
      matrix(),
      [centre('a'), { name: 'b', voice: path('Pending', 'TransitPending') }],
      'True',
      'TransitUp',
    ],
    ['not when a centre is lost', matrix(), [centre('a', { voice: LOST })], 'False', 'VoiceLost'],
    [
      'not when the probing is the suspect',
      matrix({ suspects: ['Voice'] }),
      [centre('a', { voice: LOST })],
      'False',
      'ProbesSuspect',
    ],
    [
      'not when a region has no uplink',
      matrix({ uplinks: [{ region: 'east', path: 'Mpls' }] }),
      [centre('a')],
      'False',
      'RegionUplinkLost',
    ],
    [
      'not when callers are elsewhere',
      matrix(),
      [centre('a', { ingress: { servedBy: 'b', since, reason: 'AgentsMissing' } })],
      'False',
      'AgentsMissing',
    ],
    [
      'not when a move is held',
      matrix(),
      [centre('a', { voice: LOST, hold: { wanted: 'Move', reason: 'Frozen', message: 'm' } })],
      'False',
      'Frozen',
    ],
    [
      'as far as is known',
      matrix(),
      [centre('a', { voice: path('Unknown', 'NotObserved') })],
      'Unknown',
      'NotObserved',
    ],
  ])('%s', (_, look, status, expected, reason) => {
    expect(transitReady(look, status)).toMatchObject({ status: expected, reason });
  });
});

describe('the status of transit centres', () => {
  const held = (recheckAfterMs: number): IngressDecision => ({
    kind: 'Hold',
    wanted: 'Return',
    to: 'a',
    reason: 'NotStableYet',
    message: 'm',
    recheckAfterMs,
  });
  const at = (decision: IngressDecision, before?: readonly TransitCentreStatus[], nowMs = NOW) =>
    transitStatus(
      { centres: [{ name: 'a', voice: undefined, mpls: undefined }], decisions: new Map([['a', decision]]) },
      before,
      nowMs,
    );

  it('tells the end of a hold as a moment that stays while time passes', () => {
    const first = at(held(300_000));
    expect(first[0]?.hold).toMatchObject({ until: '2026-01-01T01:05:00Z' });
    expect(at(held(200_000), first, NOW + 100_000)).toEqual(first);
  });

  it('keeps who serves the callers while nothing is decided', () => {
    const before = [
      centre('a', { ingress: { servedBy: 'b', since, reason: 'VoiceLost', losses: 2, lastLossTime: since } }),
    ];
    expect(at({ kind: 'Stay' }, before)[0]?.ingress).toEqual(before[0]?.ingress);
  });
});

it('what was said last stands while nobody has looked, and nothing else', () => {
  const known = { status: 'True', reason: 'AsDeclared', message: '', lastTransitionTime: since } as const;
  const list = [{ ...known, type: 'Ready' } as const, { ...known, type: 'TransitReady' } as const];
  expect(knownConditions(list).map(({ type }) => type)).toEqual(['TransitReady']);
  expect(knownConditions(undefined)).toEqual([]);
});
