import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, TestAuthority } from '../../test/support/certificates.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Right } from './right.ts';
import { parseRight, RightsClient } from './rights-client.ts';

const SERVICE = 'mail/store';
const BODY = JSON.stringify({ service: SERVICE, epoch: 3, forMs: 5000 });

let dir: string;
let authority: TestAuthority;
let serving: Certificate;
let gateFiles: Certificate;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'switchback-client-'));
  authority = new TestAuthority(dir);
  serving = authority.issue('agent', 'serverAuth', 'IP:127.0.0.1');
  gateFiles = authority.issue('gate', 'clientAuth', 'URI:switchback://mail/gate');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function serve(listener: RequestListener): Promise<URL> {
  const [cert, key, ca] = [serving.cert, serving.key, authority.ca].map((path) => readFileSync(path));
  const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
}

function setUp(agents: readonly URL[], tls = authority.paths('client', gateFiles)) {
  const clock = new ManualClock();
  const client = new RightsClient({ service: SERVICE, agents, tls, timeoutMs: 1000, clock });
  onTestFinished(() => client.close());
  const rights: Right[] = [];
  return { clock, rights, ask: () => client.ask((right) => rights.push(right)) };
}

describe('a request for the right', () => {
  it('counts from before it is sent, however late the answer', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    const { ask, clock, rights } = setUp([await serve((_, response) => arrived.resolve(response))]);
    const before = clock.now();
    const asked = ask();
    const response = await arrived.promise;
    clock.pause(900);
    response.end(BODY);
    expect(await asked).toEqual([]);
    expect(rights).toEqual([{ sentAt: before, epoch: 3, forMs: 5000 }]);
  });

  it('gives up an agent that does not answer', async () => {
    const arrived = Promise.withResolvers<void>();
    const { ask, clock, rights } = setUp([await serve(() => arrived.resolve())]);
    const asked = ask();
    await arrived.promise;
    await clock.advance(1000);
    expect(await asked).toEqual([expect.stringContaining('no answer within 1000 ms')]);
    expect([rights, clock.pendingTimers]).toEqual([[], 0]);
  });

  it('takes the right of one agent without waiting for the others', async () => {
    const silent = Promise.withResolvers<void>();
    const agents = [await serve(() => silent.resolve()), await serve((_, response) => response.end(BODY))];
    const clock = new ManualClock();
    const tls = authority.paths('client', gateFiles);
    const client = new RightsClient({ service: SERVICE, agents, tls, timeoutMs: 1000, clock });
    onTestFinished(() => client.close());
    const right = await new Promise<Right>((resolve) => void client.ask(resolve));
    expect(right.epoch).toBe(3);
    await silent.promise;
  });

  it('says what each agent refused', async () => {
    const refuse = (status: number, reason: string) =>
      serve((_, response) => response.writeHead(status).end(JSON.stringify({ reason })));
    const { ask } = setUp([await refuse(421, 'another agent leads'), await refuse(403, 'stands by')]);
    expect(await ask()).toEqual(['127.0.0.1 answers 421: another agent leads', '127.0.0.1 answers 403: stands by']);
  });

  it('takes no answer that has no end', async () => {
    const { ask, rights } = setUp([await serve((_, response) => response.end('x'.repeat(5000)))]);
    expect(await ask()).toEqual([expect.stringContaining('too long')]);
    expect(rights).toEqual([]);
  });

  it('keeps its connection, and opens another when its certificate is replaced or gone', async () => {
    const connections = new Set<unknown>();
    const agent = await serve(({ socket }, response) => {
      connections.add(socket);
      response.end(BODY);
    });
    const tls = authority.paths('rotating', gateFiles);
    const { ask, rights } = setUp([agent], tls);
    await ask();
    await ask();
    expect(connections.size).toBe(1);
    const next = authority.issue('next', 'clientAuth', 'URI:switchback://mail/gate');
    copyFileSync(next.cert, tls.cert);
    copyFileSync(next.key, tls.key);
    // The round after the change reads the files, and the one after that uses what was read, at the latest.
    while (connections.size === 1) await ask();
    rmSync(tls.key);
    const held = rights.length;
    await ask();
    await ask();
    expect(rights.length).toBe(held + 2);
  });

  it('is not sent without certificates', async () => {
    const nowhere = { ca: join(dir, 'no'), cert: join(dir, 'no'), key: join(dir, 'no') };
    await expect(setUp([await serve(() => undefined)], nowhere).ask()).rejects.toThrow(/ENOENT/);
  });
});

describe('an answer', () => {
  it.each<[string, string]>([
    ['that is no JSON', 'right'],
    ['that is no object', '3'],
    ['for another service', '{"service":"mail/other","epoch":3,"forMs":5000}'],
    ['without an epoch', '{"service":"mail/store","forMs":5000}'],
    ['with half an epoch', '{"service":"mail/store","epoch":1.5,"forMs":5000}'],
    ['without a time', '{"service":"mail/store","epoch":3,"forMs":null}'],
    ['with a time that has passed', '{"service":"mail/store","epoch":3,"forMs":0}'],
    ['with more time than any lease', '{"service":"mail/store","epoch":3,"forMs":600001}'],
    ['with endless time', '{"service":"mail/store","epoch":3,"forMs":1e999}'],
  ])('%s gives no right', (_, text) => {
    expect(parseRight(text, SERVICE)).toBeUndefined();
  });
});
