import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SBOM } from '../../hack/sbom.ts';

/** What comes from others: docs/security.md says what holds of it, this test that it does. */

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}
const { '': _root, ...packages } = read('package-lock.json').packages as Readonly<Record<string, Locked>>;
const all = Object.entries(packages).map(([path, locked]) => ({
  ...locked,
  license: locked.license ?? oldLicenceOf(path),
  name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
}));

/** Some packages say it in a form that npm does not take over into the lock file: a list, one of which may be chosen. */
function oldLicenceOf(path: string): string {
  const file = join(path, 'package.json');
  if (!existsSync(join(ROOT, file))) return 'unknown';
  const { licenses = [] }: { readonly licenses?: readonly { readonly type: string }[] } = read(file);
  return licenses.map(({ type }) => type).join(' OR ') || 'unknown';
}

const atRunTime = all.filter(({ dev, devOptional }) => !dev && !devOptional);

/** Of what is distributed with the image: nothing that asks more than to be named. */
const RUN_TIME_LICENCES = ['0BSD', 'Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Python-2.0', 'Unlicense'];
/** Of tools, also one that asks no more but in other words, and one whose changed files would have to be published. */
const TOOL_LICENCES = [...RUN_TIME_LICENCES, 'BlueOak-1.0.0', 'MPL-2.0', 'MIT OR Apache-2.0'];

describe('every package', () => {
  it('is told by the hash of what it holds', () => {
    expect(all.filter(({ integrity }) => !integrity?.startsWith('sha512-')).map(({ name }) => name)).toEqual([]);
  });

  it('runs nothing when it is installed, but for those that are allowed by name', () => {
    const { allowScripts }: { readonly allowScripts: Readonly<Record<string, boolean>> } = read('package.json');
    const named = Object.keys(allowScripts).sort();
    // npm also runs what is not named at all: who is not allowed is refused by name.
    const withScripts = new Set(all.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name));
    expect([...withScripts].sort()).toEqual(named);
    expect(named.filter((name) => allowScripts[name])).toEqual(['node']);
  });

  it('has a licence that is known to be fine', () => {
    const others = (packagesOf: typeof all, licences: readonly string[]): readonly string[] =>
      packagesOf.filter(({ license }) => !licences.includes(license)).map(({ license, name }) => `${name}: ${license}`);
    expect(others(all, TOOL_LICENCES)).toEqual([]);
    expect(others(atRunTime, RUN_TIME_LICENCES)).toEqual([]);
  });
});

describe('the bill of materials', () => {
  interface Component {
    readonly name: string;
    readonly version: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  }
  const components: readonly Component[] = read(SBOM).components;

  it('names what runs, with its hash, and nothing else: `make sbom` writes it', () => {
    const hex = (integrity = '') => Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
    const locked = atRunTime.map(({ integrity, name, version }) => `${name}@${version} ${hex(integrity)}`);
    const told = components
      .filter(({ name }) => name !== 'node')
      .map(({ hashes, name, version }) => `${name}@${version} ${hashes?.[0]?.content}`);
    expect(told.sort()).toEqual([...new Set(locked)].sort());
  });

  it('names the Node that lies in the image', () => {
    expect(components.find(({ name }) => name === 'node')?.version).toBe(packages['node_modules/node']?.version);
  });
});
