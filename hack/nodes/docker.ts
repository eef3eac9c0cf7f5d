import { execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileTail } from '../regions/process.ts';
import { waitFor } from '../regions/wait.ts';

const run = promisify(execFile);
const READY_MS = 20_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

/** A Docker of our own, with no registry and no firewall rules. It ends with the enclosure. */
export interface Docker {
  /** Output of the docker command. Rejects with what it says. */
  docker(...args: readonly string[]): Promise<string>;
}

/** @param cgroup parent of all control groups that it makes */
export async function startDocker(dir: string, cgroup: string): Promise<Docker> {
  mkdirSync(dir, { recursive: true });
  const host = `unix://${join(dir, 'docker.sock')}`;
  const config = join(dir, 'daemon.json');
  const logFile = join(dir, 'dockerd.log');
  const runtimes = { nodes: { path: join(import.meta.dirname, 'runtime.sh') } };
  writeFileSync(config, JSON.stringify({ runtimes, 'default-runtime': 'nodes' }));
  const log = openSync(logFile, 'a');
  const folders = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const containers = ['--storage-driver=overlay2', '--default-cgroupns-mode=private', `--cgroup-parent=/${cgroup}`];
  const daemon = spawn('dockerd', ['--host', host, '--config-file', config, ...folders, ...network, ...containers], {
    stdio: ['ignore', log, log],
  });
  daemon.unref();
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('docker', ['--host', host, ...args], { maxBuffer: MOST_OUTPUT });
    return stdout;
  };
  const stillPossible = () => daemon.exitCode === null;
  try {
    await waitFor({ what: 'Docker', timeoutMs: READY_MS, stillPossible }, async () => (await docker('version')) !== '');
  } catch (cause) {
    throw new Error(`Docker did not start; its log ends with:\n${fileTail(logFile)}`, { cause });
  }
  return { docker };
}
