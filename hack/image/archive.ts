import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly Entrypoint: readonly string[];
}

/** What a container of the operator's image starts as. */
const CONFIG: ImageConfig = {
  User: '65532:65532',
  Env: ['PATH=/bin', 'NODE_ENV=production'],
  WorkingDir: '/app',
  // A small young generation: some 20 MB less resident memory, for a little more work of the collector.
  Entrypoint: ['/bin/node', '--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', '/app/src/main.ts'],
};
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const EPOCH = '1970-01-01T00:00:00Z';
/** The same bytes whoever packs it, when, and from where. */
const REPRODUCIBLE = [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mode=u=rwX,go=rX',
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime',
];

export interface Image {
  /** Of the manifest: what `image@sha256:…` names. */
  readonly digest: string;
  /** Bytes of each layer. */
  readonly layers: readonly number[];
}

export interface ArchiveOptions {
  /** Default: that of the operator. */
  readonly config?: ImageConfig;
  /** Layers of other archives, by folder: named and not in this one, for where they are already. Its own are added. */
  readonly known?: Map<string, Layer>;
}

/** What a manifest says of a blob. */
export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes an OCI archive with one layer for each folder, as `ctr images import`, `skopeo copy oci-archive:` and `docker load`
 * (25 or later) take it. Needs `tar`, and neither Docker nor a registry.
 */
export async function writeArchive(
  folders: readonly string[],
  name: string,
  out: string,
  { config = CONFIG, known }: ArchiveOptions = {},
): Promise<Image> {
  const work = mkdtempSync(join(tmpdir(), 'switchback-image-'));
  const blobs = join(work, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  try {
    const layers: Layer[] = [];
    for (const folder of folders) {
      const layer = known?.get(folder) ?? (await addLayer(folder, work, blobs));
      known?.set(folder, layer);
      layers.push(layer);
    }
    const manifest = addManifest(layers, blobs, config);
    writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(work, 'index.json'), JSON.stringify(indexOf(manifest, name)));
    tar(work, resolve(out), ['oci-layout', 'index.json', 'blobs']);
    return { digest: manifest.digest, layers: layers.map(({ size }) => size) };
  } finally {
    rmSync(work, { recursive: true });
  }
}

const tar = (from: string, to: string, paths: readonly string[]): void =>
  void execFileSync('tar', ['-C', from, ...REPRODUCIBLE, '-cf', to, ...paths]);

async function addLayer(folder: string, work: string, blobs: string): Promise<Layer> {
  const raw = join(work, 'layer');
  tar(folder, raw, ['.']);
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(raw)) sum.update(chunk);
  const digest = sum.digest('hex');
  const { size } = statSync(raw);
  renameSync(raw, join(blobs, digest));
  return { mediaType: LAYER, digest: `sha256:${digest}`, size };
}

function addManifest(layers: readonly Layer[], blobs: string, wanted: ImageConfig): Layer {
  const config = addJson(blobs, 'application/vnd.oci.image.config.v1+json', {
    architecture: architecture(),
    os: 'linux',
    created: EPOCH,
    config: wanted,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: EPOCH })),
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  return addJson(blobs, mediaType, { schemaVersion: 2, mediaType, config, layers });
}

function addJson(blobs: string, mediaType: string, value: unknown): Layer {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(blobs, digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

function indexOf(manifest: Layer, name: string) {
  const [repository = '', tag = 'latest'] = name.split(':');
  const full = `${repository.includes('/') ? repository : `docker.io/library/${repository}`}:${tag}`;
  return {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest,
        platform: { architecture: architecture(), os: 'linux' },
        annotations: { 'io.containerd.image.name': full, 'org.opencontainers.image.ref.name': tag },
      },
    ],
  };
}

const architecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch);
