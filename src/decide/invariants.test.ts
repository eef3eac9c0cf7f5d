import { expect, it } from 'vitest';
import { anAssignment } from '../../test/support/objects.ts';
import type { Assignment } from '../api/service-instance.ts';
import { checkIntent } from './invariants.ts';

const PLACES = ['east', 'west'];
const NOW = anAssignment('1 east>west');
const TWO = anAssignment('1 east>west,south');

it.each<[string, Assignment | undefined, Assignment, string | undefined]>([
  ['a first assignment passes', undefined, NOW, undefined],
  ['a move passes', NOW, anAssignment('1 east>west', '2 west>east'), undefined],
  ['a new epoch in place passes', NOW, anAssignment('1 east>west', '2 east>'), undefined],
  [
    'a region that lost its place may stay active',
    anAssignment('1 south>east'),
    anAssignment('1 south>east', '2 south>'),
    undefined,
  ],
  ['what regions know is adopted at any epoch', undefined, anAssignment('7 south>east'), undefined],
  ['an epoch that stays is refused', NOW, anAssignment('1 west>east'), 'an epoch rises by one'],
  ['an epoch that jumps is refused', NOW, anAssignment('1 east>west', '3 west>east'), 'an epoch rises by one'],
  [
    'a history without the present entry is refused',
    NOW,
    { ...NOW, epoch: 2 },
    'the last entry of the history is the assignment itself',
  ],
  [
    'a history that does not rise is refused',
    NOW,
    anAssignment('2 east>west', '2 west>east'),
    'epochs in the history rise',
  ],
  ['a region that succeeds itself is refused', NOW, anAssignment('2 west>west'), 'a region never succeeds itself'],
  [
    'a region that is left out passes',
    TWO,
    { ...anAssignment('1 east>west,south', '2 east>west'), leftOut: ['south'] },
    undefined,
  ],
  [
    'a region that is left out and follows is refused',
    TWO,
    { ...anAssignment('1 east>west,south', '2 east>west'), leftOut: ['west'] },
    'who is left out is no successor',
  ],
  [
    'the last successor that is left out is refused',
    NOW,
    { ...anAssignment('1 east>west', '2 east>'), leftOut: ['west'] },
    'the last successor is not left out',
  ],
  [
    'a promotion of a region that is left out is refused',
    { ...anAssignment('1 east>north'), leftOut: ['west'] },
    anAssignment('1 east>north', '2 west>east'),
    'who is left out is not promoted before it is a successor again',
  ],
  [
    'a move to where there is no place is refused',
    NOW,
    anAssignment('2 south>east'),
    'a service moves only to where it has a place',
  ],
  [
    'a beginning where there is no place is refused',
    undefined,
    anAssignment('1 south>'),
    'a service is active only where it has a place',
  ],
])('%s', (_, current, next, broken) => {
  expect(checkIntent(current, next, PLACES)).toBe(broken);
});
