import { expect, it } from 'vitest';
import { type TransitCentre, transitCentre } from '../api/transit-centre.ts';
import { primaryCentreOf } from './primary-centre.ts';

const centre = (name: string, regions: string[], more: object = {}): TransitCentre =>
  transitCentre.parse({
    name,
    geography: 'US',
    country: 'US',
    pair: 'us',
    regions,
    voice: { targets: ['192.0.2.7'] },
    ...more,
  });
const CENTRES = [
  centre('special', ['east'], { use: 'Special' }),
  centre('pending', ['east'], { state: 'Pending' }),
  centre('dallas', ['west', 'east']),
  centre('ashburn', ['east', 'west']),
  centre('private', ['south'], { voice: undefined, mpls: true }),
];

it.each([
  ['the one that serves its region best', { primaryRegion: 'east' }, 'ashburn'],
  ['the first that serves it best, in the order of the group', { primaryRegion: 'west' }, 'dallas'],
  ['the one that it names, also a special one', { primaryRegion: 'east', transitCentre: 'special' }, 'special'],
  ['none outside its residency', { primaryRegion: 'east', residency: { countries: ['CA'] } }, undefined],
  ['none that has no voice', { primaryRegion: 'south' }, undefined],
  ['none where none serves its region', { primaryRegion: 'north' }, undefined],
  ['none where the one that it names is not there', { primaryRegion: 'east', transitCentre: 'gone' }, undefined],
])('the primary centre of a tenant is %s', (_, spec, expected) => {
  expect(primaryCentreOf(spec, CENTRES)?.name).toBe(expected);
});
