import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { binDir } from '../../hack/regions/build.ts';
import { API_VERSION } from '../../src/api/common.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { CATALOGUE, EAST, GROUP, tenant, WEST } from './support/samples.ts';
import { bootWorld, conditionOf, until, type World } from './support/world.ts';

/** What the documents tell people to type is typed here, and what they show as YAML is sent to a real API server. */

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

let world: World;
let folder: string;
let env: NodeJS.ProcessEnv;
let documents: readonly { readonly file: string; readonly text: string }[];

async function readDocuments(): Promise<typeof documents> {
  const names = await readdir(join(ROOT, 'docs'), { recursive: true });
  const files = ['README.md', ...names.filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];
  return Promise.all(files.sort().map(async (file) => ({ file, text: await readFile(join(ROOT, file), 'utf8') })));
}

/** Contents of the fenced blocks in one of the languages. */
const blocksOf = (text: string, ...languages: readonly string[]): string[] =>
  [...text.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```/gm)].flatMap(([, language = '', body = '']) =>
    languages.includes(language) ? [body] : [],
  );

/** Lines of the shell blocks, without comments, and what stands in running text as `kubectl switchback …`. */
const commandsOf = (text: string): string[] =>
  [
    ...blocksOf(text, 'sh', 'console', 'bash').flatMap((block) => block.split('\n')),
    ...[...text.matchAll(/`(kubectl switchback [^`]+)`/g)].map(([, command = '']) => command),
  ].map((line) =>
    line
      .replace(/^\$ /, '')
      .replace(/\s+#.*$/, '')
      .trim(),
  );

/** Only what reads; whose objects there are here. What comes after a pipe is not ours. */
const READS = [
  /^kubectl( --context \S+)?( -n \S+)? (get|describe) (?!dnsendpoints|deployment)/,
  /^kubectl wait iugroup\/\S+ --for=condition=SurvivesRegionLoss/,
  /^(kubectl switchback|hack\/kubectl-switchback) (status|tree|explain|what-if|show|receipt)\b/,
];
/** By test/e2e/quick-start.e2e.ts. */
const RUN_AS_A_WHOLE = 'docs/quick-start.md';
const SWITCH = 'try-us-east';
const FREEZE = 'release-night';

/** The words in angle brackets, and the objects of the examples, as they are called here. */
function meant(command: string, service: string): string {
  const names: Readonly<Record<string, string>> = {
    '<group>': GROUP,
    '<service>': service,
    '<name>': service,
    '<namespace>': 'switchback-system',
    '<region>': WEST.name,
    '<switch>': SWITCH,
    '<freeze>': FREEZE,
    'voice-1': service,
    'move-acme': SWITCH,
    'power-work-us-east': SWITCH,
  };
  return Object.entries(names)
    .reduce((text, [word, name]) => text.replaceAll(word, name), command.split(' | ')[0] ?? '')
    .replace(/--context us-\w+/, `--context ${WEST.name}`);
}

beforeAll(async () => {
  documents = await readDocuments();
  world = await bootWorld({ manifests: [...CATALOGUE, tenant('crown')] });
  await world.settled(4);
  const switchOf = (name: string, spec: object): KubeObject & { spec: object } => ({
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name },
    spec: { iuGroupRef: { name: GROUP }, reason: 'shown in the documents', ...spec },
  });
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  await world.apply(
    switchOf(SWITCH, { type: 'Evacuate', region: EAST.name, dryRun: true }),
    // It is over: nothing is held by it.
    switchOf(FREEZE, { type: 'Freeze', expiresAt, abort: true }),
  );
  await until('the plan', async () => {
    const all = await world.switches();
    return all.length === 2 && all.every((one) => conditionOf(one, 'Ready') !== undefined);
  });
  folder = await mkdtemp(join(tmpdir(), 'switchback-docs-'));
  const configs = [world.regions.hub, ...world.regions.regions].map((site) => site.kubeconfigPath('admin'));
  env = {
    ...process.env,
    KUBECONFIG: configs.join(delimiter),
    // kubectl finds its plugins on the path.
    PATH: [join(ROOT, 'hack'), binDir(), process.env['PATH']].join(delimiter),
  };
}, 120_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  if (folder) await rm(folder, { recursive: true });
});

test('every command that reads, in every document, finds what it asks for', async () => {
  const { metadata } = await world.instance('mail');
  const commands = new Map(
    documents.flatMap(({ file, text }) =>
      (file === RUN_AS_A_WHOLE ? [] : commandsOf(text))
        .filter((command) => READS.some((reads) => reads.test(command)))
        .map((command): [string, string] => [meant(command, metadata.name), file]),
    ),
  );
  expect(commands.size).toBeGreaterThan(40);
  const failed: string[] = [];
  for (const [command, file] of commands) {
    try {
      await run('/bin/sh', ['-c', command], { cwd: ROOT, env, timeout: 30_000 });
    } catch (error) {
      const { code, stderr = '' } = error as { code?: number; stderr?: string };
      // The answer no is an answer.
      if (code !== 3) failed.push(`${file}: ${command}\n  ends with ${code}: ${stderr}`);
    }
  }
  expect(failed).toEqual([]);
}, 300_000);

test('every object that a document shows whole is one that the API server takes', async () => {
  const shown = documents.flatMap(({ file, text }) =>
    blocksOf(text, 'yaml')
      .flatMap((block) => parseAllDocuments(block).map((document): KubeObject | null => document.toJS()))
      .flatMap((object) => (object?.apiVersion === API_VERSION ? [{ file, object }] : [])),
  );
  expect(shown.length).toBeGreaterThan(2);
  const refused: string[] = [];
  for (const { file, object } of shown) {
    const path = join(folder, 'shown.json');
    await writeFile(path, JSON.stringify(object));
    const where = KINDS.find(({ kind }) => kind === object.kind)?.livesIn === 'region' ? EAST.name : 'hub';
    const apply = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '-f', path];
    await run('kubectl', ['--context', where, ...apply], { env }).catch(({ stderr }) =>
      refused.push(`${file}: ${object.kind} ${object.metadata.name}: ${stderr}`),
    );
  }
  expect(refused).toEqual([]);
}, 60_000);
