/**
 * Makes the image of the operator from local files: `node hack/image/build.ts --help`. No registry, no Docker, no network.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from '../arguments.ts';
import { writeArchive } from './archive.ts';
import { assembleLayers } from './rootfs.ts';

const USAGE = `node hack/image/build.ts [--name NAME:TAG] [--out FILE] | --rootfs DIR
  --name NAME:TAG   name of the image (default: switchback:dev)
  --out FILE        the OCI archive (default: switchback-image.tar); for \`ctr -n k8s.io images import --local FILE\`
  --rootfs DIR      the root file system instead, for a Dockerfile or for \`tar -C DIR -c . | docker import\``;

const { values } = readArguments(USAGE, {
  name: { type: 'string', default: 'switchback:dev' },
  out: { type: 'string', default: 'switchback-image.tar' },
  rootfs: { type: 'string' },
});

await main(values);

async function main({ name, out, rootfs }: { name: string; out: string; rootfs?: string | undefined }): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'switchback-rootfs-'));
  try {
    const { app, node, packages } = assembleLayers(work, (line) => console.error(line));
    if (rootfs !== undefined) {
      for (const layer of [node, packages, app]) cpSync(layer, rootfs, { recursive: true });
      return;
    }
    const { digest, layers } = await writeArchive([node, packages, app], name, out);
    const megabytes = layers.map((bytes) => (bytes / 1e6).toFixed(1)).join(' + ');
    console.log(`${out}: ${name}@${digest}, ${megabytes} MB (Node, packages, program)`);
  } finally {
    rmSync(work, { recursive: true });
  }
}
