import { beforeEach, describe, expect, it } from 'vitest';
import { fixedRandom, ManualClock } from '../../../test/support/manual-clock.ts';
import type { TransitOrders } from '../../api/transit-link.ts';
import { ANSWERED, notAsked, type Outcome, unanswered } from './outcome.ts';
import { TransitProbes } from './transit-probes.ts';

const INTERVAL_MS = 10_000;
const SILENT = unanswered('Timeout');
const REFUSED = unanswered('Refused');

const orders = (change: Partial<TransitOrders> = {}): TransitOrders => ({
  intervalSeconds: 10,
  failureThreshold: 3,
  recoveryThreshold: 2,
  centres: [
    {
      name: 'ash',
      asksFrom: ['2001:db8::7'],
      probes: [
        { name: 'sip', path: 'Voice', type: 'SipOptions', host: '192.0.2.7', port: 5060 },
        { name: 'edge', path: 'Mpls', type: 'Tcp', host: '192.0.2.8', port: 443 },
      ],
    },
  ],
  ...change,
});

/** What comes of a question, by the name of its probe. */
let world: Record<string, Outcome>;
let clock: ManualClock;
let asked: { probe: string; atMs: number; timeoutMs: number }[];
let inFlight: number;
let mostInFlight: number;
let answerMs: number;
let news: number;
let told: string[];
let probes: TransitProbes;

beforeEach(() => {
  world = {};
  clock = new ManualClock();
  asked = [];
  [inFlight, mostInFlight, answerMs, news] = [0, 0, 0, 0];
  told = [];
  probes = new TransitProbes({
    clock,
    random: fixedRandom(),
    log: () => undefined,
    onNews: () => {
      news += 1;
    },
    metrics: {
      asked: ({ centre, path, type }, { result }) => told.push(`${centre} ${path} ${type} ${result}`),
      link: () => undefined,
      forget: () => told.push('forget'),
    },
    ask: async ({ name }, { signal, timeoutMs }) => {
      asked.push({ probe: name, atMs: clock.now().monoMs, timeoutMs });
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      await new Promise<void>((resolve) => {
        clock.setTimer(Math.min(answerMs, timeoutMs), resolve);
        signal.addEventListener('abort', () => resolve());
      });
      inFlight -= 1;
      return signal.aborted ? notAsked('Stopped') : (world[name] ?? ANSWERED);
    },
  });
  probes.configure(orders());
  news = 0;
});

const rounds = (count: number) => clock.advance(count * 1.1 * INTERVAL_MS);
const WELL = { name: 'ash', voice: 'Up', mpls: 'Up', message: 'Voice: well; Mpls: well' };

describe('an agent', () => {
  it('asks nothing while it does not lead', async () => {
    await rounds(5);
    expect([asked, probes.list(undefined)]).toEqual([[], null]);
  });

  it('tells of a centre once, when all of it is known, and then no more', async () => {
    probes.beginLeadership();
    await clock.advance(5000);
    expect(probes.list(undefined)).toBeNull();
    await rounds(30);
    expect(probes.list(undefined)).toEqual([WELL]);
    expect(news).toBe(1);
  });

  it('lets stand what was said before until it knows', async () => {
    const before = [{ name: 'ash', voice: 'Down', message: 'of another leader' } as const];
    probes.beginLeadership();
    await clock.advance(4000);
    expect(probes.list(before)).toEqual(before);
    await rounds(3);
    expect(probes.list(before)).toEqual([WELL]);
  });

  it('says no more of a centre that it is not told of', () => {
    expect(probes.list([{ name: 'gone', message: '' }])).toBeNull();
  });

  it('asks each question in its rhythm, with the interval as its deadline', async () => {
    probes.beginLeadership();
    await rounds(10);
    const times = asked.filter(({ probe }) => probe === 'sip').map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(10);
    const gaps = times.slice(4).map((atMs, i) => atMs - (times[i + 3] ?? 0));
    expect(gaps.every((gap) => gap === INTERVAL_MS)).toBe(true);
    expect(new Set(asked.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([INTERVAL_MS]));
  });

  it('has one question of each probe in flight, also when none is answered', async () => {
    [answerMs, world] = [Number.POSITIVE_INFINITY, { sip: SILENT, edge: SILENT }];
    probes.beginLeadership();
    await rounds(5);
    expect(mostInFlight).toBe(2);
  });

  it('never has more than 64 in flight', async () => {
    const probe = (i: number) => ({ name: `p${i}`, path: 'Mpls', type: 'Tcp', host: '192.0.2.8', port: 443 }) as const;
    const centres = Array.from({ length: 32 }, (_, c) => ({
      name: `c${c}`,
      probes: Array.from({ length: 8 }, (_, i) => probe(i)),
    }));
    answerMs = Number.POSITIVE_INFINITY;
    probes.configure(orders({ centres }));
    probes.beginLeadership();
    await rounds(6);
    expect(mostInFlight).toBe(64);
    expect(asked.length).toBeGreaterThan(256);
  });

  it('gives up after 32 s however long the interval is', async () => {
    probes.configure(orders({ intervalSeconds: 300 }));
    probes.beginLeadership();
    await clock.advance(400_000);
    expect(new Set(asked.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([32_000]));
  });

  it('ends what is in flight when it leads no more, and believes nothing that comes then', async () => {
    answerMs = 3000;
    probes.beginLeadership();
    await clock.advance(4000);
    expect(inFlight).toBe(2);
    probes.endLeadership();
    await clock.advance(60_000);
    expect([inFlight, told, probes.list(undefined)]).toEqual([0, ['forget', 'forget'], null]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('begins anew with the next leadership', async () => {
    probes.beginLeadership();
    await rounds(5);
    probes.endLeadership();
    probes.beginLeadership();
    expect(probes.list(undefined)).toBeNull();
    await rounds(5);
    expect(probes.list(undefined)).toEqual([WELL]);
  });
});

describe('what is said of a centre', () => {
  const settled = async (outcomes: Record<string, Outcome>) => {
    world = outcomes;
    await rounds(5);
    return probes.list(undefined);
  };

  beforeEach(async () => {
    probes.beginLeadership();
    await rounds(4);
    news = 0;
  });

  it('is which path is lost and why, once', async () => {
    const lost = { ...WELL, voice: 'Down', message: 'Voice: sip does not answer (Refused); Mpls: well' };
    expect(await settled({ sip: REFUSED })).toEqual([lost]);
    expect(news).toBe(1);
    expect(await settled({ sip: SILENT })).toEqual([lost]);
    expect(news).toBe(1);
    expect(await settled({})).toEqual([WELL]);
    expect(news).toBe(2);
  });

  it('is that it cannot be asked, which is not that it is lost', async () => {
    expect(await settled({ edge: notAsked('NameNotFound') })).toEqual([
      { ...WELL, mpls: 'Unknown', message: 'Voice: well; Mpls: edge cannot be asked (NameNotFound)' },
    ]);
  });

  it('is that only its own questions arrive', async () => {
    await settled({ sip: SILENT });
    probes.heard('::ffff:192.0.2.7');
    expect(probes.list(undefined)).toEqual([
      {
        ...WELL,
        voice: 'OneWay',
        message: 'Voice: sip does not answer (Timeout), its own questions arrive; Mpls: well',
      },
    ]);
    await rounds(5);
    expect(probes.list(undefined)).toMatchObject([{ voice: 'Down' }]);
  });

  it('is that its own questions arrive no more, when it has asked in a rhythm', async () => {
    for (let i = 0; i < 8; i++) {
      probes.heard('2001:db8::7');
      await clock.advance(30_000);
    }
    expect(probes.list(undefined)).toEqual([WELL]);
    await clock.advance(90_000);
    expect(probes.list(undefined)).toEqual([
      { ...WELL, voice: 'OneWay', message: 'Voice: its own questions arrive no more; Mpls: well' },
    ]);
    probes.heard('2001:db8::7');
    expect(probes.list(undefined)).toEqual([WELL]);
  });

  it('takes questions for those of a centre only from addresses that somebody wrote down', () => {
    const known = ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:0::7'].map((address) => probes.knows(address));
    const unknown = ['192.0.2.8', '192.0.2.70', '', 'sbc.test'].map((address) => probes.knows(address));
    expect([known, unknown]).toEqual([
      [true, true, true],
      [false, false, false, false],
    ]);
  });

  it('stands when another question is asked, until that is known, and goes with the centre', async () => {
    await settled({ sip: SILENT });
    const [centre] = orders().centres;
    const moved = centre?.probes.map((probe) => (probe.name === 'sip' ? { ...probe, host: '192.0.2.9' } : probe)) ?? [];
    probes.configure(orders({ centres: [{ name: 'ash', probes: moved }] }));
    world = {};
    expect(probes.list(undefined)).toMatchObject([{ voice: 'Down' }]);
    await rounds(4);
    expect(probes.list(undefined)).toEqual([WELL]);
    probes.configure(undefined);
    expect(probes.list([{ name: 'ash', message: '' }])).toBeNull();
    const before = asked.length;
    await rounds(4);
    expect(asked).toHaveLength(before);
  });
});
