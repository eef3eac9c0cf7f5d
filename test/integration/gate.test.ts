import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RightVerdict, startRightsServer } from '../../src/agent/rights-server.ts';
import { RIGHT_ENDED_CODE } from '../../src/gate/gate.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type Certificate, TestAuthority } from '../support/certificates.ts';

const PROGRAM = [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'gate'];
const MAIL = 'mail/store';
const NO_RIGHT: RightVerdict = { status: 403, reason: 'stands by at epoch 2' };
const rightFor = (forMs: number, epoch = 3): RightVerdict => ({ status: 200, service: MAIL, epoch, forMs });
/** Long enough for any machine, and never waited for. */
const LASTING = rightFor(60_000);
const SHORT_MS = 600;

/** Says that it runs, and on SIGTERM what it was told, before it ends with 7. */
const OBEDIENT = 'trap "echo asked; exit 7" TERM; echo runs; while :; do sleep 0.02; done';
/** Ignores SIGTERM; it has a child that does so too. */
const STUBBORN = 'trap "" TERM; sleep 60 & echo runs; while :; do sleep 60; done';

let dir: string;
let authority: TestAuthority;
let serving: Certificate;
let gateFiles: Certificate;
let strangerCa: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'switchback-gate-'));
  authority = new TestAuthority(dir);
  strangerCa = new TestAuthority(mkdtempSync(join(dir, 'stranger-'))).ca;
  serving = authority.issue('agent', 'serverAuth', 'DNS:agent.test');
  gateFiles = authority.issue('gate', 'clientAuth', 'URI:switchback://mail/gate');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** An agent whose answer a test sets. */
async function startAgent(first: RightVerdict) {
  const agent = { verdict: first, asked: 0, port: 0, close: async (): Promise<void> => undefined };
  const server = await startRightsServer({
    port: 0,
    host: '127.0.0.1',
    tls: authority.paths('serving', serving),
    rightOf: () => {
      agent.asked += 1;
      return agent.verdict;
    },
    clock: systemClock,
    log: () => undefined,
  });
  agent.port = server.port;
  agent.close = () => server.close();
  onTestFinished(() => server.close());
  return agent;
}

interface GateProcess {
  readonly child: ChildProcess;
  /** Resolves with the first line that contains or matches the text, of the command or of the log. */
  said(text: string | RegExp): Promise<string>;
  readonly lines: readonly string[];
  /** Resolves with the exit code when the gate, the command and all that holds their output have ended. */
  readonly ended: Promise<number | null>;
}

interface GateSettings {
  readonly port: number;
  readonly more?: readonly string[];
  readonly ca?: string;
  readonly service?: string;
  readonly files?: Certificate;
}

function startGate({ ca, files = gateFiles, more = [], port, service = MAIL }: GateSettings, ...command: string[]) {
  const flags = ['--service', service, '--agent', `https://127.0.0.1:${port}`, '--server-name', 'agent.test'];
  const tls = ['--ca', ca ?? authority.ca, '--cert', files.cert, '--key', files.key];
  const times = ['--ask-every-seconds', '0.1', '--grace-seconds', '0.3', ...more];
  const child = spawn(process.execPath, [...PROGRAM, ...flags, ...tls, ...times, '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
  });
  return watch(child);
}

function watch(child: ChildProcess): GateProcess {
  const lines: string[] = [];
  const waiting = new Set<{ readonly text: string | RegExp; readonly resolve: (line: string) => void }>();
  const take = (line: string): void => {
    lines.push(line);
    for (const one of [...waiting].filter(({ text }) => isIn(line, text))) {
      waiting.delete(one);
      one.resolve(line);
    }
  };
  for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', take);
  return {
    child,
    lines,
    said: (text) =>
      new Promise((resolve) => {
        const known = lines.find((line) => isIn(line, text));
        if (known === undefined) waiting.add({ text, resolve });
        else resolve(known);
      }),
    ended: once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null)),
  };
}

const isIn = (line: string, text: string | RegExp): boolean =>
  typeof text === 'string' ? line.includes(text) : text.test(line);

const shell = (script: string): [string, string, string] => ['/bin/sh', '-c', script];

describe('the gate', () => {
  it('starts nothing without a right, and starts when there is one', async () => {
    const agent = await startAgent(NO_RIGHT);
    const gate = startGate(agent, ...shell('echo runs; exit 3'));
    expect(await gate.said('stands by at epoch 2')).toContain('No right');
    expect(gate.lines.join()).not.toContain('runs');
    agent.verdict = LASTING;
    await gate.said('runs');
    expect(await gate.ended).toBe(3);
    expect(gate.lines.find((line) => line.includes('Command starts'))).toContain('"epoch":3');
  });

  it('waits for an agent that is not there, and goes on with another', async () => {
    const gone = await startAgent(LASTING);
    await gone.close();
    const agent = await startAgent(LASTING);
    const more = ['--agent', `https://localhost:${agent.port}`];
    const gate = startGate({ ...gone, more }, ...shell('echo runs'));
    expect(await gate.ended).toBe(0);
    const waits = startGate(gone, ...shell('echo runs'));
    expect(await waits.said('ECONNREFUSED')).toContain('No right');
    waits.child.kill('SIGTERM');
    expect(await waits.ended).toBe(143);
    expect(waits.lines.join()).not.toContain('runs');
  });

  it('renews: the command outlives the right that it was started under', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell(`echo runs; sleep ${(2 * SHORT_MS) / 1000}; exit 4`));
    expect(await gate.ended).toBe(4);
  });

  it('asks the command to end when the agent has vanished, by the end of the right', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell(OBEDIENT));
    await gate.said('runs');
    await agent.close();
    const vanishedAt = performance.now();
    await gate.said('asked');
    // The rest is for a loaded machine: what the command needs to say it.
    expect(performance.now() - vanishedAt).toBeLessThan(SHORT_MS + 1000);
    expect(await gate.ended).toBe(RIGHT_ENDED_CODE);
  });

  it('lets a right that was given last when the next one is refused', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell(OBEDIENT));
    await gate.said('runs');
    agent.verdict = NO_RIGHT;
    await gate.said('No right');
    expect(gate.lines.join()).not.toContain('asked');
    agent.verdict = rightFor(SHORT_MS, 4);
    await gate.said('is renewed');
    agent.verdict = rightFor(60_000, 3);
    expect(await gate.ended).toBe(RIGHT_ENDED_CODE);
  });

  it('kills the whole group of a command that does not end', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell(STUBBORN));
    await gate.said('runs');
    agent.verdict = NO_RIGHT;
    // The outputs are closed only when nobody of the group is left.
    expect(await gate.ended).toBe(RIGHT_ENDED_CODE);
    const log = gate.lines.join();
    expect(log).toContain('SIGTERM');
    expect(log).toContain('SIGKILL');
  });

  it('that was paused past the grace period kills at once', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell(OBEDIENT));
    await gate.said('runs');
    agent.verdict = NO_RIGHT;
    await gate.said('No right');
    gate.child.kill('SIGSTOP');
    // What is tested is that this time passes.
    await setTimeout(SHORT_MS + 300);
    gate.child.kill('SIGCONT');
    expect(await gate.ended).toBe(RIGHT_ENDED_CODE);
    const log = gate.lines.join();
    expect(log).toContain('SIGKILL');
    expect(log).not.toContain('asked');
  });

  it('stops its command also when nobody reads its log', async () => {
    const agent = await startAgent(rightFor(SHORT_MS));
    const gate = startGate(agent, ...shell('yes >&2 & sleep 0.2; echo runs; wait'));
    gate.child.stderr?.pause();
    // On a busy machine it can be over before its first line is read here.
    const exit = once(gate.child, 'exit');
    await gate.said('runs');
    agent.verdict = NO_RIGHT;
    expect((await exit)[0]).toBe(RIGHT_ENDED_CODE);
    gate.child.stderr?.resume();
  });

  it('ends with the code of its command, and ends what the command leaves behind', async () => {
    const agent = await startAgent(LASTING);
    const cases: readonly [string[], number][] = [
      [shell('sleep 60 & exit 42'), 42],
      [shell('kill -SEGV $$'), 139],
      [['/no/such/program'], 127],
      [['/etc/passwd'], 126],
    ];
    const codes = await Promise.all(cases.map(([command]) => startGate(agent, ...command).ended));
    expect(codes).toEqual(cases.map(([, code]) => code));
  });

  it('hands on signals', async () => {
    const names = ['SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'] as const;
    const traps = names.map((name) => `trap "echo told ${name}" ${name.slice(3)}`).join('; ');
    const script = `${traps}; trap "exit 9" QUIT; echo runs; while :; do sleep 0.02; done`;
    const gate = startGate(await startAgent(LASTING), ...shell(script));
    await gate.said('runs');
    for (const name of names) {
      gate.child.kill(name);
      await gate.said(`told ${name}`);
    }
    gate.child.kill('SIGQUIT');
    expect(await gate.ended).toBe(9);
    expect(gate.lines.join()).not.toContain('Debugger');
  });

  it('starts nothing for who is not let in, or does not believe the agent', async () => {
    const agent = await startAgent(LASTING);
    const elsewhere = authority.issue('elsewhere', 'clientAuth', 'URI:switchback://chat/gate');
    const nowhere = authority.issue('nowhere', 'clientAuth', 'DNS:gate');
    const cases: readonly [GateSettings, RegExp][] = [
      [{ ...agent, ca: strangerCa }, /unable to verify|self-signed/],
      [{ ...agent, files: elsewhere }, /403.*not for namespace mail/],
      [{ ...agent, files: nowhere }, /403.*not for namespace mail/],
      [{ ...agent, files: serving }, /alert|ECONNRESET|hang up/],
      [{ ...agent, more: ['--server-name', 'other.test'] }, /does not match/],
      // The agent of the test speaks of another service than it was asked for.
      [{ ...agent, service: 'mail/other' }, /answers 200/],
    ];
    await Promise.all(
      cases.map(async ([settings, reason]) => {
        const gate = startGate(settings, ...shell('echo runs'));
        expect(await gate.said(reason)).toContain('No right');
        gate.child.kill('SIGTERM');
        expect(await gate.ended).toBe(143);
        expect(gate.lines.join()).not.toContain('runs');
      }),
    );
  });

  it('says how it is used', async () => {
    const gate = watch(
      spawn(process.execPath, [...PROGRAM, '--service', 'mail'], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    expect(await gate.ended).toBe(2);
    expect(gate.lines.join('\n')).toContain('usage: switchback gate');
  });
});
