import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir } from './cache.ts';
import { withLock } from './lock.ts';
import { fileTail } from './process.ts';

const run = promisify(execFile);

const kubernetesVersion = 'v1.36.3';
const minimalGo = { major: 1, minor: 26 };
const progressMs = 10_000;

/** Programs that are built together and kept in one folder of the cache. */
export interface BinarySet {
  /** What they are, in the plural. */
  readonly what: string;
  /** How long that takes, and what it needs. */
  readonly cost: string;
  /** In the order of building, the slowest first. */
  readonly modules: readonly GoModule[];
}

interface GoModule {
  /** Holds go.mod and go.sum, which pin everything, and perhaps sources. */
  readonly dir: string;
  /** Packages by what we call the program: a name, or a folder and a name. */
  readonly packages: Readonly<Record<string, string>>;
}

export const CONTROL_PLANE: BinarySet = {
  what: 'control plane binaries',
  cost: 'about 9 minutes on two cores, 1 GB of modules',
  modules: [
    {
      dir: join(import.meta.dirname, '../tools'),
      packages: {
        'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
        'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
        'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
        kubectl: 'k8s.io/kubernetes/cmd/kubectl',
        etcd: 'go.etcd.io/etcd/server/v3',
        kwok: 'sigs.k8s.io/kwok/cmd/kwok',
      },
    },
  ],
};

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
export function binDir(env: NodeJS.ProcessEnv = process.env, { modules }: BinarySet = CONTROL_PLANE): string {
  const hash = createHash('sha256');
  for (const { dir } of modules) {
    for (const file of readdirSync(dir).filter(isPart).sort()) hash.update(readFileSync(join(dir, file)));
  }
  hash.update(`${process.platform} ${process.arch} ${linkerFlags}`);
  return join(cacheDir(env), 'tools', hash.digest('hex').slice(0, 16), 'bin');
}

const isPart = (file: string): boolean => /^go\.(mod|sum)$|\.go$/.test(file);

/**
 * Builds the programs of a set, by default those of the control plane, unless they are cached (then it takes no time).
 * @returns the folder that holds them
 * @throws when Go is missing or too old, or a build fails; the message says what to do
 */
export async function ensureBinaries(options: BuildOptions = {}, set: BinarySet = CONTROL_PLANE): Promise<string> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => process.stderr.write(`${line}\n`));
  const bin = binDir(env, set);
  if (existsSync(bin)) return bin;
  const home = join(bin, '..');
  const onWait = () => log(`another process builds the ${set.what}; waiting for it`);
  return withLock(`${home}.lock`, onWait, async () => {
    if (!existsSync(bin)) await build(set, home, env, log);
    return bin;
  });
}

/**
 * Fetches the sources of sets that are not built yet, side by side with other work: what builds them afterwards need not
 * wait for the network. Best effort: who builds says what is wrong. Its processes end with this one.
 */
export async function fetchSources(sets: readonly BinarySet[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const missing = sets.filter((set) => !existsSync(binDir(env, set)));
  for (const { dir, packages } of missing.flatMap(({ modules }) => modules)) {
    const args = ['list', '-deps', ...Object.values(packages)];
    const child = spawn('go', args, { cwd: dir, env: goEnv(env), stdio: 'ignore' });
    beNice(child);
    const stop = (): boolean => child.kill();
    process.on('exit', stop);
    await ending(child).catch(() => null);
    process.off('exit', stop);
  }
}

/** Exit code; null when a signal ended it. Rejects when it could not be started. */
const ending = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });

/** Builds into a folder of its own and renames it at the end, so that a cache is complete or not there. */
async function build(set: BinarySet, home: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  const installs = set.modules.flatMap(installsOf);
  await checkGo(installs[0]?.dir ?? '.', env);
  const scratch = `${home}.${process.pid}.tmp`;
  const bin = join(scratch, 'bin');
  mkdirSync(bin, { recursive: true });
  log(`building ${set.what} (once; ${set.cost})`);
  const startMs = performance.now();
  try {
    for (const [index, each] of installs.entries()) {
      const label = `${each.names.join(', ')} (${index + 1} of ${installs.length})`;
      const logFile = join(scratch, `${index}.log`);
      await reportEvery(label, log, () => install(each, bin, logFile, env));
    }
    if (!existsSync(home)) renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  log(`built all binaries in ${seconds(performance.now() - startMs)}: ${home}`);
}

async function checkGo(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const wanted = `Go ${minimalGo.major}.${minimalGo.minor} or newer`;
  const advice = `Kubernetes is built from its Go modules. Install ${wanted} (https://go.dev/dl).`;
  // Asked in the module's folder: there an older Go fetches the toolchain that go.mod names, unless it is forbidden to.
  const { stdout } = await run('go', ['env', 'GOVERSION'], { cwd: dir, env }).catch((error: unknown) => {
    throw new Error(`cannot run 'go'. ${advice}\n${error instanceof Error ? error.message : error}`);
  });
  const match = /go(\d+)\.(\d+)/.exec(stdout);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match && (major > minimalGo.major || minor >= minimalGo.minor)) return;
  throw new Error(`${stdout.trim()} is too old. ${advice}`);
}

/** Programs of one module that go to one folder: built together, they are linked side by side. */
interface Install {
  readonly dir: string;
  /** Below the folder of the programs. */
  readonly into: string;
  readonly names: readonly string[];
  readonly packages: readonly string[];
}

function installsOf({ dir, packages }: GoModule): Install[] {
  return [...Map.groupBy(Object.entries(packages), ([name]) => dirname(name))].map(([into, programs]) => ({
    dir,
    into,
    names: programs.map(([name]) => basename(name)),
    packages: programs.map(([, source]) => source),
  }));
}

const goEnv = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  CGO_ENABLED: '0',
  GOFLAGS: '-mod=readonly',
  GOWORK: 'off',
});

/** `go install` names a binary after the last element of its package; etcd's is not `etcd`. */
async function install(
  { dir, into, names, packages }: Install,
  bin: string,
  logFile: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const args = ['install', '-trimpath', '-ldflags', linkerFlags, ...packages];
  const folder = join(bin, into);
  const errors = openSync(logFile, 'w');
  const child = spawn('go', args, {
    cwd: dir,
    env: { ...goEnv(env), GOBIN: folder },
    stdio: ['ignore', 'ignore', errors],
  });
  closeSync(errors);
  beNice(child);
  const code = await ending(child);
  if (code !== 0) throw new Error(`go ${args.join(' ')} failed with code ${code}:\n${fileTail(logFile)}`);
  for (const given of ['server', 'v3']) {
    if (names.includes('etcd') && existsSync(join(folder, given)))
      renameSync(join(folder, given), join(folder, 'etcd'));
  }
}

/** Minutes of all processors: what else runs on the machine comes first. Compilers inherit it. */
function beNice({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already.
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
