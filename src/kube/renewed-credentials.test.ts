import { describe, expect, it } from 'vitest';
import { fixedRandom, ManualClock } from '../../test/support/manual-clock.ts';
import { type Issued, PluginError } from './exec-credential.ts';
import { type RenewalProblem, renewedCredentials } from './renewed-credentials.ts';

const S = 1000;

/** What one run of the plugin does: gives a credential that lives so long (0: names no end), fails, or hangs. */
type Run = number | 'fails' | 'hangs';

/** Runs are taken from `script` one after the other, the last one again and again. */
function start(script: readonly Run[], random = 0) {
  const clock = new ManualClock();
  const startMs = clock.now().monoMs;
  const at = () => (clock.now().monoMs - startMs) / S;
  const runs: number[] = [];
  const told: (RenewalProblem | undefined)[] = [];
  const load = async (): Promise<Issued> => {
    const run = script[Math.min(runs.length, script.length - 1)] ?? 'fails';
    runs.push(at());
    if (run === 'fails') throw new PluginError('exited with code 1');
    if (run === 'hangs') return new Promise(() => undefined);
    const headers = { authorization: `Bearer ${runs.length}` };
    return { credentials: { headers, tls: {} }, ...(run > 0 && { expiresAtMs: clock.now().wallMs + run * S }) };
  };
  const credentials = renewedCredentials({
    load,
    clock,
    random: fixedRandom(random),
    tell: (problem) => told.push(problem),
  });
  const sent = () => credentials.current()?.headers['authorization'];
  return { clock, credentials, runs, sent, told, startMs };
}

describe('when a credential is renewed', () => {
  it.each<[string, Run, number, number, number[]]>([
    ['an hour: ten minutes before its end', 3600, 0, 7000, [0, 3000, 6000]],
    ['an hour, spread: fifteen minutes before', 3600, 1, 5500, [0, 2700, 5400]],
    ['ten minutes: two minutes before', 600, 0, 1000, [0, 480, 960]],
    ['a minute: half a minute before', 60, 0, 100, [0, 30, 60, 90]],
    ['a minute, spread', 60, 1, 50, [0, 15, 30, 45]],
    ['ten seconds: half of it', 10, 0, 21, [0, 5, 10, 15, 20]],
    ['two seconds: no more often than every five', 2, 0, 11, [0, 5, 10]],
    ['a year: twice a day', 31_536_000, 0, 90_000, [0, 43_200, 86_400]],
    ['without an end: never by itself', 0, 0, 1_000_000, [0]],
  ])('of %s', async (_, life, random, seconds, expected) => {
    const { clock, runs } = start([life], random);
    await clock.advance(seconds * S);
    expect(runs).toEqual(expected);
  });

  it('the old one is sent until the new one is there, and never nothing', async () => {
    const { clock, runs, sent } = start([60, 'hangs']);
    await clock.advance(29 * S);
    expect(sent()).toBe('Bearer 1');
    await clock.advance(3600 * S);
    expect([runs.length, sent()]).toEqual([2, 'Bearer 1']);
  });
});

describe('a renewal that fails', () => {
  it('is tried again, less and less often, and the old credential goes on', async () => {
    const { clock, runs, sent, told } = start([600, 'fails']);
    await clock.advance(475 * S);
    expect(told).toEqual([undefined]);
    await clock.advance(300 * S);
    // 5, 10, 20, 40 and then 60 s, each a tenth less here.
    expect(runs.slice(1).map((at, i) => at - (runs[i] ?? 0))).toEqual([480, 4.5, 9, 18, 36, 54, 54, 54, 54]);
    const expiresAtMs = 600 * S + clock.wallOffsetMs + 1000;
    expect(told.slice(1)).toEqual(
      told.slice(1).map((problem) => problem && { message: 'exited with code 1', expiresAtMs, hasOne: true }),
    );
    expect(sent()).toBe('Bearer 1');
  });

  it('is forgotten with the next success', async () => {
    const { clock, sent, told } = start([60, 'fails', 60]);
    await clock.advance(40 * S);
    expect(told.map((problem) => problem?.message)).toEqual([undefined, 'exited with code 1', undefined]);
    expect(sent()).toBe('Bearer 3');
  });

  it('goes on with a credential that has ended: a refusal is an answer, silence is a lost region', async () => {
    const { clock, sent } = start([60, 'fails']);
    await clock.advance(3600 * S);
    expect(sent()).toBe('Bearer 1');
  });

  it('at first is tried again until there is one', async () => {
    const { clock, credentials, sent, told } = start(['fails', 'fails', 60]);
    let isThere = false;
    void credentials.first.then(() => {
      isThere = true;
    });
    await clock.advance(5 * S);
    expect([isThere, sent()]).toEqual([false, undefined]);
    expect(told).toContainEqual({ message: 'exited with code 1', expiresAtMs: undefined, hasOne: false });
    await expect(credentials.refresh()).rejects.toThrow('there is no credential yet');
    await clock.advance(10 * S);
    expect([isThere, sent()]).toEqual([true, 'Bearer 3']);
  });

  it('tells nothing of an error that it does not know', async () => {
    const clock = new ManualClock();
    const told: (RenewalProblem | undefined)[] = [];
    const load = () => Promise.reject(new Error('swordfish'));
    renewedCredentials({ load, clock, random: fixedRandom(), tell: (problem) => told.push(problem) });
    await clock.advance(0);
    expect(told).toEqual([{ message: 'failed', expiresAtMs: undefined, hasOne: false }]);
  });

  it('is also one that gives what has ended already', async () => {
    const late = new ManualClock();
    const problems: (string | undefined)[] = [];
    const issued = { credentials: { headers: {}, tls: {} }, expiresAtMs: late.now().wallMs - 1 };
    const options = {
      clock: late,
      random: fixedRandom(),
      tell: (p: RenewalProblem | undefined) => problems.push(p?.message),
    };
    const renewed = renewedCredentials({ load: async () => issued, ...options });
    await late.advance(0);
    expect(renewed.current()).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining('expired already')]);
  });
});

describe('a refusal by the server', () => {
  it('runs the plugin at once, and the request goes on with what it gives', async () => {
    const { clock, credentials, runs } = start([3600]);
    await clock.advance(10 * S);
    expect((await credentials.refresh()).headers['authorization']).toBe('Bearer 2');
    expect(runs).toEqual([0, 10]);
  });

  it('runs it once for many requests, and again after five seconds at the earliest', async () => {
    const { clock, credentials, runs } = start([3600]);
    await clock.advance(10 * S);
    const refreshed = await Promise.all([credentials.refresh(), credentials.refresh(), credentials.refresh()]);
    expect(refreshed.map(({ headers }) => headers['authorization'])).toEqual(Array(3).fill('Bearer 2'));
    for (let second = 0; second < 12; second++) {
      await credentials.refresh();
      await clock.advance(S);
    }
    expect(runs).toEqual([0, 10, 15, 20]);
  });

  it('waits half a second for it at most: a request never hangs on a plugin', async () => {
    const { clock, credentials, runs } = start([3600, 'hangs']);
    await clock.advance(10 * S);
    const refreshed = credentials.refresh();
    await clock.advance(500);
    expect((await refreshed).headers['authorization']).toBe('Bearer 1');
    expect(runs).toEqual([0, 10]);
  });

  it('is not waited for by what was stopped', async () => {
    const { clock, credentials, runs } = start([60]);
    await clock.advance(10 * S);
    credentials.stop();
    expect((await credentials.refresh()).headers['authorization']).toBe('Bearer 1');
    await clock.advance(3600 * S);
    expect([runs, clock.pendingTimers]).toEqual([[0], 0]);
  });
});
