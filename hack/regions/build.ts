import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { fileTail } from './process.ts';

const run = promisify(execFile);

/** Folder with the go.mod that pins Kubernetes, etcd and kwok. */
const moduleDir = join(import.meta.dirname, '../tools');
const kubernetesVersion = 'v1.36.3';
const minimalGo = { major: 1, minor: 26 };
const progressMs = 10_000;

/** Our names of the binaries, in the order of building (the slowest first), and the packages that they are made from. */
const packages = {
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  etcd: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
} as const;

type Binary = keyof typeof packages;
const binaries = Object.keys(packages) as readonly Binary[];

/** Without these the API server calls itself v0.0.0 and clients refuse to work with it. */
const linkerFlags = [
  '-s -w',
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=36',
].join(' ');

export interface BuildOptions {
  /** Told about the progress, one line at a time, at least every ten seconds; default: standard error. */
  readonly log?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}

/** Folder that holds, or will hold, the binaries of this checkout's go.mod for this platform. */
export function binDir(env: NodeJS.ProcessEnv = process.env): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleDir, file)));
  hash.update(`${process.platform} ${process.arch} ${linkerFlags}`);
  return join(cacheDir(env), 'tools', hash.digest('hex').slice(0, 16), 'bin');
}

/**
 * Builds the control plane's binaries unless they are cached (then it takes no time).
 * @returns the folder that holds them
 * @throws when Go is missing or too old, or a build fails; the message says what to do
 */
export async function ensureBinaries(options: BuildOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const bin = binDir(env);
  if (existsSync(bin)) return bin;
  const home = join(bin, '..');
  const onWait = () => log('another process builds the control plane binaries; waiting for it');
  return withLock(`${home}.lock`, onWait, async () => {
    if (!existsSync(bin)) await build(home, env, log);
    return bin;
  });
}

/** Builds into a folder of its own and renames it at the end, so that a cache is complete or not there. */
async function build(home: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  await checkGo(env);
  const scratch = `${home}.${process.pid}.tmp`;
  const bin = join(scratch, 'bin');
  mkdirSync(bin, { recursive: true });
  log(`building ${binaries.length} control plane binaries (once; about 9 minutes on two cores, 1 GB of modules)`);
  const startMs = performance.now();
  try {
    for (const [index, binary] of binaries.entries()) {
      const label = `${binary} (${index + 1} of ${binaries.length})`;
      await reportEvery(label, log, () => install(binary, bin, join(scratch, `${binary}.log`), env));
    }
    if (!existsSync(home)) renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  log(`built all binaries in ${seconds(performance.now() - startMs)}: ${home}`);
}

async function checkGo(env: NodeJS.ProcessEnv): Promise<void> {
  const wanted = `Go ${minimalGo.major}.${minimalGo.minor} or newer`;
  const advice = `The control plane is built from its Go modules. Install ${wanted} (https://go.dev/dl).`;
  // Asked in the module's folder: there an older Go fetches the toolchain that go.mod names, unless it is forbidden to.
  const { stdout } = await run('go', ['env', 'GOVERSION'], { cwd: moduleDir, env }).catch((error: unknown) => {
    throw new Error(`cannot run 'go'. ${advice}\n${error instanceof Error ? error.message : error}`);
  });
  const match = /go(\d+)\.(\d+)/.exec(stdout);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match && (major > minimalGo.major || minor >= minimalGo.minor)) return;
  throw new Error(`${stdout.trim()} is too old. ${advice}`);
}

/** `go install` names a binary after the last element of its package; etcd's is not `etcd`. */
async function install(binary: Binary, bin: string, logFile: string, env: NodeJS.ProcessEnv): Promise<void> {
  const source = packages[binary];
  const args = ['install', '-trimpath', '-ldflags', linkerFlags, source];
  const errors = openSync(logFile, 'w');
  const child = spawn('go', args, {
    cwd: moduleDir,
    env: { ...env, CGO_ENABLED: '0', GOBIN: bin, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    stdio: ['ignore', 'ignore', errors],
  });
  closeSync(errors);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`go ${args.join(' ')} failed with code ${code}:\n${fileTail(logFile)}`);
  for (const name of ['server', 'v3']) {
    if (binary === 'etcd' && existsSync(join(bin, name))) renameSync(join(bin, name), join(bin, 'etcd'));
  }
}

/** A line at the start, every ten seconds, and at the end: also where there is no terminal. */
async function reportEvery(label: string, log: (line: string) => void, work: () => Promise<void>): Promise<void> {
  const startMs = performance.now();
  const elapsed = () => seconds(performance.now() - startMs);
  log(`building ${label}`);
  const timer = setInterval(() => log(`building ${label}, ${elapsed()}`), progressMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  log(`built ${label} in ${elapsed()}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}
