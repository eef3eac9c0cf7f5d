import { expect, it } from 'vitest';
import { type DecisiveService, decideTenantRegion } from './decisions.ts';

const service = (activeRegion: string, more: Partial<DecisiveService> = {}): DecisiveService => ({
  slaClass: 1,
  mode: 'Backup',
  activeRegion,
  reason: 'Assigned',
  weights: undefined,
  ...more,
});
const shared = (east: number, west: number): DecisiveService =>
  service('east', {
    mode: 'Active',
    weights: [
      { region: 'east', weight: east },
      { region: 'west', weight: west },
    ],
  });

it.each<[string, DecisiveService[], string | undefined]>([
  ['nowhere while nothing is assigned', [], undefined],
  ['where its services are', [service('east'), service('east')], 'east Assigned'],
  [
    'where most of the important ones are',
    [service('west', { reason: 'FailedOver' }), service('west', { reason: 'FailedOver' }), service('east')],
    'west FailedOver',
  ],
  ['at home when as many are in each', [service('west'), service('east')], 'east Assigned'],
  [
    'where the important ones are, however many others are elsewhere',
    [service('west', { reason: 'FailedOver' }), ...Array.from({ length: 5 }, () => service('east', { slaClass: 3 }))],
    'west FailedOver',
  ],
  [
    'where what can move is: what cannot stays at home even when that is lost',
    [service('west', { reason: 'Evacuated' }), service('east', { mode: 'None' }), service('east', { mode: 'None' })],
    'west Evacuated',
  ],
  ['where most of the traffic goes, if all is shared', [shared(0, 100)], 'west ActiveHere'],
  ['at home while the shares are even', [shared(50, 50)], 'east ActiveHere'],
  ['at home if nothing can move', [service('east', { mode: 'None' })], 'east Assigned'],
])('a tenant is %s', (_, services, expected) => {
  const decision = decideTenantRegion(services, ['east', 'west']);
  expect(decision && `${decision.region} ${decision.reason}`).toBe(expected);
});
