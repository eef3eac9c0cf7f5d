import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsPaths } from '../../src/agent/rights-server.ts';

/** Paths of a certificate and of its key, both PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/**
 * A certificate authority for tests, in a folder of its own, made with `openssl`. Keys are of P-256, certificates last
 * a day. Throws what `openssl` says when it fails.
 */
export class TestAuthority {
  readonly #dir: string;
  readonly ca: string;

  /** @param dir an existing folder that the test removes */
  constructor(dir: string) {
    this.#dir = dir;
    this.ca = this.#make('ca', 'basicConstraints=critical,CA:TRUE', []).cert;
  }

  /**
   * A certificate for `names` (as `subjectAltName` writes them, `DNS:a,URI:b`), for servers or for clients. A client may
   * ask for the services of the namespaces that it names (`URI:switchback://NAMESPACE/…`), and without one for nothing.
   */
  issue(file: string, use: 'serverAuth' | 'clientAuth', names: string): CertificateFiles {
    const signer = ['-CA', this.ca, '-CAkey', join(this.#dir, 'ca.key')];
    return this.#make(file, `extendedKeyUsage=${use}`, [...signer, '-addext', `subjectAltName=${names}`]);
  }

  /** What a server or a client with this certificate is configured with, in files that nothing else uses. */
  paths(file: string, { cert, key }: CertificateFiles, ca = this.ca): TlsPaths {
    const copy = (path: string, end: string): string => {
      const target = join(this.#dir, `${file}.${end}.pem`);
      copyFileSync(path, target);
      return target;
    };
    return { cert: copy(cert, 'cert'), key: copy(key, 'key'), ca: copy(ca, 'ca') };
  }

  #make(file: string, extension: string, more: readonly string[]): CertificateFiles {
    const [cert, key] = [join(this.#dir, `${file}.crt`), join(this.#dir, `${file}.key`)];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const subject = ['-subj', `/CN=${file}`, '-addext', extension, ...more];
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { cert, key };
  }
}
