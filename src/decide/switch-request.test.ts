import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aSwitch } from '../../test/support/objects.ts';
import type { RequestToChange } from '../api/annotated-request.ts';
import { MOST_REQUESTS, type RequestEntry } from '../api/iu-group.ts';
import { changesOf, type RequestQuestion, readRequest, rememberRequest, requestCondition } from './switch-request.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const later = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const REQUEST = { nonce: 'n-1', type: 'Evacuate', region: 'east', reason: 'power', expiresAt: later(10) };
const entry = (nonce: string, expiresAt = later(10)): RequestEntry => ({
  nonce,
  regionSwitch: `americas-request-${nonce}`,
  time: later(-1),
  expiresAt,
});
const ask = (change: object = {}, more: Partial<RequestQuestion> = {}) =>
  readRequest({
    group: 'americas',
    text: JSON.stringify({ ...REQUEST, ...change }),
    done: [],
    regions: ['east', 'west'],
    now: NOW,
    ...more,
  });

describe('a request by annotation', () => {
  it('is made a RegionSwitch whose name follows from its nonce', () => {
    expect(ask()).toMatchObject({ kind: 'Make', name: 'americas-request-n-1', request: { region: 'east' } });
    expect(ask({ services: ['ns/mail'], switchExpiresAt: later(600) }).kind).toBe('Make');
  });

  it.each<[string, object, Partial<RequestQuestion>, string]>([
    ['is no JSON', {}, { text: '{' }, 'no JSON'],
    ['is a book', {}, { text: `"${'x'.repeat(9000)}"` }, 'no JSON of at most 8192 characters'],
    ['is a word', {}, { text: '"evacuate"' }, 'the request: '],
    ['has no nonce', { nonce: undefined }, {}, 'nonce: '],
    ['has a nonce that no name can be made from', { nonce: 'a/b' }, {}, 'nonce: must be a DNS label'],
    ['asks for what there is not', { type: 'Destroy' }, {}, 'type: '],
    ['says no reason, nor does the annotation beside it', { reason: undefined }, {}, 'reason: '],
    ['approves and names services', { type: 'Approve', services: ['ns/mail'], region: undefined }, {}, 'the request: '],
    ['says no reason', { reason: '' }, {}, 'reason: '],
    ['does not say until when', { expiresAt: undefined }, {}, 'expiresAt: '],
    ['says a field that does not exist', { dryrun: true }, {}, 'the request: '],
    ['is for next week', { expiresAt: later(60 * 24 + 1) }, {}, 'more than a day ahead'],
    ['has expired', { expiresAt: later(0) }, {}, 'request n-1 expired at'],
    ['is for a region of somebody else', { region: 'moon' }, {}, 'region moon is no infrastructure unit'],
    [
      'is one of too many',
      {},
      { done: Array.from({ length: MOST_REQUESTS }, (_, i) => entry(`m-${i}`)) },
      '50 requests have not expired yet',
    ],
  ])('is refused when it %s', (_, change, more, words) => {
    const answer = ask(change, more);
    expect(answer).toMatchObject({ kind: 'Refused' });
    expect(requestCondition(answer)).toMatchObject({ status: 'False', message: expect.stringContaining(words) });
  });

  it('may have its reason in the annotation beside it', () => {
    expect(ask({ reason: undefined }, { reason: 'say "yes"' })).toMatchObject({ request: { reason: 'say "yes"' } });
    expect(ask({}, { reason: 'other' })).toMatchObject({ request: { reason: 'power' } });
  });

  it('may be one for a freeze of the group, a drill, or a change of what was asked for', () => {
    const none = { region: undefined };
    expect(ask({ type: 'Freeze', ...none, switchExpiresAt: later(600) }).kind).toBe('Make');
    expect(ask({ type: 'Drill', drill: { kind: 'Plan' } })).toMatchObject({ request: { drill: { staySeconds: 300 } } });
    expect(ask({ type: 'Approve', ...none, by: 'argocd' })).toMatchObject({
      kind: 'Change',
      request: { by: 'argocd' },
    });
    expect(ask({ type: 'Abort', ...none }, { done: [entry('n-1')] })).toMatchObject({ kind: 'Known' });
  });

  it('is not there without the annotation', () => {
    expect(ask({}, { text: undefined })).toEqual({ kind: 'None' });
    expect(requestCondition({ kind: 'None' })).toBeUndefined();
  });

  it('is never carried out twice, however many come after it, and what is remembered is bounded', () => {
    const asked = fc.record({
      nonce: fc.nat(120).map((n) => `n-${n}`),
      minutes: fc.integer({ min: -5, max: 30 }),
      passes: fc.nat(10),
    });
    let most = 0;
    fc.assert(
      fc.property(fc.array(asked, { minLength: 60, maxLength: 150 }), (all) => {
        let done: RequestEntry[] = [];
        let now = NOW;
        const made: string[] = [];
        const expiries = new Map<string, string>();
        for (const { minutes, nonce, passes } of all) {
          now += passes * 1000;
          // Who uses a nonce again sends the same request again.
          const expiresAt = expiries.get(nonce) ?? new Date(now + minutes * 60_000).toISOString();
          expiries.set(nonce, expiresAt);
          const answer = ask({ nonce, expiresAt }, { done, now });
          if (answer.kind !== 'Make') continue;
          made.push(nonce);
          done = rememberRequest(done, entry(nonce, expiresAt));
        }
        expect(new Set(made).size).toBe(made.length);
        expect(done.length).toBeLessThanOrEqual(MOST_REQUESTS);
        most = Math.max(most, made.length);
      }),
      { numRuns: 50 },
    );
    expect(most).toBeGreaterThan(40);
  });
});

describe('what a request changes', () => {
  const status = { observedGeneration: 1 };
  const approval = { requestedTime: later(-5) };
  const freeze = { type: 'Freeze', region: undefined, expiresAt: later(60) };
  const SWITCHES = [
    { ...aSwitch('americas-request-n-1'), status: { ...status, approval } },
    { ...aSwitch('of-somebody-in-git'), status: { ...status, approval } },
    { ...aSwitch('americas-request-n-2'), status: { ...status, endTime: later(-1), approval } },
    { ...aSwitch('americas-request-n-3'), status: { ...status, approval: { ...approval, grantedTime: later(-1) } } },
    aSwitch('americas-request-n-4', { abort: true }),
    aSwitch('americas-request-n-5', { iuGroupRef: { name: 'emea' } }),
    aSwitch('americas-request-n-6', freeze),
    aSwitch('freeze-in-git', freeze),
    aSwitch('sunday', { type: 'Drill', trigger: 'Schedule', drill: { kind: 'Plan' } }),
  ];
  const done = ['n-1', 'n-2', 'n-3', 'n-4', 'n-5', 'n-6'].map((nonce) => entry(nonce));
  const change = (type: RequestToChange['type']) =>
    changesOf(
      { nonce: 'n-9', type, reason: 'CHG-1', expiresAt: later(10), by: 'argocd' },
      {
        done,
        group: 'americas',
        switches: SWITCHES,
      },
      later(0),
    ).map(({ object, spec }) => [object.metadata.name, spec]);

  it('is what waits for a yes, with who and why', () => {
    const approvals = [{ by: 'argocd', at: later(0), comment: 'CHG-1' }];
    expect(change('Approve')).toEqual([['americas-request-n-1', { approvals }]]);
  });

  it('is every open switch that the operator made, and no freeze', () => {
    const abort = { abort: true };
    expect(change('Abort')).toEqual([
      ['americas-request-n-1', abort],
      ['americas-request-n-3', abort],
      ['sunday', abort],
    ]);
  });

  it('is the freezes that were asked for by request', () => {
    expect(change('Resume')).toEqual([['americas-request-n-6', { abort: true }]]);
  });
});
