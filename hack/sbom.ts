/**
 * The bill of materials of what runs: `make sbom`. npm makes it from the lock file (CycloneDX); what differs with each run or
 * machine is taken out, so that a diff shows changed packages and nothing else.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
export const SBOM = 'docs/reference/sbom.cdx.json';

interface Component {
  readonly 'bom-ref': string;
  readonly [field: string]: unknown;
}
interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

interface Locked {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly dev?: boolean; readonly devOptional?: boolean }>
  >;
}

const byText = <T>(textOf: (item: T) => string) => {
  return (x: T, y: T): number => (textOf(x) < textOf(y) ? -1 : 1);
};

/** Node runs it, and lies in the image: a package of development by name only. */
function nodeOf({ packages }: Locked): Component {
  const { version } = packages['node_modules/node'] ?? { version: 'unknown' };
  return {
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    purl: `pkg:npm/node@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** Names and versions of what is installed without the packages of development: `npm sbom --omit dev` leaves out too much. */
function refsOf({ packages }: Locked): ReadonlySet<string> {
  const ours = Object.entries(packages).filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional);
  return new Set(ours.map(([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`));
}

function make(): string {
  const args = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'];
  const made: Bom = JSON.parse(execFileSync('npm', ['sbom', ...args], { cwd: ROOT, encoding: 'utf8' }));
  const locked: Locked = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { bomFormat, components, dependencies, metadata, specVersion } = made;
  const refs = refsOf(locked);
  const isOurs = (ref: string): boolean => refs.has(ref);
  const root = metadata.component['bom-ref'];
  const bom = {
    bomFormat,
    specVersion,
    version: 1,
    metadata: { component: { ...metadata.component, name: 'switchback' } },
    components: [...components.filter((each) => isOurs(each['bom-ref'])), nodeOf(locked)].sort(
      byText((each) => each['bom-ref']),
    ),
    dependencies: dependencies
      .filter(({ ref }) => ref === root || isOurs(ref))
      .map(({ dependsOn = [], ref }) => ({ ref, dependsOn: dependsOn.filter(isOurs).sort() }))
      .sort(byText(({ ref }) => ref)),
  };
  return `${JSON.stringify(bom, null, 1)}\n`;
}

const componentsIn = (text: string): ReadonlySet<string> =>
  new Set((JSON.parse(text) as Bom).components.map((each) => each['bom-ref']));

/** What was added and what is gone, as a release has to tell it. */
function difference(before: string, after: string): string[] {
  const [old, now] = [componentsIn(before), componentsIn(after)];
  const gone = [...old.difference(now)].map((ref) => `- ${ref}`);
  const added = [...now.difference(old)].map((ref) => `+ ${ref}`);
  return [...gone, ...added].sort(byText((line) => line.slice(2)));
}

if (import.meta.main) {
  const file = join(ROOT, SBOM);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : JSON.stringify({ components: [] });
  const after = make();
  writeFileSync(file, after);
  const lines = difference(before, after);
  console.log(lines.length === 0 ? `${SBOM}: nothing changed` : `${SBOM}\n${lines.join('\n')}`);
}
