import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aBackup, aClass, anActive } from '../../test/support/objects.ts';
import type { ServiceClass } from '../api/service-class.ts';
import { awaitedClasses, findCycle, judgeRequirements } from './class-dependencies.ts';

type Input = Readonly<Record<string, unknown>>;
const needs = (serviceClass: string, more: Input = {}) => ({ serviceClass, ...more });
const found = (...classes: readonly ServiceClass[]) => {
  const byName = new Map(classes.map((each) => [each.metadata.name, each]));
  return (name: string): ServiceClass | undefined => byName.get(name);
};

describe('what a class requires', () => {
  const mail = (requires: readonly Input[], more: Input = {}) => aClass('mail', { ...aBackup(), requires, ...more });
  const sip = { contract: { name: 'sip', atLeast: '2.1' } };

  it.each<[string, ServiceClass, readonly ServiceClass[], string, RegExp]>([
    ['is met', mail([needs('voice')]), [aClass('voice')], 'AsDeclared', /^it requires voice$/],
    ['is nothing', mail([]), [], 'AsDeclared', /^it requires nothing$/],
    [
      'is a class that is not there',
      mail([needs('voice')]),
      [],
      'ServiceClassNotFound',
      /voice, which it requires, does not exist/,
    ],
    [
      'is a contract that nobody provides',
      mail([needs('voice', sip)]),
      [aClass('voice')],
      'ContractNotProvided',
      /contract sip 2\.1 or a later 2\.x of service class voice, which provides none of that name/,
    ],
    [
      'is a contract in a version that is too old',
      mail([needs('voice', sip)]),
      [
        aClass('voice', {
          provides: [
            { contract: 'sip', version: '2.0' },
            { contract: 'sip', version: '3.4' },
          ],
        }),
      ],
      'ContractNotProvided',
      /provides only 2\.0, 3\.4$/,
    ],
    [
      'is a contract of which several versions are served, one that will do',
      mail([needs('voice', sip)]),
      [
        aClass('voice', {
          provides: [
            { contract: 'sip', version: '1.9' },
            { contract: 'sip', version: '2.2' },
          ],
        }),
      ],
      'AsDeclared',
      /requires voice/,
    ],
    [
      'must live with a class that stays in its region',
      mail([needs('voice', { colocated: true })]),
      [aClass('voice')],
      'ColocationImpossible',
      /is Backup from tier CrossRegionVoice while that one is None/,
    ],
    [
      'must live with a class that has places from another tier on',
      mail([needs('voice', { colocated: true })]),
      [aClass('voice', aBackup('AdvancedIvr'))],
      'ColocationImpossible',
      /Backup from tier AdvancedIvr/,
    ],
    [
      'must live with a class that has places in the same regions',
      mail([needs('voice', { colocated: true })]),
      [aClass('voice', aBackup())],
      'AsDeclared',
      /requires voice/,
    ],
    [
      'must live with a class that runs wherever it goes',
      mail([needs('voice', { colocated: true })]),
      [aClass('voice', anActive('AdvancedIvr'))],
      'AsDeclared',
      /requires voice/,
    ],
    [
      'closes a circle',
      mail([needs('voice')]),
      [aClass('voice', { requires: [needs('store')] }), aClass('store', { requires: [needs('mail')] })],
      'DependencyCycle',
      /mail needs voice needs store needs mail/,
    ],
    [
      'would close a circle, were it not optional',
      mail([needs('voice', { optional: true })]),
      [aClass('voice', { requires: [needs('mail')] })],
      'AsDeclared',
      /requires voice/,
    ],
  ])('%s', (_, own, others, reason, message) => {
    const judgement = judgeRequirements(own, found(own, ...others));
    expect(judgement).toMatchObject({
      type: 'DependenciesMet',
      status: reason === 'AsDeclared' ? 'True' : 'False',
      reason,
    });
    expect(judgement.message).toMatch(message);
  });

  it('is told in full when more than one thing is wrong', () => {
    const own = mail([needs('gone'), needs('voice', sip)]);
    expect(judgeRequirements(own, found(own, aClass('voice'))).message).toMatch(/gone.*; .*sip/);
  });
});

describe('the classes that a promotion waits for', () => {
  it('are those that it needs, but for what is optional and for circles', () => {
    const own = aClass('mail', { requires: [needs('voice'), needs('chat', { optional: true }), needs('store')] });
    const store = aClass('store', { requires: [needs('mail')] });
    expect(awaitedClasses(own, found(own, store, aClass('voice')))).toEqual(['voice']);
  });

  it('never form a circle, whatever the classes require', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const graph = fc.tuple(...names.map(() => fc.subarray(names)));
    fc.assert(
      fc.property(graph, (edges) => {
        const classes = names.map((name, index) =>
          aClass(name, {
            requires: (edges[index] ?? []).filter((other) => other !== name).map((other) => needs(other)),
          }),
        );
        const all = found(...classes);
        const pruned = classes.map((each) =>
          aClass(each.metadata.name, { requires: awaitedClasses(each, all).map((other) => needs(other)) }),
        );
        for (const name of names) expect(findCycle(name, found(...pruned))).toBeUndefined();
      }),
    );
  });
});
