import { describe, expect, it } from 'vitest';
import { aGroup } from '../../test/support/objects.ts';
import type { PathStatus, TransitCentreStatus } from '../api/transit-centre.ts';
import { transitEvents } from './transit-events.ts';

const since = '2026-01-01T00:00:00Z';
const GROUP = aGroup('americas', ['east']);
const path = (state: PathStatus['state'], reason: PathStatus['reason'], message = ''): PathStatus => ({
  state,
  reason,
  message,
  since,
});
const UP: TransitCentreStatus = {
  name: 'us-1',
  voice: path('Up', 'TransitUp'),
  ingress: { servedBy: 'us-1', since, reason: 'AsDeclared' },
};
const AWAY: TransitCentreStatus = { ...UP, ingress: { servedBy: 'us-2', since, reason: 'VoiceLost' } };
const HELD: TransitCentreStatus = {
  ...UP,
  hold: { wanted: 'Move', to: 'us-2', reason: 'Frozen', message: 'a freeze', until: since },
};

const told = (before: TransitCentreStatus | undefined, after: TransitCentreStatus) =>
  transitEvents(GROUP, before && [before], [after]).map(({ note, reason, type }) => `${type} ${reason}: ${note}`);

describe('of two records is told', () => {
  it.each<[string, TransitCentreStatus | undefined, TransitCentreStatus, string[]]>([
    ['nothing of a centre that is new and well', undefined, UP, []],
    ['nothing when they are the same', HELD, HELD, []],
    [
      'what a way in was found to be',
      UP,
      { ...UP, voice: path('Lost', 'VoiceLost', 'not reached from east') },
      ['Warning VoiceLost: The voice of transit centre us-1 was found Lost: not reached from east'],
    ],
    [
      'that it is up again',
      { ...UP, voice: path('Degraded', 'OneWayLoss') },
      UP,
      ['Normal TransitUp: The voice of transit centre us-1 is up again'],
    ],
    ['nothing of what is not known, nor of its end', { ...UP, voice: path('Unknown', 'NotObserved') }, UP, []],
    ['a move', UP, AWAY, ['Warning IngressMoved: Callers of us-1 were moved from us-1 to us-2: VoiceLost']],
    ['a return', AWAY, UP, ['Normal IngressReturned: Callers of us-1 returned to it from us-2']],
    ['a hold, once', UP, HELD, [`Warning Frozen: A move of the callers of us-1 was held: a freeze; until ${since}`]],
    [
      'nothing of a hold whose time alone has changed',
      HELD,
      { ...HELD, hold: { wanted: 'Move', to: 'us-2', reason: 'Frozen', message: 'x', until: '2026-01-02T00:00:00Z' } },
      [],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});
