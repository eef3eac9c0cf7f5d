import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const USER = 65_532;

/**
 * The root file system of the image, from local files alone: Node of the npm package `node` with its shared libraries, the
 * packages of the lockfile that are not for development, and the sources. No shell, no package manager, nothing else.
 * One folder for each layer: what changes least comes first.
 */
export interface Layers {
  readonly node: string;
  readonly packages: string;
  readonly app: string;
}

export function assembleLayers(into: string, log: (line: string) => void): Layers {
  const layers = { node: join(into, 'node'), packages: join(into, 'packages'), app: join(into, 'app') };
  for (const folder of Object.values(layers)) mkdirSync(folder, { recursive: true });
  addNode(layers.node);
  addAccounts(layers.node);
  addPackages(join(layers.packages, 'app'));
  addSources(join(layers.app, 'app'), isSource);
  if (addLauncher(layers.node)) addSources(join(layers.app, 'switchback-gate'), isOfGate);
  else log('there is no C compiler (cc): the image has no gate');
  return layers;
}

function addNode(into: string): void {
  // Beside the program that runs this there may be an older one: the image has the one of the lockfile.
  const node = realpathSync(join(ROOT, 'node_modules/node/bin/node'));
  copy(node, join(into, 'bin/node'));
  for (const library of librariesOf(node)) copy(library, join(into, library));
}

/** Shared libraries at the paths where the loader looks for them, and what glibc loads by name to resolve hosts. */
function librariesOf(program: string): readonly string[] {
  const linked = execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+)/g);
  const libraries = [...new Set([...linked].map(([, path = '']) => path))].filter((path) => existsSync(path));
  const libc = libraries.find((path) => basename(path).startsWith('libc.so'));
  const byName = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map((name) =>
    join(dirname(libc ?? '/lib'), name),
  );
  return [...libraries, ...byName.filter((path) => existsSync(path))];
}

function addAccounts(into: string): void {
  mkdirSync(join(into, 'etc'), { recursive: true });
  writeFileSync(join(into, 'etc/passwd'), `root:x:0:0::/:/\nswitchback:x:${USER}:${USER}::/:/\n`);
  writeFileSync(join(into, 'etc/group'), `root:x:0:\nswitchback:x:${USER}:\n`);
  writeFileSync(join(into, 'etc/nsswitch.conf'), 'hosts: files dns\n');
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

/** Packages that the program needs to run, as the lockfile has them; of their files what Node can load. */
function addPackages(into: string): void {
  const lockfile: Lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const paths = Object.entries(lockfile.packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  for (const [path] of paths) {
    const from = join(ROOT, path);
    if (!existsSync(from)) continue;
    // Packages inside a package stand in the lockfile themselves: they may be for development.
    cpSync(from, join(into, path), {
      recursive: true,
      filter: (file) => !file.slice(from.length).includes('/node_modules') && isLoadable(file),
    });
  }
}

const isLoadable = (file: string): boolean =>
  !/\.(map|md|markdown|[cm]?ts|flow|txt)$|\/(test|tests|docs?|\.github)$/.test(file) && !isDouble(file);

/**
 * OpenTelemetry has each file twice, and we only `import` it; but for its API, which prom-client requires. Of its names of
 * attributes those on trial are most, and nothing that is loaded asks for them.
 */
const isDouble = (file: string): boolean =>
  /\/@opentelemetry\/(?!api\/).+\.cjs$/.test(file) ||
  /\/semantic-conventions\/dist\/(experimental_\w+|index-incubating)\.mjs$/.test(file);

function addSources(into: string, wanted: (path: string) => boolean): void {
  mkdirSync(into, { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(into, 'package.json'));
  const src = join(ROOT, 'src');
  cpSync(src, join(into, 'src'), {
    recursive: true,
    filter: (file) => wanted(file.slice(src.length)),
  });
}

const isSource = (path: string): boolean => !path.endsWith('.test.ts');
/** The program of the gate, and the folders above it (`src/main.ts`). */
const isOfGate = (path: string): boolean =>
  isSource(path) && (/^$|^\/main\.ts$|^\/gate(\/|$)/.test(path) || ['/runtime', '/runtime/clock.ts'].includes(path));

/** A Node that runs in any container; false where it cannot be made. Links, not copies: the layer holds each file once. */
function addLauncher(into: string): boolean {
  const gate = join(into, 'switchback-gate');
  const lib = join(gate, 'lib');
  mkdirSync(lib, { recursive: true });
  try {
    execFileSync('cc', ['-Os', '-s', '-static', '-o', join(gate, 'node'), join(import.meta.dirname, 'launcher.c')]);
  } catch {
    return false;
  }
  const node = join(into, 'bin/node');
  linkSync(node, join(lib, 'node'));
  for (const library of librariesOf(node)) {
    const name = basename(library).startsWith('ld-linux') ? 'ld.so' : basename(library);
    linkSync(join(into, library), join(lib, name));
  }
  return true;
}

function copy(from: string, to: string): void {
  if (existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
}
