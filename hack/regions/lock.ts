import { linkSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The holder touches its lock this often; a lock that was not touched for `staleMs` has lost its holder. */
const touchMs = 2_000;
const staleMs = 15_000;
const pollMs = 500;

/**
 * Runs `work` while no other process holds the lock file `path`. A holder that died is noticed by the age of its lock,
 * not by its pid, so that processes in several containers may share one cache.
 * @param onWait called once when another process holds the lock
 */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let waiting = false;
  while (!take(path)) {
    if (!waiting) onWait();
    waiting = true;
    await sleep(pollMs);
  }
  const touch = setInterval(() => utimesSync(path, new Date(), new Date()), touchMs);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    rmSync(path, { force: true });
  }
}

/**
 * Two waiters that both find a stale lock may, in a window of microseconds, both take it. What the lock guards must
 * therefore be harmless when done twice (the build is: each writes its own folder, one rename wins).
 */
function take(path: string): boolean {
  if (ageMs(path) > staleMs) rmSync(path, { force: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Age of a file in milliseconds; 0 when there is none. */
function ageMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? Date.now() - stat.mtimeMs : 0;
}
