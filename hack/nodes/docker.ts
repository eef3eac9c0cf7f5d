import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';
import { fileTail } from '../regions/process.ts';
import { waitFor } from '../regions/wait.ts';

const READY_MS = 20_000;

/** A Docker of our own, with no registry and no firewall rules. It ends with the enclosure. */
export type Docker = ContainerRuntimeClient;

/** @param cgroup parent of all control groups that it makes */
export async function startDocker(dir: string, cgroup: string): Promise<Docker> {
  mkdirSync(dir, { recursive: true });
  const socket = join(dir, 'docker.sock');
  const data = join(dir, 'data');
  const config = join(dir, 'daemon.json');
  const logFile = join(dir, 'dockerd.log');
  const runtimes = { nodes: { path: join(import.meta.dirname, 'runtime.sh') } };
  writeFileSync(config, JSON.stringify({ runtimes, 'default-runtime': 'nodes' }));
  const log = openSync(logFile, 'a');
  const host = `unix://${socket}`;
  const folders = ['--data-root', data, '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const containers = ['--storage-driver=overlay2', '--default-cgroupns-mode=private', `--cgroup-parent=/${cgroup}`];
  const daemon = spawn('dockerd', ['--host', host, '--config-file', config, ...folders, ...network, ...containers], {
    stdio: ['ignore', log, log],
  });
  daemon.unref();
  useDocker(host);
  const stillPossible = () => daemon.exitCode === null;
  try {
    const answers = async () => existsSync(socket) && (await getContainerRuntimeClient()) !== undefined;
    await waitFor({ what: 'Docker', timeoutMs: READY_MS, stillPossible }, answers);
  } catch (cause) {
    throw new Error(`Docker did not start; its log ends with:\n${fileTail(logFile)}`, { cause });
  }
  const docker = await getContainerRuntimeClient();
  // Where this one does not answer, testcontainers looks for another one.
  const { DockerRootDir } = await docker.container.dockerode.info();
  if (DockerRootDir !== data) throw new Error(`another Docker has answered, of ${DockerRootDir}`);
  return docker;
}

/** Testcontainers takes its settings from the environment, and keeps what it has found there first. */
function useDocker(host: string): void {
  Object.assign(process.env, {
    DOCKER_HOST: host,
    DOCKER_TLS_VERIFY: '',
    // In a container it would ask for the address of a bridge that this Docker does not have.
    TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
    TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: '',
    // It comes from a registry. Here the kernel cleans up: the enclosure ends.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
  });
}
