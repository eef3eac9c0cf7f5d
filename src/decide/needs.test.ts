import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockersOf, dependenciesMet, type Need, type NeededService, stateOfNeed } from './needs.ts';

const service = (more: Partial<NeededService> = {}): NeededService => ({
  key: 'ns/voice',
  mode: 'Backup',
  hasPlace: true,
  isMeantHere: true,
  isReady: true,
  ...more,
});
const need = (services: readonly NeededService[], more: Partial<Need> = {}): Need => ({
  serviceClass: 'voice',
  services,
  isAwaited: true,
  ...more,
});

describe('what a service needs', () => {
  it.each<[string, Need, ReturnType<typeof stateOfNeed>, boolean, string]>([
    ['is ready', need([service()]), 'Ready', false, 'AsDeclared'],
    ['is on its way', need([service({ isReady: false })]), 'NotReady', true, 'DependencyNotReady'],
    [
      'is on its way, and part of a circle',
      need([service({ isReady: false })], { isAwaited: false }),
      'NotReady',
      false,
      'DependencyNotReady',
    ],
    [
      'is active elsewhere',
      need([service({ isMeantHere: false, isReady: false })]),
      'Elsewhere',
      false,
      'DependencyElsewhere',
    ],
    [
      'has no place here',
      need([service({ hasPlace: false, isMeantHere: false, isReady: false })]),
      'Elsewhere',
      false,
      'DependencyElsewhere',
    ],
    ['is not there at all', need([]), 'Missing', false, 'ServiceInstanceNotFound'],
    [
      'is ready in one instance of two, and the other one is elsewhere',
      need([service(), service({ key: 'ns/other', isMeantHere: false, isReady: false })]),
      'Ready',
      false,
      'AsDeclared',
    ],
    [
      'is ready in one instance of two',
      need([service(), service({ key: 'ns/other', isReady: false })]),
      'NotReady',
      true,
      'DependencyNotReady',
    ],
  ])('%s', (_, given, state, isWaitedFor, reason) => {
    expect(stateOfNeed(given)).toBe(state);
    expect(blockersOf([given]).length > 0).toBe(isWaitedFor);
    const [condition] = dependenciesMet([given], 'west', undefined);
    expect(condition).toMatchObject({
      type: 'DependenciesMet',
      status: reason === 'AsDeclared' ? 'True' : 'False',
      reason,
    });
  });

  it('is not spoken of where nothing is needed', () => {
    expect(dependenciesMet([], 'west', undefined)).toEqual([]);
  });

  it('is told with the time until which a promotion waits for it', () => {
    const wait = { for: ['ns/voice'], until: '2026-01-01T00:00:30Z' };
    expect(dependenciesMet([need([service({ isReady: false })])], 'west', wait)).toEqual([
      {
        type: 'DependenciesMet',
        status: 'False',
        reason: 'AwaitingDependencies',
        message: 'region west runs it when ns/voice is ready there, or at 2026-01-01T00:00:30Z without',
      },
    ]);
  });
});

describe('promotions that wait for each other', () => {
  /** Services by number: each waits for some of a lower one, as circles are left out of what is awaited. */
  const graph = fc.array(fc.uniqueArray(fc.nat({ max: 7 })), { minLength: 1, maxLength: 8 });

  it('are all given out, one after the other, when each gets ready after its promotion', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const ready = new Set<number>();
        const waits = (index: number): boolean => {
          const services = (edges[index] ?? [])
            .filter((other) => other < index)
            .map((other) => service({ key: `ns/${other}`, isReady: ready.has(other) }));
          return blockersOf([need(services)]).length > 0;
        };
        for (let round = 0; round < edges.length; round++) {
          const free = edges.map((_, index) => index).filter((index) => !ready.has(index) && !waits(index));
          for (const index of free) ready.add(index);
        }
        expect(ready.size).toBe(edges.length);
      }),
    );
  });
});
