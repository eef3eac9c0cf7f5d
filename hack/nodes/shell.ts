/**
 * A hub and two regions with real nodes, and a shell in which to use them, or a command in its place. All of it ends with
 * the shell: `node hack/nodes/enclose.ts node hack/nodes/shell.ts [--bare] [COMMAND ...]`. With `--bare` the operator is not
 * installed; docs/quick-start.md says how.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { binDir } from '../regions/build.ts';
import { runCommand } from '../regions/commands.ts';
import { serveControl } from '../regions/control.ts';
import { bootRegions, type Regions, type Site } from '../regions/regions.ts';
import { findTool } from '../tools/chart-tools.ts';
import { MACHINE } from './addresses.ts';
import { makeImages, type NodeImages } from './images.ts';
import { installOperator } from './operator-pods.ts';
import { startRealNodes } from './provider.ts';

const HELLO =
  "import { createServer } from 'node:http';\ncreateServer((_, answer) => answer.end('hello\\n')).listen(8080);\n";

const [first, ...rest] = process.argv.slice(2);
const isBare = first === '--bare';
const words = isBare || first === undefined ? rest : [first, ...rest];
const [program = process.env['SHELL'] ?? '/bin/sh', ...args] = words;

const dir = join(tmpdir(), 'shell');
mkdirSync(dir);
const hello = join(dir, 'hello.ts');
writeFileSync(hello, HELLO);
console.log('making images, about 10 s');
const images = await makeImages(join(dir, 'images'), hello);
const { provider } = await startRealNodes(join(dir, 'nodes'), images.dir);
const workDir = join(tmpdir(), 'regions');
await using regions = await bootRegions({
  regions: ['us-east', 'us-west'].map((name) => ({ name, zones: [`${name}-a`, `${name}-b`], nodesPerZone: 1 })),
  provider,
  linkHost: MACHINE,
  workDir,
  log: console.log,
});
if (!isBare) await installOperator({ regions, image: images.operator, dir: join(dir, 'certificates') });
// For `hack/regions/cli.ts`: the links between the sites, and the power of the nodes, are in the hands of this process.
const control = await serveControl(workDir, (command) => runCommand(regions, command));
const env = environmentOf(regions, images);
if (words.length === 0) {
  console.log('\nkubectl, kubectl switchback and helm know the contexts hub, us-east and us-west. Also set:');
  for (const [name, value] of Object.entries(env)) if (name !== 'PATH') console.log(`  ${name}=${value}`);
}
const [code] = await once(spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }), 'exit');
control.close();
process.exitCode = typeof code === 'number' ? code : 1;

function environmentOf(all: Regions, { operator, program: image }: NodeImages): Readonly<Record<string, string>> {
  const [repository = '', digest = ''] = operator.split('@');
  const folders = [binDir(), dirname(findTool('helm') ?? ''), join(import.meta.dirname, '..')];
  return {
    // A context for each, of the name of the site; the first one is current.
    KUBECONFIG: [all.hub, ...all.regions].map(writeKubeconfig).join(delimiter),
    SWITCHBACK_REGIONS: workDir,
    IMAGE_REPOSITORY: repository,
    IMAGE_DIGEST: digest,
    HELLO_IMAGE: image,
    PATH: [...folders, process.env['PATH']].join(delimiter),
  };
}

/** Under an address that pods reach too. */
function writeKubeconfig(site: Site): string {
  const file = join(dir, `${site.name}.kubeconfig`);
  writeFileSync(file, site.kubeconfig('admin').replaceAll('127.0.0.1', MACHINE), { mode: 0o600 });
  return file;
}
