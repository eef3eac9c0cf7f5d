import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from '../regions/cache.ts';
import { withLock } from '../regions/lock.ts';

const run = promisify(execFile);

/** The Lua machine that Argo CD has built in, as a program. */
const VERSION = 'v1.1.2';
const PACKAGE = 'github.com/yuin/gopher-lua/cmd/glua';

/**
 * Builds glua, once for all checkouts (about three seconds, two small modules).
 *
 * @returns where it is; undefined without Go
 * @throws when it cannot be built
 */
export async function ensureGlua(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const home = join(cacheDir(env), 'tools', `glua-${VERSION}-${process.platform}-${process.arch}`);
  const glua = join(home, 'glua');
  if (existsSync(glua)) return glua;
  const hasGo = await run('go', ['version'], { env }).then(
    () => true,
    () => false,
  );
  if (!hasGo) return undefined;
  return withLock(
    `${home}.lock`,
    () => undefined,
    async () => {
      if (!existsSync(glua)) await build(home, env);
      return glua;
    },
  );
}

async function build(home: string, env: NodeJS.ProcessEnv): Promise<void> {
  const scratch = `${home}.${process.pid}.tmp`;
  mkdirSync(scratch, { recursive: true });
  try {
    const settings = { ...env, GOBIN: scratch, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
    await run('go', ['install', '-trimpath', `${PACKAGE}@${VERSION}`], { cwd: scratch, env: settings });
    renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
