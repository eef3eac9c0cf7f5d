import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from '../../regions/cache.ts';

/** From Debian's package `prometheus`: promtool cannot be built from the Go module proxy. */
const INSIDE = 'usr/bin/promtool';

/**
 * Path of promtool: `PROMTOOL`, the `PATH`, the cache; else it is taken out of Debian's package, without installing it.
 * Undefined where that cannot be had.
 */
export function findPromtool(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['PROMTOOL']) return env['PROMTOOL'];
  if (runs('promtool')) return 'promtool';
  const cached = join(cacheDir(env), 'promtool', 'promtool');
  if (!existsSync(cached)) unpack(cached);
  return runs(cached) ? cached : undefined;
}

function runs(path: string): boolean {
  try {
    execFileSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Best effort: without a network, or without Debian, there is none. */
function unpack(target: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'switchback-promtool-'));
  try {
    const quietly = { cwd: folder, stdio: 'ignore', timeout: 60_000 } as const;
    execFileSync('apt-get', ['download', 'prometheus'], quietly);
    execFileSync('sh', ['-c', `dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./${INSIDE}`], quietly);
    mkdirSync(join(target, '..'), { recursive: true });
    // Beside its place first: two test runs at once must not see half of it.
    const ready = `${target}.${process.pid}`;
    execFileSync('cp', [join(folder, INSIDE), ready], quietly);
    renameSync(ready, target);
  } catch {
    // Its absence is told by who asks for it.
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
