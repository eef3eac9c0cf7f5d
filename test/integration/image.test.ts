import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Image, writeArchive } from '../../hack/image/archive.ts';
import { assembleLayers } from '../../hack/image/rootfs.ts';

/** The image as it is made without Docker and without a registry, and what runs of it in a root of its own. */

const NOBODY = '65532:65532';
let work: string;
let image: Image;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'switchback-image-test-'));
  const layers = assembleLayers(join(work, 'layers'), () => undefined);
  image = await writeArchive([layers.node, layers.packages, layers.app], 'switchback:test', join(work, 'image.tar'));
  mkdirSync(join(work, 'root'));
  unpack(join(work, 'image.tar'), join(work, 'root'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const root = () => join(work, 'root');

/** What a container runtime does: the layers of the manifest, one over the other. */
function unpack(archive: string, into: string): void {
  const parts = join(work, 'parts');
  mkdirSync(parts);
  execFileSync('tar', ['-C', parts, '-xf', archive]);
  const read = (digest: string) => JSON.parse(readFileSync(join(parts, 'blobs/sha256', digest.slice(7)), 'utf8'));
  const index = JSON.parse(readFileSync(join(parts, 'index.json'), 'utf8'));
  for (const { digest } of read(index.manifests[0].digest).layers) {
    execFileSync('tar', ['-C', into, '-xf', join(parts, 'blobs/sha256', digest.slice(7))]);
  }
}

/** Only root may change the root of a process; and not in every sandbox. */
const canChangeRoot = spawnSync('chroot', ['/', '/bin/true']).status === 0;
const runIn = (folder: string, ...command: string[]) =>
  spawnSync('chroot', [`--userspec=${NOBODY}`, folder, ...command], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
const program = (...args: string[]) =>
  runIn(root(), '/bin/node', '--disable-warning=ExperimentalWarning', '/app/src/main.ts', ...args);

describe('the image', () => {
  it('is the same bytes whenever and wherever it is made', async () => {
    const { app, node, packages } = assembleLayers(join(work, 'elsewhere'), () => undefined);
    const again = await writeArchive([node, packages, app], 'switchback:test', join(work, 'again.tar'));
    expect(again).toEqual(image);
  });

  it('is small: what is not Node is less than 50 MB', () => {
    const [node = 0, ...rest] = image.layers;
    expect(node).toBeLessThan(150e6);
    expect(rest.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(50e6);
  });

  it('holds no shell, no package manager, no tests and no package for development', () => {
    expect(readdirSync(join(root(), 'bin'))).toEqual(['node']);
    for (const path of ['sbin', 'usr/bin', 'home', 'tmp']) expect(existsSync(join(root(), path))).toBe(false);
    const packages = readdirSync(join(root(), 'app/node_modules'));
    expect(packages).toContain('undici');
    for (const name of ['vitest', 'typescript', 'yaml', 'node']) expect(packages).not.toContain(name);
    const sources = readdirSync(join(root(), 'app/src'), { recursive: true, encoding: 'utf8' });
    expect(sources.filter((path) => path.endsWith('.test.ts'))).toEqual([]);
  });
});

describe.skipIf(!canChangeRoot)('what runs in the image, as a user without rights', () => {
  it('shows the commands', () => {
    const { status, stdout } = program('--help');
    expect([status, stdout]).toEqual([0, expect.stringContaining('Usage: switchback')]);
  });

  it('can load what sends traces, of which the image has each file once', () => {
    const load = "await import('/app/src/report/otlp.ts'); console.log('loaded')";
    const { stderr, stdout } = runIn(root(), '/bin/node', '--input-type=module', '--eval', load);
    expect([stdout, stderr]).toEqual(['loaded\n', '']);
    const packages = join(root(), 'app/node_modules/@opentelemetry');
    const files = readdirSync(packages, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.cjs') && !file.startsWith('api/'))).toEqual([]);
  });

  it.each([
    [['agent'], 2, 'SWITCHBACK_REGION'],
    [['hub'], 1, 'neither KUBECONFIG nor KUBERNETES_SERVICE_HOST'],
    [['gate'], 2, 'no command: write it after --'],
  ])('%s with wrong settings ends with %i and says why', (args, code, message) => {
    const { status, stderr } = program(...args);
    expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it('starts the gate in a container that has nothing: no loader, no library', () => {
    const empty = join(work, 'empty');
    mkdirSync(join(empty, 'switchback/image'), { recursive: true });
    execFileSync('cp', ['-r', join(root(), 'switchback-gate'), join(empty, 'switchback/image')]);
    const folder = '/switchback/image/switchback-gate';
    const { status, stderr } = runIn(empty, `${folder}/node`, `${folder}/src/main.ts`, 'gate');
    expect([status, stderr]).toEqual([2, expect.stringContaining('no command: write it after --')]);
  });
});
