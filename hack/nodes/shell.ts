/**
 * A hub and two regions with real nodes, and a shell to look at them: `node hack/nodes/enclose.ts node hack/nodes/shell.ts`.
 * All of it ends with the shell.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { binDir } from '../regions/build.ts';
import { bootRegions } from '../regions/regions.ts';
import { MACHINE } from './addresses.ts';
import { makeImages } from './images.ts';
import { installOperator } from './operator-pods.ts';
import { startRealNodes } from './provider.ts';

const dir = join(tmpdir(), 'shell');
mkdirSync(dir);
const program = join(dir, 'demo.ts');
writeFileSync(
  program,
  "import { createServer } from 'node:http';\ncreateServer((_, answer) => answer.end('hello\\n')).listen(8080);\n",
);
console.log('making images, about 10 s');
const images = await makeImages(join(dir, 'images'), program);
const { provider } = await startRealNodes(join(dir, 'nodes'), images.dir);
await using regions = await bootRegions({
  regions: ['us-east', 'us-west'].map((name) => ({ name, zones: [`${name}-a`, `${name}-b`], nodesPerZone: 1 })),
  provider,
  linkHost: MACHINE,
  workDir: join(tmpdir(), 'regions'),
  log: console.log,
});
await installOperator({ regions, image: images.operator, dir: join(dir, 'certificates') });
const sites = [regions.hub, ...regions.regions];
for (const site of sites) console.log(`export KUBECONFIG=${site.kubeconfigPath('admin')}   # ${site.name}`);
console.log(`images for pods: ${images.program} (says hello on port 8080), ${images.operator}`);
const PATH = `${binDir()}${delimiter}${process.env['PATH'] ?? ''}`;
const KUBECONFIG = regions.hub.kubeconfigPath('admin');
// Not synchronously: the links between the sites are in this process.
await once(
  spawn(process.env['SHELL'] ?? '/bin/sh', { stdio: 'inherit', env: { ...process.env, PATH, KUBECONFIG } }),
  'exit',
);
