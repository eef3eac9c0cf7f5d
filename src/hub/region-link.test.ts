import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { API_VERSION } from '../api/common.ts';
import type { RegionLease } from '../api/region-lease.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import { errorOf } from '../kube/status.ts';
import { RegionLink } from './region-link.ts';

function createLink() {
  const client = createKubeClient(new ScriptedTransport(), 'us-east');
  const clock = new ManualClock();
  const options = { client, clock, random: new SeededRandom(1), onError: () => undefined };
  return { clock, link: new RegionLink({ region: 'us-east', ...options }) };
}

/** The error of an answer with this status, as the client throws it. */
const answer = (status: number) => errorOf({ status, body: {} }, 'GET /');

describe('a link to a region', () => {
  it.each([401, 403])('takes %i for credentials that are refused, until it is answered again', (status) => {
    const { link } = createLink();
    link.failed(answer(status));
    expect(link.evidence(true).credentials).toBe('Invalid');
    link.contacted();
    expect(link.evidence(true)).toMatchObject({ credentials: 'Ok', sinceContactMs: 0 });
  });

  it.each([429, 500, 503])('takes %i neither for refused credentials nor for a sign of life', (status) => {
    const { link } = createLink();
    link.failed(answer(status));
    expect(link.evidence(true)).toMatchObject({ credentials: 'Ok', sinceContactMs: undefined });
  });

  it('tells writes from reads: one that fails says nothing of the other', async () => {
    const { clock, link } = createLink();
    link.contacted();
    link.writeFailed(answer(403));
    await clock.advance(3000);
    link.contacted();
    expect(link.evidence(true)).toMatchObject({ credentials: 'Ok', sinceContactMs: 0, writesFailForMs: 3000 });
    link.writeFailed(answer(409));
    expect(link.evidence(true).writesFailForMs).toBeUndefined();
  });

  it('takes a write that failed before a silence for the silence', async () => {
    const { clock, link } = createLink();
    link.contacted();
    link.writeFailed(answer(503));
    await clock.advance(60_000);
    link.contacted();
    expect(link.evidence(true).writesFailForMs).toBeUndefined();
  });

  it('keeps what the last heartbeat told, and nothing of an earlier leadership', () => {
    const { link } = createLink();
    const peers = [{ region: 'us-west', state: 'NoHeartbeat' }] as const;
    const agent = { nonce: 'n1', withoutRight: true, peers: [...peers] };
    link.heard({ apiVersion: API_VERSION, kind: 'RegionLease', metadata: { name: 'us-east' }, spec: { agent } });
    expect([link.sightings, link.evidence(true).withoutRight]).toEqual([peers, true]);
    link.beginLeadership();
    expect([link.sightings, link.evidence(true).withoutRight]).toEqual([[], undefined]);
  });

  it.each([
    ['no list', 'everywhere', []],
    [
      'entries that are none',
      [null, 'us-west', { region: 'us-south', state: 'Reachable' }],
      [{ region: 'us-south', state: 'Reachable' }],
    ],
    [
      'more entries than there are regions',
      Array.from({ length: 1000 }, () => ({})),
      Array.from({ length: 16 }, () => ({})),
    ],
  ])('survives %s where a region tells of its peers', (_, peers, expected) => {
    const { link } = createLink();
    const agent = { nonce: 'n1', peers } as unknown as NonNullable<RegionLease['spec']['agent']>;
    link.heard({ apiVersion: API_VERSION, kind: 'RegionLease', metadata: { name: 'us-east' }, spec: { agent } });
    expect(link.sightings).toEqual(expected);
  });

  it('takes an answer that something is not there for a sign of life', () => {
    const { link } = createLink();
    link.failed(answer(404));
    expect(link.evidence(true).sinceContactMs).toBe(0);
  });
});
