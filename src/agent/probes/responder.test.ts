import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fixedRandom, ManualClock } from '../../../test/support/manual-clock.ts';
import type { TransitProbe } from '../../api/transit-centre.ts';
import { createAsk } from './ask.ts';
import { type Responder, startResponder } from './responder.ts';
import { optionsRequest } from './sip-message.ts';

const SOURCE = '127.0.0.1';
let clock: ManualClock;
let heard: string[];
let known: boolean;
let responder: Responder;

beforeEach(async () => {
  clock = new ManualClock();
  heard = [];
  known = true;
  responder = await startResponder({
    port: 0,
    host: SOURCE,
    clock,
    random: fixedRandom(),
    log: () => undefined,
    knows: (address) => known && address === SOURCE,
    heard: (address) => heard.push(address),
  });
  onTestFinished(() => responder.close());
});

const limits = () => ({ clock, timeoutMs: 2000, signal: new AbortController().signal });
const put = (transport: 'UDP' | 'TCP') => {
  const probe: TransitProbe = {
    name: 'p',
    path: 'Voice',
    type: 'SipOptions',
    host: SOURCE,
    port: responder.port,
    transport,
  };
  return createAsk(fixedRandom(), async () => [])(probe, limits());
};
const question = (n: number, method = 'OPTIONS') =>
  optionsRequest(
    { branch: `z9hG4bK-${n}`, callId: `c${n}`, tag: 't' },
    'UDP',
    { host: 'h', port: 1 },
    { host: 'us', port: 1 },
  ).replaceAll('OPTIONS', method);

/** A client of UDP that counts what it is answered. */
async function udpClient() {
  const answers: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => answers.push(String(bytes)));
  onTestFinished(() => void socket.close());
  const send = (text: string | Buffer) =>
    new Promise<void>((resolve) => socket.send(text, responder.port, SOURCE, () => resolve()));
  return { answers, send, next: () => once(socket, 'message') };
}

async function tcpClient(): Promise<Socket> {
  const socket = connect({ host: SOURCE, port: responder.port });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('the responder', () => {
  it.each(['UDP', 'TCP'] as const)(
    'answers a question of a centre over %s so that our own probe takes it',
    async (transport) => {
      expect(await put(transport)).toEqual({ result: 'Answered' });
      expect(heard).toEqual([SOURCE]);
    },
  );

  it('says nothing at all to those whom it does not know', async () => {
    known = false;
    const { answers, next, send } = await udpClient();
    await send(question(1));
    expect(await put('TCP')).toEqual({ result: 'Unanswered', why: 'Closed' });
    known = true;
    await Promise.all([next(), send(question(2))]);
    expect(answers).toEqual([expect.stringContaining('z9hG4bK-2')]);
    expect(heard).toEqual([SOURCE]);
  });

  it('refuses other requests, which are no questions, and leaves ACK, answers and garbage alone', async () => {
    const { answers, next, send } = await udpClient();
    for (const text of [question(1, 'ACK'), 'SIP/2.0 200 OK\r\n\r\n', Buffer.alloc(60_000, 1)]) await send(text);
    await Promise.all([next(), send(question(2, 'INVITE'))]);
    expect(answers).toEqual([expect.stringMatching(/^SIP\/2\.0 405 /)]);
    expect(heard).toEqual([]);
  });

  it('answers 100 questions a second and no more, whoever they are from', async () => {
    const client = await tcpClient();
    const answers: string[] = [];
    client.on('data', (bytes) => answers.push(...(String(bytes).match(/SIP\/2\.0 200/g) ?? [])));
    for (let n = 0; n < 150; n++) client.write(question(n));
    while (answers.length < 100) await once(client, 'data');
    await clock.advance(1000);
    client.write(question(151));
    await once(client, 'data');
    expect(answers).toHaveLength(101);
    expect(heard).toHaveLength(101);
  });

  it('closes a connection that is none of SIP, and one that is idle for long', async () => {
    const strange = await tcpClient();
    strange.write('GET / HTTP/1.1\r\n\r\n');
    await once(strange, 'close');
    const idle = await tcpClient();
    idle.write(question(1));
    await once(idle, 'data');
    await clock.advance(299_000);
    idle.write(question(2));
    await once(idle, 'data');
    await clock.advance(299_000);
    expect(idle.closed).toBe(false);
    const closed = once(idle, 'close');
    await clock.advance(1000);
    await closed;
    expect(clock.pendingTimers).toBe(0);
  });

  it('closes its connections when it is closed', async () => {
    const client = await tcpClient();
    client.write(question(1));
    await once(client, 'data');
    const closed = once(client, 'close');
    await responder.close();
    await closed;
    expect(clock.pendingTimers).toBe(0);
    const again = await startResponder({
      ...{ port: responder.port, host: SOURCE, clock, random: fixedRandom() },
      log: () => undefined,
      knows: () => false,
      heard: () => undefined,
    });
    responder = again;
  });

  it('does not start on a port that is taken', async () => {
    const options = { port: responder.port, host: SOURCE, clock, random: fixedRandom(), log: () => undefined };
    await expect(startResponder({ ...options, knows: () => true, heard: () => undefined })).rejects.toThrow(
      /EADDRINUSE/,
    );
  });
});
