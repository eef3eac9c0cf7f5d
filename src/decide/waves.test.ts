import { describe, expect, it } from 'vitest';
import type { PlannedService } from '../api/region-switch.ts';
import { withWaves } from './waves.ts';

const moves = (name: string, to = 'west'): PlannedService => ({ name, verdict: 'Moves', from: 'east', to });
const stays = (name: string): PlannedService => ({ name, verdict: 'Stays', from: 'east' });
const waves = (services: readonly PlannedService[], awaited: Readonly<Record<string, readonly string[]>>) =>
  withWaves(services, (key) => awaited[key] ?? []).map(({ name, wave }) => `${name}:${wave ?? '-'}`);

describe('the waves of a plan', () => {
  it.each<[string, readonly PlannedService[], Readonly<Record<string, readonly string[]>>, readonly string[]]>([
    ['are not told where nothing waits', [moves('a'), moves('b')], {}, ['a:-', 'b:-']],
    ['follow what is awaited', [moves('a'), moves('b'), moves('c')], { a: ['b'], b: ['c'] }, ['a:3', 'b:2', 'c:1']],
    ['are as few as they can be', [moves('a'), moves('b'), moves('c')], { a: ['c'], b: ['c'] }, ['a:2', 'b:2', 'c:1']],
    ['leave out what does not move', [moves('a'), stays('b')], { a: ['b'] }, ['a:-', 'b:-']],
    ['leave out what goes to another region', [moves('a'), moves('b', 'north')], { a: ['b'] }, ['a:-', 'b:-']],
    ['end where a circle was overlooked', [moves('a'), moves('b')], { a: ['b'], b: ['a'] }, ['a:3', 'b:2']],
  ])('%s', (_, services, awaited, expected) => {
    expect(waves(services, awaited)).toEqual(expected);
  });
});
