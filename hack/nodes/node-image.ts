import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ImageName } from 'testcontainers';
import { findProgram } from '../tools/programs.ts';
import type { Docker } from './docker.ts';

export const NODE_IMAGE = 'node:1';
const [REPOSITORY, TAG] = NODE_IMAGE.split(':');

/** What kubelet, kube-proxy, containerd, its plugins and `entry.sh` call. */
const PROGRAMS = [
  ...[
    'bash',
    'cat',
    'cut',
    'date',
    'env',
    'findmnt',
    'grep',
    'ip',
    'ls',
    'kill',
    'mkdir',
    'mount',
    'nft',
    'nsenter',
    'ps',
    'rm',
  ],
  ...['runc', 'sed', 'sleep', 'stat', 'tail', 'touch', 'tr', 'umount'],
];

/** The image of a node: programs of this machine with their libraries. Ours are mounted, so it need not be made anew for them. */
export async function makeNodeImage(docker: Docker, dir: string): Promise<void> {
  const root = join(dir, 'root');
  for (const folder of [
    'usr/bin',
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'etc',
    'var/lib',
    'var/log',
    'opt/node',
    'root',
  ]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  for (const folder of ['lib', 'lib64']) mkdirSync(join(root, 'usr', folder), { recursive: true });
  for (const folder of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, join(root, folder));
  for (const program of PROGRAMS) addProgram(root, program);
  symlinkSync('bash', join(root, 'usr/bin/sh'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'etc/machine-id'), `${'0'.repeat(31)}1\n`);
  writeFileSync(join(root, 'etc/os-release'), 'ID=switchback\nPRETTY_NAME="a node of the tests of Switchback"\n');
  copyFileSync(join(import.meta.dirname, 'entry.sh'), join(root, 'entry'));
  const archive = join(dir, 'node.tar');
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  const changes = ['ENV PATH=/opt/node:/usr/bin', 'ENTRYPOINT ["/entry"]'];
  // An import that fails half-way has begun with "200 OK".
  const said = await text(
    await docker.container.dockerode.importImage(archive, { repo: REPOSITORY, tag: TAG, changes }),
  );
  if (!(await docker.image.exists(ImageName.fromString(NODE_IMAGE)))) throw new Error(`no image of nodes: ${said}`);
}

function addProgram(root: string, name: string): void {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not on this machine`);
  copyFileSync(realpathSync(path), join(root, 'usr/bin', basename(path)));
  for (const library of librariesOf(path)) {
    const target = join(root, 'usr', library.replace(/^\/usr/, ''));
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library), target);
  }
}

/** None for a program that is linked statically: then ldd fails. */
function librariesOf(program: string): readonly string[] {
  try {
    const linked = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...linked.matchAll(/(\/\S+)/g)].map(([, path = '']) => path).filter((path) => existsSync(path));
  } catch {
    return [];
  }
}
