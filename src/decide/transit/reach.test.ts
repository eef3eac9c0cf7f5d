import { describe, expect, it } from 'vitest';
import { aTransitCentre } from '../../../test/support/objects.ts';
import type { Callers } from './callers.ts';
import type { CentreView, IngressView } from './ingress-view.ts';
import type { PathView } from './path-history.ts';
import { judgeProtection, judgeReach, strandedCallers } from './reach.ts';

const aPath = (state: PathView['state']): PathView => ({
  state,
  reason: state === 'Lost' ? 'VoiceLost' : state === 'Degraded' ? 'PartialLoss' : 'TransitUp',
  message: state === 'Degraded' ? 'not reached from east' : '',
  everUp: true,
  wellForMs: 3_600_000,
  flapsForMs: 0,
});
const aCentre = (
  name: string,
  regions: readonly string[],
  more: Partial<CentreView> & { readonly calls?: number; readonly servedBy?: string } = {},
): CentreView => ({
  spec: aTransitCentre(name, regions, more.calls === undefined ? {} : { calls: more.calls }),
  voice: aPath('Up'),
  reachedFrom: new Set(regions),
  ingress: { servedBy: more.servedBy ?? name, reason: 'AsDeclared', sinceMs: 0, losses: 0, lastLossMs: undefined },
  ...more,
});
const aCaller = (centre: string, regions: readonly string[], regionsNow = regions): Callers => ({
  centre,
  tenants: 4,
  agents: 100,
  regions,
  regionsNow,
});
const aView = (
  centres: readonly CentreView[],
  callers: readonly Callers[],
  cutOff: readonly string[] = [],
): IngressView => ({
  nowMs: 1e9,
  policy: { mode: 'Automatic', acrossPairs: false, stableForSeconds: 300 },
  hubIsolated: false,
  freezes: [],
  cutOff,
  centres,
  callers,
  countries: undefined,
});
const BOTH = ['east', 'west'];
const well = () => [aCentre('us-1', BOTH), aCentre('us-2', BOTH)];

describe('callers reach agents', () => {
  it.each<[string, IngressView, string | undefined]>([
    ['when their centre serves a region of theirs', aView(well(), [aCaller('us-1', BOTH)]), undefined],
    ['also when one of the regions is gone', aView(well(), [aCaller('us-1', BOTH, ['west'])]), undefined],
    [
      'not when their agents are where it does not serve',
      aView([aCentre('us-1', ['east']), aCentre('us-2', ['west'])], [aCaller('us-1', BOTH, ['west'])]),
      'callers of 4 tenants come in through us-1, which serves east, and their agents are in west',
    ],
    [
      'not when they were moved to where it does not serve',
      aView([aCentre('us-1', ['east'], { servedBy: 'us-2' }), aCentre('us-2', ['west'])], [aCaller('us-1', ['east'])]),
      'callers of 4 tenants come in through us-2, which serves west, and their agents are in east',
    ],
    [
      'not through one that is lost',
      aView([aCentre('us-1', BOTH, { voice: aPath('Lost'), reachedFrom: new Set() })], [aCaller('us-1', BOTH)]),
      'callers of 4 tenants come in through us-1, which is lost',
    ],
    [
      'not over a link that is lost, when it is the only one',
      aView(
        [aCentre('us-1', BOTH, { voice: aPath('Degraded'), reachedFrom: new Set(['west']) })],
        [aCaller('us-1', ['east'])],
      ),
      'callers of 4 tenants come in through us-1, which east with their agents does not reach well: not reached from east',
    ],
    [
      'over the link that is left',
      aView(
        [aCentre('us-1', BOTH, { voice: aPath('Degraded'), reachedFrom: new Set(['west']) })],
        [aCaller('us-1', BOTH)],
      ),
      undefined,
    ],
    [
      'not in a region without uplink',
      aView([aCentre('us-1', BOTH, { reachedFrom: new Set(['west']) })], [aCaller('us-1', ['east'])], ['east']),
      'callers of 4 tenants come in through us-1, and east with their agents reaches no transit centre',
    ],
    [
      'as far as is known, when nothing is known',
      aView([aCentre('us-1', BOTH, { voice: aPath('Unknown'), reachedFrom: new Set() })], [aCaller('us-1', BOTH)]),
      undefined,
    ],
    [
      'as far as it is up to transit centres, when no region of theirs is left',
      aView(well(), [aCaller('us-1', BOTH, [])]),
      undefined,
    ],
  ])('%s', (_, view, message) => {
    expect(strandedCallers(view)[0]?.message).toBe(message);
    expect(judgeReach(view).status).toBe(message === undefined ? 'True' : 'False');
  });

  it('is answered for some tenants alone', () => {
    const view = aView([aCentre('us-1', ['east'])], [aCaller('us-1', ['east']), aCaller('us-1', ['west'])]);
    expect(strandedCallers(view, [aCaller('us-1', ['east'])])).toEqual([]);
    expect(judgeReach(view)).toMatchObject({ status: 'False', reason: 'AgentsMissing' });
  });
});

describe('a group is told beforehand', () => {
  it.each<[string, IngressView, string | undefined]>([
    ['nothing when any one centre or region may be lost', aView(well(), [aCaller('us-1', BOTH)]), undefined],
    [
      'that the other one of the pair has too little room',
      aView([aCentre('us-1', BOTH), aCentre('us-2', BOTH, { calls: 50 })], [aCaller('us-1', BOTH)]),
      'CapacityExceeded',
    ],
    [
      'that the secondary region has no centre that serves it',
      aView([aCentre('us-1', ['east']), aCentre('us-2', ['east'])], [aCaller('us-1', BOTH, ['east'])]),
      'AgentsMissing',
    ],
    [
      'nothing of a region whose callers would follow to the other one of the pair',
      aView([aCentre('us-1', ['east']), aCentre('us-2', ['west'])], [aCaller('us-1', BOTH)]),
      undefined,
    ],
    [
      'nothing of a region where nobody would be left',
      aView([aCentre('us-1', BOTH), aCentre('us-2', BOTH)], [aCaller('us-1', ['east'])]),
      undefined,
    ],
    ['that a centre has no other one', aView([aCentre('us-1', BOTH)], [aCaller('us-1', BOTH)]), 'NoTransitCentre'],
    ['what is the matter already', aView([aCentre('us-1', ['west'])], [aCaller('us-1', ['east'])]), 'AgentsMissing'],
  ])('%s', (_, view, reason) => {
    const { message, reason: told, status } = judgeProtection(view);
    expect([status, told]).toEqual(reason === undefined ? ['True', 'AsDeclared'] : ['False', reason]);
    expect(message.length).toBeGreaterThan(10);
  });

  it('in the words of the loss', () => {
    const view = aView([aCentre('us-1', ['east']), aCentre('us-2', ['east'])], [aCaller('us-1', BOTH, ['east'])]);
    expect(judgeProtection(view).message).toBe(
      'if region east is lost, callers of 4 tenants come in through us-1, which serves east, and their agents are in west',
    );
  });
});
