import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinkProxy } from './proxy.ts';

/** Answers every chunk with itself in capitals, and remembers what it was told. */
let server: Server;
let told: string[];
let accepted: Socket[];
let proxy: LinkProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  // Own arrays per test: the server of an earlier one may still hear how its connections end.
  const heard: string[] = [];
  const sockets: Socket[] = [];
  told = heard;
  accepted = sockets;
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => heard.push('(reset)'));
    socket.on('end', () => heard.push('(end)'));
    socket.on('data', (chunk) => {
      heard.push(chunk.toString());
      socket.write(chunk.toString().toUpperCase());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await LinkProxy.listen((server.address() as AddressInfo).port);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.stop();
  server.close();
});

async function dial(): Promise<Socket> {
  const client = connect(proxy.port, '127.0.0.1');
  clients.push(client);
  await once(client, 'connect');
  return client;
}

async function ask(client: Socket, text: string): Promise<string> {
  client.write(text);
  const [chunk] = await once(client, 'data');
  return String(chunk);
}

/** Long enough for bytes on the loopback interface to arrive wherever they are allowed to. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60));
}

function collect(client: Socket): string[] {
  const chunks: string[] = [];
  client.on('data', (chunk) => chunks.push(chunk.toString()));
  return chunks;
}

describe('a link', () => {
  it('forwards both ways while it is open', async () => {
    expect(await ask(await dial(), 'hello')).toBe('HELLO');
  });

  it('that is silent towards the server keeps requests back and delivers them late', async () => {
    const client = await dial();
    const heard = collect(client);
    proxy.set({ kind: 'silent', direction: 'to' });
    client.write('late');
    await quiet();
    expect(told).toEqual([]);
    expect(client.destroyed).toBe(false);
    proxy.set({ kind: 'open' });
    await quiet();
    expect(told).toEqual(['late']);
    expect(heard).toEqual(['LATE']);
  });

  it('that is silent from the server lets requests through and keeps their answers back', async () => {
    const client = await dial();
    const heard = collect(client);
    proxy.set({ kind: 'silent', direction: 'from' });
    client.write('done');
    await quiet();
    expect(told).toEqual(['done']);
    expect(heard).toEqual([]);
    proxy.set({ kind: 'open' });
    await quiet();
    expect(heard).toEqual(['DONE']);
  });

  it('accepts new connections while it is silent, and answers none', async () => {
    proxy.set({ kind: 'silent', direction: 'both' });
    const client = await dial();
    const heard = collect(client);
    client.write('anyone?');
    await quiet();
    expect([told, heard]).toEqual([[], []]);
  });

  it('hides from the client that the server broke the connection, until it is healed', async () => {
    const client = await dial();
    await ask(client, 'x');
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    proxy.set({ kind: 'silent', direction: 'both' });
    for (const socket of accepted) socket.resetAndDestroy();
    await quiet();
    expect(client.destroyed).toBe(false);
    proxy.set({ kind: 'open' });
    await quiet();
    expect(client.destroyed).toBe(true);
    expect(errors).toHaveLength(1);
  });

  it('hides from the server that the client went away, until it is healed', async () => {
    const client = await dial();
    await ask(client, 'x');
    proxy.set({ kind: 'silent', direction: 'both' });
    client.write('last words');
    client.end();
    await quiet();
    expect(told).toEqual(['x']);
    proxy.set({ kind: 'open' });
    await quiet();
    expect(told).toEqual(['x', 'last words', '(end)']);
  });

  it('resets present and future connections while it is closed', async () => {
    const client = await dial();
    await ask(client, 'x');
    const broken = once(client, 'close');
    proxy.set({ kind: 'closed' });
    await expect(broken).rejects.toThrow('ECONNRESET');
    const late = connect(proxy.port, '127.0.0.1');
    await expect(once(late, 'end')).rejects.toThrow('ECONNRESET');
    proxy.set({ kind: 'open' });
    expect(await ask(await dial(), 'again')).toBe('AGAIN');
  });

  it('delays each direction while it is slow, and keeps the order', async () => {
    const client = await dial();
    const heard = collect(client);
    proxy.set({ kind: 'slow', delayMs: 40 });
    const startMs = performance.now();
    client.write('a');
    await once(client, 'data');
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(78);
    client.write('b');
    await quiet();
    proxy.set({ kind: 'open' });
    client.write('c');
    await quiet();
    await quiet();
    expect(heard.join('')).toBe('ABC');
  });

  it('passes a refused connection on as a reset', async () => {
    server.close();
    await once(server, 'close');
    const client = connect(proxy.port, '127.0.0.1');
    await expect(once(client, 'end')).rejects.toThrow('ECONNRESET');
  });

  it('forgets connections that are over', async () => {
    const client = await dial();
    await ask(client, 'x');
    expect(proxy.connections).toBe(1);
    client.end();
    await once(client, 'close');
    await quiet();
    expect(proxy.connections).toBe(0);
  });

  it('carries more than it may hold without loss', async () => {
    const client = await dial();
    let received = 0;
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    const size = 8 << 20;
    proxy.set({ kind: 'silent', direction: 'from' });
    client.write('x'.repeat(size));
    await quiet();
    proxy.set({ kind: 'open' });
    while (received < size) await once(client, 'data');
    expect(received).toBe(size);
  });
});
