import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubeconfig } from './kubeconfig.ts';
import { type Access, type User, users } from './provider.ts';
import type { Endpoint } from './regions.ts';

export interface EndpointInput {
  /** Name of the kubeconfig context and stem of the file names. */
  readonly name: string;
  /** Where the server is reached: directly, or through a proxy. */
  readonly url: string;
  readonly access: () => Access;
  /** Folder for the kubeconfig files. */
  readonly dir: string;
}

/**
 * Writes a kubeconfig file per user, `<dir>/<name>.<user>.yaml`, readable by its owner alone. A file is written again
 * whenever its path is asked for, so that it holds the token that is valid then.
 */
export function writeEndpoint({ name, url, access, dir }: EndpointInput): Endpoint {
  const textFor = (user: User) => {
    const { caPem, tokens } = access();
    return kubeconfig({ name, url, caPem, user, token: tokens[user] });
  };
  const writeFor = (user: User) => {
    const path = join(dir, `${name}.${user}.yaml`);
    writeFileSync(path, textFor(user), { mode: 0o600 });
    return path;
  };
  mkdirSync(dir, { recursive: true });
  for (const user of users) writeFor(user);
  return { url, kubeconfig: textFor, kubeconfigPath: writeFor };
}
