import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { binDir, CONTROL_PLANE, ensureBinaries, fetchSources } from './build.ts';
import { cacheDir } from './cache.ts';

/** A `go` that builds in no time: empty files with the names that the real one would give. */
const fakeGo = `#!/bin/sh
[ "$1" = env ] && { echo "\${GO_VERSION:-go1.26.8}"; exit 0; }
[ -n "$GO_FAILS" ] && { echo 'no space left on device' >&2; exit 1; }
shift 4
for package in "$@"; do
  echo "$package" >> "$SWITCHBACK_CACHE/installed"
  name=\${package##*/}
  [ "$name" = v3 ] && name=server
  : > "$GOBIN/$name"
done
`;

let dir: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'build-'));
  writeFileSync(join(dir, 'go'), fakeGo);
  chmodSync(join(dir, 'go'), 0o755);
  env = { PATH: `${dir}:${process.env['PATH']}`, SWITCHBACK_CACHE: join(dir, 'cache') };
});

afterEach(() => rmSync(dir, { recursive: true }));

function installed(): readonly string[] {
  return readFileSync(join(dir, 'cache', 'installed'), 'utf8')
    .trim()
    .split('\n');
}

describe('building the control plane', () => {
  it('leaves all binaries in the cache under our names, and nothing else', async () => {
    const lines: string[] = [];
    const bin = await ensureBinaries({ env, log: (line) => lines.push(line) });
    expect(bin).toBe(binDir(env));
    expect(readdirSync(bin).sort()).toEqual(
      ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kwok'].sort(),
    );
    expect(readdirSync(join(dir, 'cache', 'tools'))).toHaveLength(1);
    expect(lines).toContain(
      'building kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, etcd, kwok (1 of 1)',
    );
  });

  it('does nothing the second time', async () => {
    await ensureBinaries({ env, log: () => undefined });
    const once = installed();
    await ensureBinaries({ env: { ...env, PATH: '' }, log: () => undefined });
    expect(installed()).toEqual(once);
  });

  it('is done once by two builders at the same time', async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    await Promise.all([ensureBinaries({ env, log }), ensureBinaries({ env, log })]);
    expect(installed()).toHaveLength(6);
    expect(lines.filter((line) => line.includes('another process'))).toHaveLength(1);
  });

  it('says what to install when there is no Go', async () => {
    const attempt = ensureBinaries({ env: { ...env, PATH: join(dir, 'cache') }, log: () => undefined });
    await expect(attempt).rejects.toThrow(/cannot run 'go'.*Install Go 1\.26 or newer/s);
  });

  it('says so when Go is too old', async () => {
    const attempt = ensureBinaries({ env: { ...env, GO_VERSION: 'go1.22.1' }, log: () => undefined });
    await expect(attempt).rejects.toThrow(/go1\.22\.1 is too old.*Install Go 1\.26 or newer/s);
  });

  it('shows why a build failed and leaves nothing half done', async () => {
    const attempt = ensureBinaries({ env: { ...env, GO_FAILS: '1' }, log: () => undefined });
    await expect(attempt).rejects.toThrow(/kube-apiserver .* failed with code 1:\nno space left on device/);
    expect(existsSync(binDir(env))).toBe(false);
    expect(readdirSync(join(dir, 'cache', 'tools'))).toEqual([]);
  });
});

describe('fetching sources', () => {
  it('asks for what the programs are made of, unless they are there', async () => {
    const list = `#!/bin/sh\necho "$1 $2 $(($# - 2))" >> "$SWITCHBACK_CACHE/listed"\n`;
    mkdirSync(join(dir, 'cache'));
    writeFileSync(join(dir, 'go'), list);
    const asked = (): string => readFileSync(join(dir, 'cache', 'listed'), 'utf8');
    await fetchSources([CONTROL_PLANE], env);
    expect(asked()).toBe('list -deps 6\n');
    mkdirSync(binDir(env), { recursive: true });
    await fetchSources([CONTROL_PLANE], env);
    expect(asked()).toBe('list -deps 6\n');
  });

  it('leaves it to who builds to say that there is no Go', async () => {
    await expect(fetchSources([CONTROL_PLANE], { ...env, PATH: join(dir, 'cache') })).resolves.toBeUndefined();
  });
});

describe('the cache folder', () => {
  it('is the first of SWITCHBACK_CACHE, XDG_CACHE_HOME and ~/.cache', () => {
    expect(cacheDir({ SWITCHBACK_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheDir({ XDG_CACHE_HOME: '/b' })).toBe('/b/switchback');
    expect(cacheDir({})).toMatch(/\.cache\/switchback$/);
  });
});
