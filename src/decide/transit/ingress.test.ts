import { describe, expect, it } from 'vitest';
import { aTransitCentre } from '../../../test/support/objects.ts';
import type { TransitCentre } from '../../api/transit-centre.ts';
import { primaryCentreOf } from '../primary-centre.ts';
import type { Callers } from './callers.ts';
import { decideIngress, type IngressDecision } from './ingress.ts';
import type { CentreView, Ingress, IngressView } from './ingress-view.ts';
import type { PathView } from './path-history.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const REGIONS = ['east', 'west'];

const aPath = (state: PathView['state'], more: Partial<PathView> = {}): PathView => ({
  state,
  reason: state === 'Lost' ? 'VoiceLost' : 'TransitUp',
  message: '',
  everUp: true,
  wellForMs: state === 'Up' ? 3_600_000 : 0,
  flapsForMs: state === 'Flapping' ? 120_000 : 0,
  ...more,
});

interface Change extends Partial<Pick<CentreView, 'voice' | 'reachedFrom'>> {
  readonly spec?: Parameters<typeof aTransitCentre>[2] & { readonly regions?: readonly string[] };
  readonly ingress?: Partial<Ingress>;
}

function aCentre(name: string, { ingress, reachedFrom, spec = {}, voice = aPath('Up') }: Change = {}): CentreView {
  const { regions = REGIONS, ...more } = spec;
  const own = {
    servedBy: name,
    reason: 'AsDeclared',
    sinceMs: NOW - 3_600_000,
    losses: 0,
    lastLossMs: undefined,
  } as const;
  const isReached = ['Up', 'Flapping'].includes(voice.state);
  return {
    spec: aTransitCentre(name, regions, more),
    voice,
    reachedFrom: reachedFrom ?? new Set(isReached ? REGIONS : []),
    ingress: { ...own, ...ingress },
  };
}
const aCaller = (centre: string, more: Partial<Callers> = {}): Callers => ({
  centre,
  tenants: 1,
  agents: 300,
  regions: REGIONS,
  regionsNow: REGIONS,
  ...more,
});

/** `us-1` and `us-2` are a pair, `us-3` is of another pair; of `us-1` the voice is lost unless said otherwise. */
function aView(changes: Record<string, Change> = {}, more: Partial<IngressView> = {}): IngressView {
  const south = { spec: { pair: 'us-south', ...changes['us-3']?.spec } };
  return {
    nowMs: NOW,
    policy: { mode: 'Automatic', acrossPairs: false, stableForSeconds: 300 },
    hubIsolated: false,
    freezes: [],
    cutOff: [],
    centres: [
      aCentre('us-1', { voice: aPath('Lost'), ...changes['us-1'] }),
      aCentre('us-2', changes['us-2']),
      aCentre('us-3', { ...changes['us-3'], ...south }),
    ],
    callers: [aCaller('us-1'), aCaller('us-2', { agents: 200 })],
    countries: undefined,
    ...more,
  };
}
const across = { policy: { mode: 'Automatic', acrossPairs: true, stableForSeconds: 300 } } as const;
const told = (decision: IngressDecision | undefined): string => {
  if (decision?.kind === 'Set') return `to ${decision.next.servedBy}`;
  return decision?.kind === 'Hold' ? `${decision.wanted} held: ${decision.reason}` : (decision?.kind ?? 'none');
};
const decide = (view: IngressView, name = 'us-1'): string => told(decideIngress(view).get(name));

const LOST = { voice: aPath('Lost') };
const AWAY = { servedBy: 'us-2', reason: 'VoiceLost', losses: 1, lastLossMs: NOW - 10 * MINUTE_MS } as const;
const home = (more: Partial<PathView> = {}, ingress: Partial<Ingress> = {}): Record<string, Change> => ({
  'us-1': { voice: aPath('Up', more), ingress: { ...AWAY, ...ingress } },
});

describe('callers of a centre that is lost', () => {
  it.each<[string, IngressView, string]>([
    ['come in through the other one of the pair', aView(), 'to us-2'],
    ['stay when there is none that is well', aView({ 'us-2': LOST }), 'Move held: TargetUnhealthy'],
    ['go to another pair where that is allowed', aView({ 'us-2': LOST }, across), 'to us-3'],
    [
      'do not leave a pair that is not lost',
      aView({ 'us-2': { spec: { calls: 1 } } }, across),
      'Move held: CapacityExceeded',
    ],
    [
      'do not leave a pair that nobody knows anything of',
      aView({ 'us-2': { voice: aPath('Unknown') } }, across),
      'Move held: TargetUnhealthy',
    ],
    ['leave a pair whose other one is pending', aView({ 'us-2': { spec: { state: 'Pending' } } }, across), 'to us-3'],
    [
      'do not go to another geography',
      aView({ 'us-2': LOST, 'us-3': { spec: { geography: 'EMEA' } } }, across),
      'Move held: TargetUnhealthy',
    ],
    ['do not go to a pending one', aView({ 'us-2': { spec: { state: 'Pending' } } }), 'Move held: TransitPending'],
    ['do not go to one for special use', aView({ 'us-2': { spec: { use: 'Special' } } }), 'Move held: SpecialUse'],
    [
      'go within a special pair that they have named',
      aView({ 'us-1': { ...LOST, spec: { use: 'Special' } }, 'us-2': { spec: { use: 'Special' } } }),
      'to us-2',
    ],
    [
      'do not go to one of which nothing is known',
      aView({ 'us-2': { voice: aPath('Unknown') } }),
      'Move held: TargetUnhealthy',
    ],
    [
      'do not go to where their calls do not fit',
      aView({ 'us-2': { spec: { calls: 499 } } }),
      'Move held: CapacityExceeded',
    ],
    ['go to where the calls of both just fit', aView({ 'us-2': { spec: { calls: 500 } } }), 'to us-2'],
    [
      'do not go to where they have no agents',
      aView({ 'us-2': { spec: { regions: ['far'] } } }),
      'Move held: AgentsMissing',
    ],
    [
      'go by where their agents are now',
      aView({ 'us-2': { spec: { regions: ['west'] } } }, { callers: [aCaller('us-1', { regionsNow: ['east'] })] }),
      'Move held: AgentsMissing',
    ],
    [
      'do not go to one that the regions of their agents do not reach',
      aView({ 'us-2': { reachedFrom: new Set(['far']) } }),
      'Move held: TargetUnhealthy',
    ],
    [
      'go to one that only another region does not reach',
      aView({ 'us-2': { voice: aPath('Degraded'), reachedFrom: new Set(REGIONS) } }),
      'to us-2',
    ],
    [
      'do not go to a country that their residency does not allow',
      aView({}, { callers: [aCaller('us-1', { countries: ['CA'] })] }),
      'Move held: ResidencyViolated',
    ],
    [
      'do not go to a geography that it does not allow',
      aView({}, { callers: [aCaller('us-1', { geographies: ['Canada'] })] }),
      'Move held: ResidencyViolated',
    ],
    [
      'do not go to a country that the group does not allow',
      aView({}, { countries: ['CA'] }),
      'Move held: ResidencyViolated',
    ],
    [
      'stay with mode Manual',
      aView({}, { policy: { mode: 'Manual', acrossPairs: false, stableForSeconds: 300 } }),
      'Move held: AutomationOff',
    ],
    ['stay in a freeze', aView({}, { freezes: [{ name: 'x', until: undefined }] }), 'Move held: Frozen'],
    ['stay while the hub suspects itself', aView({}, { hubIsolated: true }), 'Move held: HubIsolated'],
    [
      'go home when that is well and who serves them is lost',
      aView({ 'us-1': { voice: aPath('Up', { wellForMs: 0 }), ingress: AWAY }, 'us-2': LOST }),
      'to us-1',
    ],
    [
      'go on when who serves them is lost too',
      aView({ 'us-1': { ...LOST, ingress: AWAY }, 'us-2': LOST }, across),
      'to us-3',
    ],
    [
      'go to a steady one rather than to one that flaps',
      aView({ 'us-1': { voice: aPath('Flapping'), ingress: AWAY }, 'us-2': LOST }, across),
      'to us-3',
    ],
    ['go to one that flaps when nothing steadier is there', aView({ 'us-2': { voice: aPath('Flapping') } }), 'to us-2'],
    [
      'do not go to and fro between two that flap',
      aView({ 'us-1': { ...LOST, ingress: { sinceMs: NOW - MINUTE_MS } }, 'us-2': { voice: aPath('Flapping') } }),
      'Move held: Flapping',
    ],
  ])('%s', (_, view, expected) => {
    expect(decide(view)).toBe(expected);
  });

  it('are never more than the other one takes when two centres are lost at once', () => {
    const view = aView({ 'us-2': LOST, 'us-3': { spec: { calls: 350 } } }, across);
    const decisions = decideIngress(view);
    expect(['us-1', 'us-2'].map((name) => told(decisions.get(name)))).toEqual([
      'to us-3',
      'Move held: CapacityExceeded',
    ]);
  });

  it('tell of each centre why it does not take them', () => {
    const decision = decideIngress(aView({ 'us-2': LOST, 'us-3': { spec: { calls: 100 } } }, across)).get('us-1');
    expect(decision).toMatchObject({
      message:
        'no transit centre can take the callers of us-1: voice of us-2 is Lost; us-3 would have 300 calls, one for each agent, and takes 100',
    });
  });
});

describe('callers of a centre of which nothing is lost', () => {
  it.each<[string, PathView['state']]>([
    ['up', 'Up'],
    ['degraded', 'Degraded'],
    ['flapping', 'Flapping'],
    ['unknown', 'Unknown'],
  ])('stay while it is %s', (_, state) => {
    expect(decide(aView({ 'us-1': { voice: aPath(state) } }))).toBe('Stay');
  });

  it('leave one that a person takes out of traffic, whatever the mode and the freezes', () => {
    const person = { mode: 'Manual', acrossPairs: false, stableForSeconds: 300 } as const;
    const view = aView(
      { 'us-1': { voice: aPath('Pending'), spec: { state: 'Pending' } } },
      { policy: person, freezes: [{ name: 'x', until: undefined }] },
    );
    expect(decide(view)).toBe('to us-2');
    const back = aView(
      { 'us-1': { voice: aPath('Up', { wellForMs: 0 }), ingress: { servedBy: 'us-2', reason: 'TransitPending' } } },
      { policy: person },
    );
    expect(decide(back)).toBe('to us-1');
  });

  it('follow their agents when all of these go to where it does not serve', () => {
    const view = (regionsNow: readonly string[]) =>
      aView(
        { 'us-1': { voice: aPath('Up'), spec: { regions: ['east'] } }, 'us-2': { spec: { regions: ['west'] } } },
        { callers: [aCaller('us-1', { regionsNow })] },
      );
    expect([['east'], ['east', 'west'], ['west'], []].map((now) => decide(view(now)))).toEqual([
      'Stay',
      'Stay',
      'to us-2',
      'Stay',
    ]);
  });

  it('of one that is gone from the group come in at their own, whatever else holds', () => {
    const gone = { voice: aPath('Unknown'), ingress: { servedBy: 'us-9' } };
    expect(decide(aView({ 'us-1': gone, 'us-2': LOST }, { hubIsolated: true }))).toBe('to us-1');
  });

  it('begin at their own', () => {
    const view = aView();
    const centres = view.centres.map((centre) => ({ ...centre, ingress: undefined }));
    expect(decide({ ...view, centres })).toBe('to us-1');
  });

  it('have no ingress while it is announced only', () => {
    const view = aView({ 'us-1': { voice: aPath('Pending'), spec: { state: 'Pending' } } });
    const centres = view.centres.map((centre) => ({ ...centre, ingress: undefined }));
    expect(decide({ ...view, centres })).toBe('none');
  });
});

describe('the way home', () => {
  it.each<[string, IngressView, string]>([
    ['is free when it has been well for long enough', aView(home()), 'to us-1'],
    ['takes its time', aView(home({ wellForMs: 299_000 })), 'Return held: NotStableYet'],
    [
      'takes twice as long after a second loss within a day',
      aView(home({ wellForMs: 599_000 }, { losses: 2 })),
      'Return held: NotStableYet',
    ],
    [
      'takes eight times as long at most',
      aView(home({ wellForMs: 2_400_000 }, { losses: 90, sinceMs: NOW - 3_600_000 })),
      'to us-1',
    ],
    [
      'counts no loss of the day before',
      aView(home({ wellForMs: 300_000 }, { losses: 9, lastLossMs: NOW - 86_400_000 })),
      'to us-1',
    ],
    [
      'is not taken by one that flaps',
      aView({ 'us-1': { voice: aPath('Flapping'), ingress: AWAY } }),
      'Return held: Flapping',
    ],
    ['is not taken in a freeze', aView(home(), { freezes: [{ name: 'x', until: undefined }] }), 'Return held: Frozen'],
    [
      'is not taken while some region does not reach it',
      aView({ 'us-1': { voice: aPath('Degraded'), ingress: AWAY } }),
      'Return held: TargetUnhealthy',
    ],
    [
      'is not taken while nothing is known of it',
      aView({ 'us-1': { voice: aPath('Unknown'), ingress: AWAY } }),
      'Return held: TargetUnhealthy',
    ],
    ['is not wanted while it is lost', aView({ 'us-1': { ...LOST, ingress: AWAY } }), 'Stay'],
    [
      'is not taken at once by one that was never lost itself',
      aView(home({}, { sinceMs: NOW - MINUTE_MS })),
      'Return held: NotStableYet',
    ],
  ])('%s', (_, view, expected) => {
    expect(decide(view)).toBe(expected);
  });

  it('says when it is looked at again, as the longest that time ends', () => {
    const view = aView(
      { 'us-1': { voice: aPath('Flapping', { wellForMs: 100_000, flapsForMs: 30_000 }), ingress: AWAY } },
      { freezes: [{ name: 'x', until: new Date(NOW + 50_000).toISOString() }] },
    );
    expect(decideIngress(view).get('us-1')).toMatchObject({ reason: 'Frozen', recheckAfterMs: 200_000 });
  });

  it('counts each loss at home, and none elsewhere', () => {
    const losses = (ingress: Partial<Ingress>, more: Record<string, Change> = {}): number | undefined => {
      const decision = decideIngress(aView({ 'us-1': { ...LOST, ingress }, ...more }, across)).get('us-1');
      return decision?.kind === 'Set' ? decision.next.losses : undefined;
    };
    expect(losses({ losses: 2, lastLossMs: NOW - MINUTE_MS })).toBe(3);
    expect(losses({ losses: 2, lastLossMs: NOW - 86_400_000 })).toBe(1);
    expect(losses(AWAY, { 'us-2': LOST })).toBe(1);
  });
});

it('the primary centre of a tenant has voice, and serves its region best', () => {
  const centres: TransitCentre[] = [
    aTransitCentre('mpls-only', ['east'], { voice: undefined, mpls: true }),
    aTransitCentre('pending', ['east'], { state: 'Pending' }),
    aTransitCentre('special', ['east'], { use: 'Special' }),
    aTransitCentre('second', ['west', 'east']),
    aTransitCentre('first', ['east', 'west']),
  ];
  const of = (primaryRegion: string, transitCentre?: string) =>
    primaryCentreOf({ primaryRegion, transitCentre }, centres)?.name;
  expect([of('east'), of('west'), of('far'), of('east', 'special'), of('east', 'none')]).toEqual([
    'first',
    'second',
    undefined,
    'special',
    undefined,
  ]);
});
