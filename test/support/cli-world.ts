import { RESOURCES } from '../../src/api/resources.ts';
import type { ExitCode } from '../../src/cli/exit.ts';
import { runCli } from '../../src/cli/main.ts';
import { LEASE } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { connectDirectly, type DirectClient } from './direct-client.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { ManualClock } from './manual-clock.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualTime } from './virtual-time.ts';

const ACCESS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** A hub and some regions that a command line is given to; nobody else is there. A context is called as its cluster is. */
export class CliWorld {
  readonly clock = new ManualClock();
  readonly #clusters = new Map<string, DirectClient>();
  written = '';
  complained = '';

  constructor(...clusters: readonly string[]) {
    const random = new SeededRandom(1);
    for (const name of ['hub', ...clusters]) {
      const server = new FakeApiServer({ name, time: new VirtualTime(), random: random.fork(name) });
      for (const resource of [...Object.values(RESOURCES), LEASE, ACCESS]) server.serve(resource as Resource);
      this.#clusters.set(name, connectDirectly(server));
    }
  }

  at(cluster: string): DirectClient {
    const found = this.#clusters.get(cluster);
    if (!found) throw new Error(`there is no context ${cluster}`);
    return found;
  }

  async give<T extends KubeObject>(cluster: string, resource: Resource<T>, object: T, status?: unknown): Promise<void> {
    const { client } = this.at(cluster);
    await client.create(resource, object);
    const { name, namespace } = object.metadata;
    const where = namespace === undefined ? { name } : { name, namespace };
    if (status !== undefined) await client.mergePatch(resource, where, { status }, { subresource: 'status' });
  }

  run(...args: string[]): Promise<ExitCode> {
    this.written = '';
    this.complained = '';
    const terminal = {
      out: (text: string) => {
        this.written += text;
      },
      err: (text: string) => {
        this.complained += text;
      },
      isTerminal: false,
      env: {},
    };
    const connect = async ({ context = 'hub' }: { readonly context?: string }) => this.at(context).client;
    return runCli(args, terminal, { clock: this.clock, connect });
  }
}
