/**
 * Loaded into a process of the operator before anything else (`--import`): writes down every request that undici really
 * sends, one JSON line each, into a file of the folder that `BENCH_REQUESTS` names. `BENCH_BODIES` keeps the bodies too.
 * It changes nothing of the process that it looks into.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const FLUSH_MS = 100;

const folder = process.env['BENCH_REQUESTS'] ?? '.';
const keepsBodies = process.env['BENCH_BODIES'] !== undefined;
const file = join(folder, `${process.argv[2] ?? 'process'}-${process.pid}.jsonl`);
let lines: string[] = [];

interface Sent {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers?: unknown;
  readonly body?: unknown;
}

const isSent = (message: unknown): message is { readonly request: Sent } =>
  typeof message === 'object' && message !== null && 'request' in message;

subscribe('undici:client:sendHeaders', (message) => {
  if (!isSent(message)) return;
  const { body, method, origin, path } = message.request;
  const text = body === null || body === undefined ? '' : String(body);
  const atMs = performance.timeOrigin + performance.now();
  const kept = keepsBodies ? { body: text } : {};
  lines.push(`${JSON.stringify({ atMs, method, origin: String(origin), path, bytes: text.length, ...kept })}\n`);
});

setInterval(() => {
  if (lines.length === 0) return;
  appendFileSync(file, lines.join(''));
  lines = [];
}, FLUSH_MS).unref();
