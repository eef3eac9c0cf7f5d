import { describe, expect, it } from 'vitest';
import { anInstanceView } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { Audience } from './cohort.ts';
import { judgeDependencies, unmetAfter } from './loss-dependencies.ts';
import type { Fate, Outcome, ServiceAtStake } from './region-loss.ts';

interface Given {
  readonly mode?: CrossRegionMode;
  readonly region?: string;
  readonly servedIn?: readonly string[];
  readonly needs?: readonly string[];
}

/** `voice-1` is of class `voice`. */
const classOf = (name: string): string => name.replace(/-\d+$/, '');

function service(name: string, { mode = 'Backup', needs = [], region = 'east', servedIn = [] }: Given): ServiceAtStake {
  return {
    key: `ns/${name}`,
    serviceClass: classOf(name),
    slaClass: 1,
    view: anInstanceView({ mode, assignment: anAssignment(`1 ${region}>`) }),
    plan: { ok: true, mode, regions: [], refusals: [] },
    servedIn,
    needs: needs.map((partner) => ({ serviceClass: classOf(partner), partners: [`ns/${partner}`] })),
  };
}
const outcome = (name: string, fate: Fate | undefined, given: Given = {}): Outcome => ({
  service: service(name, given),
  fate,
});
const to = (region: string): Fate => ({ kind: 'Moves', to: region, instances: 1 });
const STOPS: Fate = { kind: 'Stops', reason: 'StaysInRegion', message: 'it has no secondary region' };
const NEEDS = { needs: ['voice'] };
const unmet = (outcomes: readonly Outcome[], audiences: readonly Audience[] = []) =>
  unmetAfter('east', outcomes, audiences).dependencies ?? [];

describe('what goes on without something that it needs', () => {
  it.each<[string, readonly Outcome[], RegExp | undefined]>([
    [
      'is nothing when both go to one region',
      [outcome('mail', to('west'), NEEDS), outcome('voice', to('west'))],
      undefined,
    ],
    [
      'is told when what it needs stops',
      [outcome('mail', to('west'), NEEDS), outcome('voice', STOPS)],
      /^ns\/mail would be active in west without ns\/voice: it has no secondary region$/,
    ],
    [
      'is told when what it needs goes elsewhere',
      [outcome('mail', to('west'), NEEDS), outcome('voice', to('north'))],
      /it would be active in north$/,
    ],
    [
      'is told of what runs elsewhere and loses what it needs',
      [outcome('mail', undefined, { ...NEEDS, region: 'west' }), outcome('voice', STOPS)],
      /ns\/mail would be active in west/,
    ],
    [
      'is nothing when what it needs serves there already',
      [
        outcome('mail', to('west'), NEEDS),
        outcome('voice', { kind: 'GoesOn' }, { mode: 'Active', servedIn: ['east', 'west'] }),
      ],
      undefined,
    ],
    ['is nothing when it stops itself', [outcome('mail', STOPS, NEEDS), outcome('voice', STOPS)], undefined],
    [
      'is nothing when the loss touches neither',
      [outcome('mail', undefined, { ...NEEDS, region: 'west' }), outcome('voice', undefined, { region: 'north' })],
      undefined,
    ],
  ])('%s', (_, outcomes, message) => {
    const [first] = unmet(outcomes);
    if (message)
      expect(first).toMatchObject({
        serviceClass: 'mail',
        needs: 'voice',
        services: 1,
        message: expect.stringMatching(message),
      });
    else expect(first).toBeUndefined();
  });

  it('is counted by the tenants that share the instances: some have what others lack', () => {
    const outcomes = [
      outcome('mail', to('west'), { needs: ['voice-1'] }),
      outcome('voice-1', to('west')),
      outcome('voice-2', STOPS),
    ];
    const audiences = [
      { group: 'g', tenants: 900, instances: ['ns/mail', 'ns/voice-1'] },
      { group: 'g', tenants: 70, instances: ['ns/mail', 'ns/voice-2'] },
    ];
    expect(unmet(outcomes)).toEqual([]);
    expect(unmet(outcomes, audiences)).toMatchObject([{ serviceClass: 'mail', services: 1, tenants: 70 }]);
  });

  it('is listed by class, and bounded', () => {
    const many = Array.from({ length: 30 }, (_, index) => index).flatMap((index) => [
      outcome(`mail${index}`, to('west'), NEEDS),
      outcome(`chat-${index}`, to('west'), NEEDS),
    ]);
    const found = unmet([...many, outcome('voice', STOPS)]);
    expect(found).toHaveLength(20);
    expect(found[0]).toMatchObject({ serviceClass: 'chat', services: 30 });
  });
});

describe('the condition of a group', () => {
  const loss = (dependencies: ReturnType<typeof unmet>) =>
    ({ region: 'east', ...(dependencies.length > 0 ? { dependencies } : {}) }) as Parameters<
      typeof judgeDependencies
    >[0][number];
  const needy = [service('mail', NEEDS)];

  it('is not stated where nothing needs anything', () => {
    expect(judgeDependencies([loss([])], [service('mail', {})])).toBeUndefined();
  });

  it('is true where everything that goes on has what it needs', () => {
    expect(judgeDependencies([loss([])], needy)).toMatchObject({ type: 'DependenciesMet', status: 'True' });
  });

  it('names the region and the first service that would lack something', () => {
    const dependencies = unmet([outcome('mail', to('west'), NEEDS), outcome('voice', STOPS)]);
    expect(judgeDependencies([loss(dependencies)], needy)).toMatchObject({
      status: 'False',
      reason: 'DependencyElsewhere',
      message: expect.stringMatching(/^if region east is lost, ns\/mail would be active in west without/),
    });
  });
});
