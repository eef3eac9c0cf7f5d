import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, TestAuthority } from '../../test/support/certificates.ts';
import { aGate, anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { systemClock } from '../runtime/clock.ts';
import {
  mayAskFor,
  type RightsServer,
  type RightsView,
  rightOf,
  startRightsServer,
  type TlsPaths,
} from './rights-server.ts';

const MAIL = 'switchback-system/mail';
const TIMING = computeProtocolTiming({
  heartbeatSeconds: 2,
  leaseSeconds: 6,
  takeoverSeconds: 4,
  stopBudgetSeconds: 4,
  clockRateErrorPercent: 20,
});
const COMPONENTS = [anOrderedComponent()];

interface Situation {
  readonly order?: ReturnType<typeof anOrder>;
  readonly leads?: boolean;
  readonly certain?: boolean;
  readonly sure?: boolean;
  readonly rights?: Readonly<Record<number, number>>;
  /** By epoch: how long the promises of all successors still hold. */
  readonly promises?: Readonly<Record<number, number>>;
  readonly gate?: RightsView['gate'];
}

const inSituation = (situation: Situation): RightsView => {
  const { certain = true, gate, leads = true, order, promises = {}, rights = {}, sure = true } = situation;
  const by = (times: Readonly<Record<number, number>>) => (service: string, epoch: number) =>
    service === MAIL ? (times[epoch] ?? 0) : 0;
  return {
    authority: { remainingMs: by(rights), promisedMs: by(promises) },
    leadership: { hasDuty: leads, isCertain: () => certain, sinceAtMostMs: () => 60_000 },
    orders: { get: (key) => (key === MAIL ? order : undefined), sure },
    gate,
  };
};

const backup = (more: Readonly<Record<string, unknown>> = {}) =>
  anOrder('mail', COMPONENTS, { mode: 'Backup', role: 'Active', epoch: 3, successors: ['us-west'], ...more });
const deleted = (order = backup()) => ({
  ...order,
  metadata: { ...order.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
});
const granted = (epoch: number, order: ReturnType<typeof anOrder>) => ({
  ...order,
  status: { observedGeneration: 1, grantedEpoch: epoch },
});
const alone = backup({ successors: [] });
const gated = backup({ fencing: 'Gate', components: [anOrderedComponent({ writeBearing: true })] });

describe('the right of a gate', () => {
  it.each<[string, Situation, number]>([
    ['is what remains by the epoch of the order, by a slower clock', { order: backup(), rights: { 3: 6000 } }, 5000],
    [
      'is what the promises of all successors give, once the hub has given a right at that epoch',
      { order: granted(3, backup()), promises: { 3: 6000 }, rights: { 3: 1200 } },
      5000,
    ],
    [
      'needs no orders read by quorum: the right proves it',
      { order: backup(), rights: { 3: 6000 }, sure: false },
      5000,
    ],
    ['is rounded down', { order: backup(), rights: { 3: 100 } }, 83],
    ['of what runs on without the hub is a takeover at a time', { order: granted(3, alone) }, 3333],
    ['of what runs on is the longer of the two', { order: granted(3, alone), rights: { 3: 6000 } }, 5000],
    ['of what asks for gates is like every other', { order: gated, rights: { 3: 6000 }, gate: aGate() }, 5000],
    ['of what needs no right to run is never refused', { order: backup({ mode: 'Active' }) }, 3333],
  ])('%s', (_, situation, forMs) => {
    const verdict = rightOf(inSituation(situation), TIMING, MAIL);
    expect(verdict).toEqual({ status: 200, service: MAIL, epoch: 3, forMs });
  });

  it.each<[string, Situation, number, RegExp]>([
    ['by a right of another epoch', { order: backup(), rights: { 2: 6000, 4: 6000 } }, 403, /epoch 3/],
    ['by one that has ended', { order: backup(), rights: { 3: 0 } }, 403, /no right/],
    ['that would be over at once', { order: backup(), rights: { 3: 1 } }, 403, /no right/],
    ['when the region stands by', { order: backup({ role: 'Standby' }), rights: { 3: 6000 } }, 403, /stands by/],
    ['by an agent that lacks the gate and runs nothing', { order: gated, rights: { 3: 6000 } }, 403, /gate settings/],
    ['when the order is being deleted', { order: deleted(), rights: { 3: 6000 } }, 403, /deleted/],
    ['when it may follow itself and was never granted', { order: granted(2, alone) }, 403, /no right/],
    ['when it runs on by orders that may be old', { order: granted(3, alone), sure: false }, 403, /no right/],
    ['for a service that is not here', {}, 404, /no such service/],
    ['for one that may be here', { sure: false }, 503, /not been read/],
    ['from one that does not lead', { order: backup(), rights: { 3: 6000 }, leads: false }, 421, /another/],
    ['from one that is not certain', { order: backup(), rights: { 3: 6000 }, certain: false }, 503, /not certain/],
  ])('is not given %s', (_, situation, status, reason) => {
    const verdict = rightOf(inSituation(situation), TIMING, MAIL);
    expect(verdict).toEqual({ status, reason: expect.stringMatching(reason) });
  });
});

describe('a certificate', () => {
  it.each<[string, string | undefined, boolean]>([
    ['of the namespace', 'URI:switchback://mail/gate', true],
    ['of the namespace only', 'URI:switchback://mail', true],
    ['of several namespaces', 'DNS:gate, URI:switchback://chat/gate, URI:switchback://mail/gate', true],
    ['of no namespace', 'DNS:operator', false],
    ['of no namespace, in a URI of ours', 'URI:switchback:///gate', false],
    ['of the namespace, in a URI of others', 'URI:spiffe://mail/gate', false],
    ['of no name', undefined, false],
    ['of another namespace', 'URI:switchback://chat/gate', false],
    ['of a longer name', 'URI:switchback://mailbox/gate', false],
    ['with the namespace elsewhere', 'URI:switchback://chat/gate?switchback://mail/', false],
    ['with the URI as a host', 'DNS:switchback://mail/gate', false],
    ['with a second URI hidden in the first', 'URI:"switchback://chat/x, URI:switchback://mail/x"', false],
    ['in capitals, which no issuer writes', 'URI:SWITCHBACK://chat/gate', false],
  ])('%s may ask for the service: %s → %s', (_, names, may) => {
    expect(mayAskFor('mail', names)).toBe(may);
  });
});

let dir: string;
let authority: TestAuthority;
let stranger: TestAuthority;
let serving: Certificate;
let gate: Certificate;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'switchback-rights-'));
  authority = new TestAuthority(dir);
  stranger = new TestAuthority(mkdtempSync(join(dir, 'stranger-')));
  serving = authority.issue('agent', 'serverAuth', 'DNS:agent.test,IP:127.0.0.1');
  gate = authority.issue('gate', 'clientAuth', 'URI:switchback://switchback-system/gate');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const RIGHT = { status: 200, service: MAIL, epoch: 3, forMs: 5000 } as const;

async function serve(tls: TlsPaths = authority.paths('serving', serving)): Promise<RightsServer> {
  const server = await startRightsServer({
    port: 0,
    host: '127.0.0.1',
    tls,
    rightOf: (service) => (service === MAIL ? RIGHT : { status: 404, reason: 'no such service' }),
    clock: systemClock,
    log: () => undefined,
  });
  onTestFinished(() => server.close());
  return server;
}

const text = (path: string): string => readFileSync(path, 'utf8');
const clientOf = (files: Certificate | undefined, ca = authority.ca): RequestOptions => ({
  host: '127.0.0.1',
  servername: 'agent.test',
  agent: false,
  ca: text(ca),
  ...(files ? { cert: text(files.cert), key: text(files.key) } : {}),
});

async function get(server: RightsServer, path: string, options: RequestOptions = clientOf(gate)) {
  const asked = request({ port: server.port, path, ...options }).end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, body: JSON.parse(body) };
}

describe('the rights server', () => {
  const path = `/v1/rights/${MAIL}`;

  it('gives the right to a gate of the namespace', async () => {
    const { status: _, ...body } = RIGHT;
    expect(await get(await serve(), path)).toEqual({ status: 200, body });
  });

  it.each<[string, string, RequestOptions, number]>([
    ['a service that is not here', '/v1/rights/switchback-system/chat', {}, 404],
    ['a service of another namespace', '/v1/rights/tenant-a/mail', {}, 403],
    ['a path that is none', '/v1/rights/mail', {}, 404],
    ['a path that leads elsewhere', '/v1/rights/switchback-system/../mail', {}, 404],
    ['a write', path, { method: 'PUT' }, 405],
  ])('refuses %s', async (_, at, options, status) => {
    const answer = await get(await serve(), at, { ...clientOf(gate), ...options });
    expect(answer).toEqual({ status, body: { reason: expect.any(String) } });
  });

  it('lets a certificate without a namespace ask for nothing', async () => {
    const operator = authority.issue('operator', 'clientAuth', 'DNS:operator');
    expect((await get(await serve(), path, clientOf(operator))).status).toBe(403);
  });

  it('lets nobody in without a certificate, with one of another CA or with one for servers', async () => {
    const server = await serve();
    const foreign = stranger.issue('gate', 'clientAuth', 'URI:switchback://switchback-system/gate');
    for (const files of [undefined, foreign, serving]) {
      await expect(get(server, path, clientOf(files))).rejects.toThrow(/alert|ECONNRESET|hang up/);
    }
  });

  it('is not believed by who trusts another CA, or by its wrong name', async () => {
    const server = await serve();
    await expect(get(server, path, clientOf(gate, stranger.ca))).rejects.toThrow(/self-signed|unable to verify/);
    const elsewhere = { ...clientOf(gate), servername: 'other.test' };
    await expect(get(server, path, elsewhere)).rejects.toThrow(/does not match/);
  });

  it('speaks TLS 1.3 only', async () => {
    const server = await serve();
    await expect(get(server, path, { ...clientOf(gate), maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert|protocol/);
  });

  it('resumes no session', async () => {
    const server = await serve();
    const exchange = async (session?: Buffer) => {
      const tls = { host: '127.0.0.1', servername: 'agent.test', ca: text(authority.ca), cert: text(gate.cert) };
      const socket: TLSSocket = connect({ ...tls, key: text(gate.key), port: server.port, session });
      const sessions: Buffer[] = [];
      socket.on('session', (made) => sessions.push(made));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: agent.test\r\nConnection: close\r\n\r\n`);
      socket.resume();
      await once(socket, 'end');
      return { isReused: socket.isSessionReused(), session: sessions.at(-1) ?? socket.getSession() };
    };
    const { session } = await exchange();
    expect((await exchange(session)).isReused).toBe(false);
  });

  it('takes new certificates when the files have changed, and keeps the old ones when they are wrong', async () => {
    const tls = authority.paths('rotating', serving);
    const server = await serve(tls);
    expect(await server.reload()).toBe(false);
    writeFileSync(tls.key, 'half');
    await expect(server.reload()).rejects.toThrow();
    expect((await get(server, path)).status).toBe(200);
    const next = stranger.issue('agent', 'serverAuth', 'DNS:agent.test');
    for (const [from, to] of [
      [next.cert, tls.cert],
      [next.key, tls.key],
      [stranger.ca, tls.ca],
    ] as const) {
      copyFileSync(from, to);
    }
    expect(await server.reload()).toBe(true);
    await expect(get(server, path)).rejects.toThrow();
    const known = stranger.issue('gate', 'clientAuth', 'URI:switchback://switchback-system/gate');
    expect((await get(server, path, clientOf(known, stranger.ca))).status).toBe(200);
  });

  it('does not start with files that do not belong together', async () => {
    await expect(serve(authority.paths('wrong', { cert: serving.cert, key: gate.key }))).rejects.toThrow(/mismatch/);
  });
});
