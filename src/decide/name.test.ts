import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digest, freeName, joinName, labelValue } from './name.ts';

const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

describe('joinName', () => {
  it.each([
    ['stays readable when it fits', ['voice-mail', 'us-east', 'us-west'], 'voice-mail-us-east-us-west'],
    [
      'keeps the head and gets a hash when it is too long',
      ['voice-mail', 'us-east', 'a-region-with-a-long-name'],
      /^voice-mail-us-east-a-region-[a-z0-9]{11}$/,
    ],
    ['starts with a letter, as Services must', ['3rd-party-wfm', 'us-east'], /^rd-party-wfm-us-east-[a-z0-9]{11}$/],
    ['has no dots', ['my.class', 'us-east'], /^my-class-us-east-[a-z0-9]{11}$/],
    ['is something even without a usable character', ['1', '2'], /^x-[a-z0-9]{11}$/],
  ])('%s', (_name, parts, expected) => {
    expect(joinName(parts, 40)).toMatch(expected);
  });

  it('is a DNS label of at most the given length for any parts', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 80 })), fc.integer({ min: 20, max: 63 }), (parts, max) => {
        const name = joinName(parts, max);
        expect(name.length).toBeLessThanOrEqual(max);
        expect(name).toMatch(DNS_LABEL);
      }),
    );
  });
});

describe('digest', () => {
  it('tells parts apart that join to the same text', () => {
    expect(digest(['a', 'b-c'])).not.toBe(digest(['a-b', 'c']));
  });

  it('does not meet itself in 20,000 similar names', () => {
    const digests = Array.from({ length: 20_000 }, (_, i) => digest(['voice-mail', `tenant-${i}`]));
    expect(new Set(digests).size).toBe(digests.length);
  });
});

describe('freeName', () => {
  it('gives a hashed name to the second one of the same name, and another one to the third', () => {
    const names = new Set<string>();
    const isTaken = (name: string): boolean => names.has(name);
    for (const identity of ['x', 'y', 'y']) names.add(freeName(['voice', 'us'], { identity, isTaken, max: 40 }));
    expect([...names][0]).toBe('voice-us');
    expect(names.size).toBe(3);
  });
});

describe('labelValue', () => {
  it('is a label value for any name, and the name itself where it can be', () => {
    expect(labelValue('Americas.prod_1')).toBe('Americas.prod_1');
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (name) => {
        expect(labelValue(name)).toMatch(LABEL_VALUE);
        expect(labelValue(name).length).toBeLessThanOrEqual(63);
      }),
    );
  });
});
