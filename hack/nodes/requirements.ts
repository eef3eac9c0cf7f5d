import { spawnSync } from 'node:child_process';
import { findProgram } from '../tools/programs.ts';

/** Set inside an enclosure (`enclose.ts`), where alone real nodes are started. */
export const ENCLOSED = 'SWITCHBACK_ENCLOSED';

const PROGRAMS = ['dockerd', 'runc', 'nft', 'ip', 'unshare', 'setpriv', 'mount', 'findmnt', 'tar', 'cc', 'openssl'];
const PACKAGES =
  'apt-get install --no-install-recommends docker.io runc nftables iproute2 util-linux gcc libc6-dev openssl';

/** A little more than a hub and two regions with five nodes were seen to take, with all their files. */
const MEMORY_BYTES = 6e9;

/** One sentence that says why real nodes cannot be had here; undefined where they can. */
export function whyNoNodes(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (process.platform !== 'linux') return 'they need Linux';
  if (process.getuid?.() !== 0) return 'they need root, for network and process namespaces';
  const missing = PROGRAMS.filter((program) => findProgram(program, env) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found (Debian: ${PACKAGES})`;
  if (process.availableMemory() < MEMORY_BYTES) return `they need ${MEMORY_BYTES / 1e9} GB of free memory`;
  const namespaces = spawnSync('unshare', ['--net', '--pid', '--mount', '--fork', '--mount-proc', 'true'], { env });
  return namespaces.status === 0 ? undefined : `this root may not make namespaces: ${namespaces.stderr}`.trim();
}
