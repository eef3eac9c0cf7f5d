import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Ask, createAsk } from '../../src/agent/probes/ask.ts';
import type { TransitProbe } from '../../src/api/transit-centre.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { atMost, type BenchOptions, type BenchResult, median, round } from './result.ts';
import { temporaryFolder } from './temporary-folder.ts';

const CENTRES = 12;
/** The default interval. */
const INTERVAL_MS = 5000;
const TARGETS = join(import.meta.dirname, 'probe-targets.ts');
const KINDS = ['SipUdp', 'SipTcp', 'Tcp', 'Tls', 'Http'] as const;
type Kind = (typeof KINDS)[number];

interface Traffic {
  readonly sockets: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What it costs one agent to ask twelve transit centres two questions each: SIP for voice, TCP for MPLS. */
export async function* runProbes({ log, quick }: BenchOptions): AsyncIterable<BenchResult> {
  const rounds = quick ? 20 : 400;
  await using folder = await temporaryFolder();
  await using targets = await startTargets(folder.path);
  const ask = createAsk(systemRandom, async () => []);
  const probe = (kind: Kind) => probeOf(kind, targets.ports[kind]);
  const pair = Array.from({ length: CENTRES }, () => [probe('SipUdp'), probe('Tcp')]).flat();
  await runRounds(ask, pair, 20);
  const before = await targets.traffic();
  const whole = await runRounds(ask, pair, rounds);
  const sent = perRound(before, await targets.traffic(), rounds);
  log(`${rounds} rounds of ${pair.length} questions`);
  const each: Record<string, number> = {};
  for (const kind of KINDS) {
    const many = Array.from({ length: 24 }, () => probe(kind));
    await runRounds(ask, many, 5);
    each[kind] = round((await runRounds(ask, many, Math.ceil(rounds / 4))).cpuMs / many.length);
  }
  yield {
    name: 'probes',
    goals: [
      atMost('CPU of a round of 24 questions to 12 centres', whole.cpuMs, 50, 'ms'),
      atMost('share of one core at the default interval', (100 * whole.cpuMs) / INTERVAL_MS, 1, '%'),
      atMost('sockets of a round', sent.sockets, pair.length, 'sockets'),
    ],
    figures: { centres: CENTRES, probes: pair.length, rounds, ...whole, sent, cpuMsOfOneQuestion: each },
  };
}

const probeOf = (kind: Kind, port: number): TransitProbe => {
  const base = { name: 'p', host: '127.0.0.1', port } as const;
  if (kind === 'SipUdp') return { ...base, path: 'Voice', type: 'SipOptions', transport: 'UDP' };
  if (kind === 'SipTcp') return { ...base, path: 'Voice', type: 'SipOptions', transport: 'TCP' };
  return { ...base, path: 'Mpls', type: kind };
};

async function runRounds(ask: Ask, probes: readonly TransitProbe[], count: number) {
  const limits = { clock: systemClock, timeoutMs: INTERVAL_MS, signal: new AbortController().signal };
  const walls: number[] = [];
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) {
    const startedAt = performance.now();
    const outcomes = await Promise.all(probes.map((probe) => ask(probe, limits)));
    walls.push(performance.now() - startedAt);
    const failed = outcomes.find(({ result }) => result !== 'Answered');
    if (failed) throw new Error(`a question failed: ${JSON.stringify(failed)}`);
  }
  const { system, user } = process.cpuUsage(before);
  return { cpuMs: round((system + user) / 1000 / count), wallMs: round(median(walls)) };
}

const perRound = (before: Traffic, after: Traffic, rounds: number): Traffic => ({
  sockets: Math.round((after.sockets - before.sockets) / rounds),
  bytesIn: Math.round((after.bytesIn - before.bytesIn) / rounds),
  bytesOut: Math.round((after.bytesOut - before.bytesOut) / rounds),
});

async function startTargets(folder: string) {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=bench'];
  execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const child = spawn(process.execPath, [TARGETS, cert, key], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => JSON.parse((await lines.next()).value ?? 'null');
  return {
    ports: await next<Readonly<Record<Kind, number>>>(),
    traffic: (): Promise<Traffic> => {
      child.stdin.write('\n');
      return next<Traffic>();
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
