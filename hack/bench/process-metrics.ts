import { readFileSync } from 'node:fs';
import { request } from 'undici';
import type { ManagedProcess } from '../regions/process.ts';
import { waitFor } from '../regions/wait.ts';
import { samplesOf, sumOf } from './prometheus.ts';

const STARTED_MS = 20_000;
const STARTED = /"port":(\d+),"msg":"Switchback starts"/g;

export interface ProcessMetrics {
  /** Resident memory in bytes. */
  readonly residentBytes: number;
  /** Used part of the JavaScript heap in bytes. */
  readonly heapBytes: number;
  readonly cpuSeconds: number;
}

/** What a process of the operator says of itself on its metrics port. */
export async function readMetrics(process: ManagedProcess): Promise<ProcessMetrics> {
  const text = await fetchText(process, '/metrics');
  const read = (metric: string): number => sumOf(samplesOf(text, metric));
  return {
    residentBytes: read('process_resident_memory_bytes'),
    heapBytes: read('nodejs_heap_size_used_bytes'),
    cpuSeconds: read('process_cpu_seconds_total'),
  };
}

/** Resolves when the last start of the process says that its caches are filled. */
export async function whenReady(process: ManagedProcess, timeoutMs: number): Promise<void> {
  await waitFor({ what: `${process.name} to be ready`, timeoutMs }, async () => {
    const answer = await request(`${await addressOf(process)}/readyz`);
    await answer.body.dump();
    return answer.statusCode === 200;
  });
}

/** How often the process has been started and listens: its log grows from start to start. */
export const startsOf = ({ logFile }: ManagedProcess): readonly number[] =>
  [...readFileSync(logFile, 'utf8').matchAll(STARTED)].map(([, port]) => Number(port));

async function addressOf(process: ManagedProcess): Promise<string> {
  await waitFor({ what: `${process.name} to listen`, timeoutMs: STARTED_MS }, async () => startsOf(process).length > 0);
  return `http://127.0.0.1:${startsOf(process).at(-1)}`;
}

async function fetchText(process: ManagedProcess, path: string): Promise<string> {
  const answer = await request(`${await addressOf(process)}${path}`);
  return answer.body.text();
}
