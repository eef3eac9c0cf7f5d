import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWERED, notAsked, type Outcome, unanswered } from './outcome.ts';
import { judgeLink, lossOf, NOTHING_KNOWN, noteOutcome, type Standing, WINDOW } from './standing.ts';

const LIMITS = { failureThreshold: 3, recoveryThreshold: 2 };
/** `+` answered, `-` not answered, `?` not asked. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  '+': ANSWERED,
  '-': unanswered('Timeout'),
  '?': notAsked('NameNotFound'),
};
const told = (story: string, limits = LIMITS): Standing =>
  [...story].reduce((standing, sign) => noteOutcome(standing, OUTCOMES[sign] ?? ANSWERED, limits), NOTHING_KNOWN);
const standing = (verdict: Standing['verdict']): Standing => ({ ...NOTHING_KNOWN, verdict });

describe('a probe', () => {
  it.each<[string, Standing['verdict'], string]>([
    ['', undefined, 'is not known before it is asked'],
    ['+', undefined, 'is not well after one answer'],
    ['++', 'Answers', 'is well after two'],
    ['--', undefined, 'is not lost after two failures'],
    ['---', 'Silent', 'is lost after three'],
    ['++--', 'Answers', 'is not said to lose while it may be lost'],
    ['++--+', 'Loses', 'loses questions when it answers after two failures'],
    ['++-+', 'Answers', 'may lose one of twenty'],
    ['++-+-+', 'Loses', 'and not two'],
    [`++-+-${'+'.repeat(19)}`, 'Loses', 'loses as long as a loss stands in the window'],
    [`++-+-${'+'.repeat(20)}`, 'Answers', 'loses no more once none does'],
    ['++---', 'Silent', 'is lost after three in a row'],
    ['++-+-+---', 'Silent', 'from wherever'],
    ['---+', 'Silent', 'stays lost after one answer'],
    ['---+-+-+-', 'Silent', 'stays lost while no two answers come in a row'],
    ['---++', 'Answers', 'is well again after two'],
    ['---++-', 'Answers', 'and its old failures count no more'],
    ['-+-+', undefined, 'is not known while it alternates'],
    ['-+-+-', 'Loses', 'until it has been asked often enough'],
    ['??', undefined, 'is not known while it cannot be asked'],
    ['???', 'CannotAsk', 'cannot be asked after three times'],
    ['++???', 'CannotAsk', 'and what was known is known no more'],
    ['++??+', 'Answers', 'stays what it is when it could not be asked twice'],
    ['--?-', undefined, 'is not lost in a row that was broken'],
    ['???++', 'Answers', 'is well after two answers, when it can be asked again'],
    ['???---', 'Silent', 'is lost after three failures, when it can be asked again'],
  ])('%s → %s: %s', (story, verdict) => {
    expect(told(story).verdict).toBe(verdict);
  });

  const outcomes = fc.array(fc.constantFrom('+', '-', '?'), { maxLength: 80 }).map((signs) => signs.join(''));
  const limits = fc.record({
    failureThreshold: fc.integer({ min: 1, max: 20 }),
    recoveryThreshold: fc.integer({ min: 1, max: 20 }),
  });

  it('is known after as many questions as both thresholds, or a window, whatever comes of them', () => {
    const asked = fc.array(fc.constantFrom('+', '-'), { minLength: WINDOW, maxLength: 40 }).map((s) => s.join(''));
    fc.assert(
      fc.property(asked, limits, (story, l) => {
        expect(told(story, l).verdict).toBeDefined();
      }),
    );
  });

  it('is lost exactly after the threshold of failures in a row, and well after that of answers', () => {
    fc.assert(
      fc.property(outcomes, limits, (story, l) => {
        expect(told(story + '-'.repeat(l.failureThreshold), l).verdict).toBe('Silent');
        expect(told(`${story}${'-'.repeat(l.failureThreshold)}${'+'.repeat(l.recoveryThreshold)}`, l).verdict).toBe(
          'Answers',
        );
      }),
    );
  });

  it('says nothing new while nothing new happens, and remembers a bounded window', () => {
    fc.assert(
      fc.property(outcomes, fc.constantFrom('+', '-', '?'), limits, (story, sign, l) => {
        const settled = told(story + sign.repeat(2 * WINDOW), l);
        const later = noteOutcome(settled, OUTCOMES[sign] ?? ANSWERED, l);
        expect([later.verdict, later.why]).toEqual([settled.verdict, settled.why]);
        expect(later.answered.length).toBeLessThanOrEqual(WINDOW);
        expect(lossOf(later)).toBeGreaterThanOrEqual(0);
        expect(lossOf(later)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a link', () => {
  it.each<[string, Standing['verdict'][], boolean | undefined, ReturnType<typeof judgeLink>]>([
    ['whose probes answer is up', ['Answers', 'Answers'], undefined, 'Up'],
    ['that the centre asks over as well is up', ['Answers'], true, 'Up'],
    ['that is not known yet is nothing', ['Answers', undefined], true, undefined],
    ['of which one probe is lost is partial', ['Answers', 'Silent'], undefined, 'Partial'],
    ['that loses questions is partial', ['Answers', 'Loses'], undefined, 'Partial'],
    ['whose probes are all lost is down', ['Silent', 'Silent'], undefined, 'Down'],
    ['over which nothing comes from either side is down', ['Silent'], false, 'Down'],
    ['over which only their questions arrive is one way', ['Silent', 'Silent'], true, 'OneWay'],
    ['over which only ours arrive is one way', ['Answers'], false, 'OneWay'],
    ['that loses ours and all of theirs is one way', ['Loses'], false, 'OneWay'],
    ['of which one probe is lost is partial, also when theirs fell silent', ['Answers', 'Silent'], false, 'Partial'],
    ['that cannot be asked is unknown', ['CannotAsk', 'CannotAsk'], undefined, 'Unknown'],
    ['that cannot be asked is unknown, whatever is heard', ['CannotAsk'], false, 'Unknown'],
    ['of which one probe cannot be asked is what the others say: up', ['CannotAsk', 'Answers'], undefined, 'Up'],
    ['is not down when one probe cannot be asked', ['CannotAsk', 'Silent'], undefined, 'Partial'],
  ])('%s', (_, verdicts, heard, state) => {
    expect(judgeLink(verdicts.map(standing), heard)).toBe(state);
  });
});
