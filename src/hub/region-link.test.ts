import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { SeededRandom } from '../../test/support/seeded-random.ts';
import { createKubeClient } from '../kube/rest-client.ts';
import { errorOf } from '../kube/status.ts';
import { RegionLink } from './region-link.ts';

function createLink() {
  const client = createKubeClient(new ScriptedTransport(), 'us-east');
  const options = { client, clock: new ManualClock(), random: new SeededRandom(1), onError: () => undefined };
  return new RegionLink({ region: 'us-east', ...options });
}

/** The error of an answer with this status, as the client throws it. */
const answer = (status: number) => errorOf({ status, body: {} }, 'GET /');

describe('a link to a region', () => {
  it.each([401, 403])('takes %i for credentials that are refused, until it is answered again', (status) => {
    const link = createLink();
    link.failed(answer(status));
    expect(link.evidence(true).credentials).toBe('Invalid');
    link.contacted();
    expect(link.evidence(true)).toMatchObject({ credentials: 'Ok', sinceContactMs: 0 });
  });

  it.each([429, 500, 503])('takes %i neither for refused credentials nor for a sign of life', (status) => {
    const link = createLink();
    link.failed(answer(status));
    expect(link.evidence(true)).toMatchObject({ credentials: 'Ok', sinceContactMs: undefined });
  });

  it('takes an answer that something is not there for a sign of life', () => {
    const link = createLink();
    link.failed(answer(404));
    expect(link.evidence(true).sinceContactMs).toBe(0);
  });
});
