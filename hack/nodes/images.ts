import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ImageConfig, type Layer, writeArchive } from '../image/archive.ts';
import { assembleLayers } from '../image/rootfs.ts';

export interface NodeImages {
  /** Folder of the archives, with the file `digests`: what the nodes import. */
  readonly dir: string;
  /** The image of the operator, by digest. It holds the gate too. */
  readonly operator: string;
  /** Another one, for an upgrade: the same program with a layer more. */
  readonly nextOperator: string;
  /** The image of a program, by digest. */
  readonly program: string;
}

/**
 * Makes the images that pods run of: ours, one with a program of a single file beside the Node of ours (`/app/NAME`), and
 * that of the sandboxes. The layers that two have in common are stored once.
 */
export async function makeImages(dir: string, program: string): Promise<NodeImages> {
  const images = join(dir, 'archives');
  mkdirSync(images, { recursive: true });
  const { app, node, packages } = assembleLayers(join(dir, 'layers'), () => undefined);
  const own = join(dir, 'program');
  mkdirSync(join(own, 'app'), { recursive: true });
  copyFileSync(program, join(own, 'app', basename(program)));
  const pause = join(dir, 'pause');
  mkdirSync(pause);
  execFileSync('cc', ['-Os', '-s', '-static', '-o', join(pause, 'pause'), join(import.meta.dirname, 'pause.c')]);
  const digests: string[] = [];
  const known = new Map<string, Layer>();
  const write = async (name: string, folders: readonly string[], config?: ImageConfig): Promise<string> => {
    const options = { known, ...(config && { config }) };
    const { digest } = await writeArchive(folders, `${name}:1`, join(images, `${name}.tar`), options);
    digests.push(`${name} ${digest}`);
    return `docker.io/library/${name}@${digest}`;
  };
  await write('pause', [pause], { Entrypoint: ['/pause'] });
  const operator = await write('switchback', [node, packages, app]);
  const mark = join(dir, 'mark');
  mkdirSync(join(mark, 'app'), { recursive: true });
  writeFileSync(join(mark, 'app/next'), 'the next version\n');
  const nextOperator = await write('switchback-next', [node, packages, app, mark]);
  const config = { User: '65532:65532', Entrypoint: ['/bin/node', `/app/${basename(program)}`] };
  const ours = await write('demo', [node, own], config);
  writeFileSync(join(images, 'digests'), `${digests.join('\n')}\n`);
  return { dir: images, operator, nextOperator, program: ours };
}
