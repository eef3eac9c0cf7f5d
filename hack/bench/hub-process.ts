import { readFileSync } from 'node:fs';
import { request } from 'undici';
import type { ManagedProcess } from '../regions/process.ts';
import { samplesOf, sumOf } from './prometheus.ts';
import { poll } from './waiting.ts';
import type { World } from './world.ts';

const LIMIT_MS = 60_000;
const STARTED = /"time":"([^"]+)"[^\n]*"port":(\d+),"msg":"Switchback starts"/g;

interface Start {
  /** Wall-clock milliseconds at which the program was loaded and began its work. */
  readonly atMs: number;
  readonly port: number;
}

const startsOf = ({ logFile }: ManagedProcess): Start[] =>
  [...readFileSync(logFile, 'utf8').matchAll(STARTED)].map(([, time = '', port]) => ({
    atMs: Date.parse(time),
    port: Number(port),
  }));

export function hubOf(world: World): ManagedProcess {
  const [hub] = world.operator.hubs;
  if (!hub) throw new Error('there is no hub');
  return hub;
}

/**
 * Kills the hub and starts it again.
 * @returns milliseconds from when it was loaded (Node itself takes about a second) until its caches were filled
 */
export async function restartHub(world: World): Promise<{ readonly syncMs: number }> {
  const hub = hubOf(world);
  const before = startsOf(hub).length;
  await hub.kill();
  hub.start();
  await poll(LIMIT_MS, async () => startsOf(hub).length > before, 20);
  const { atMs, port } = lastStart(hub);
  await poll(LIMIT_MS, async () => (await fetchText(port, '/readyz')).statusCode === 200, 2);
  return { syncMs: Date.now() - atMs };
}

export interface ProcessMemory {
  readonly residentBytes: number;
  /** Used part of the JavaScript heap. */
  readonly heapBytes: number;
}

/** What the process says of itself on its metrics port. */
export async function readMemory(process: ManagedProcess): Promise<ProcessMemory> {
  const { text } = await fetchText(lastStart(process).port, '/metrics');
  const read = (metric: string): number => sumOf(samplesOf(text, metric));
  return {
    residentBytes: read('process_resident_memory_bytes'),
    heapBytes: read('nodejs_heap_size_used_bytes'),
  };
}

function lastStart(process: ManagedProcess): Start {
  const start = startsOf(process).at(-1);
  if (!start) throw new Error(`${process.name} has not started`);
  return start;
}

async function fetchText(port: number, path: string): Promise<{ readonly statusCode: number; readonly text: string }> {
  const { body, statusCode } = await request(`http://127.0.0.1:${port}${path}`);
  return { statusCode, text: await body.text() };
}
