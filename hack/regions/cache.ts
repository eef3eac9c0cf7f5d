import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Folder for everything that may be thrown away and is shared by all checkouts: built binaries, regions left running.
 * `SWITCHBACK_CACHE` when set, else `$XDG_CACHE_HOME/switchback`, else `~/.cache/switchback`.
 */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['SWITCHBACK_CACHE'];
  if (own) return resolve(own);
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'switchback');
}
