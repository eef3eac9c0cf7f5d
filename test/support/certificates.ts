import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority, type Certificate } from '../../hack/nodes/certificates.ts';
import type { TlsPaths } from '../../src/agent/rights-server.ts';

export type { Certificate };

/** A certificate authority for tests, in a folder of its own. Throws what `openssl` says when it fails. */
export class TestAuthority {
  readonly #authority: Authority;
  readonly #dir: string;

  /** @param dir a folder that the test removes */
  constructor(dir: string) {
    this.#authority = new Authority(dir);
    this.#dir = dir;
  }

  /** Path of its certificate. */
  get ca(): string {
    return this.#authority.caPath;
  }

  /**
   * A certificate for `names` (as `subjectAltName` writes them, `DNS:a,URI:b`), for servers or for clients. A client may
   * ask for the services of the namespaces that it names (`URI:switchback://NAMESPACE/…`), and without one for nothing.
   *
   * @returns paths of the certificate and of its key, both PEM
   */
  issue(file: string, use: 'serverAuth' | 'clientAuth', names: string): Certificate {
    this.#authority.issue(file, `/CN=${file}`, use, names);
    return this.#authority.paths(file);
  }

  /** What a server or a client with this certificate is configured with, in files that nothing else uses. */
  paths(file: string, { cert, key }: Certificate, ca = this.ca): TlsPaths {
    const copy = (path: string, end: string): string => {
      const target = join(this.#dir, `${file}.${end}.pem`);
      copyFileSync(path, target);
      return target;
    };
    return { cert: copy(cert, 'cert'), key: copy(key, 'key'), ca: copy(ca, 'ca') };
  }
}
