import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key: PEM texts, or paths of such. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in a folder of its own, made with `openssl`. Keys are of P-256, certificates last a day. */
export class Authority {
  readonly #dir: string;
  /** PEM. */
  readonly ca: string;

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.ca = this.#make('ca', '/CN=ca', ['-addext', 'basicConstraints=critical,CA:TRUE']).cert;
  }

  get caPath(): string {
    return join(this.#dir, 'ca.crt');
  }

  /** @param names as `subjectAltName` writes them, `DNS:a,IP:127.0.0.1`. @returns PEM texts */
  issue(file: string, subject: string, use: 'serverAuth' | 'clientAuth', names?: string): Certificate {
    const signer = ['-CA', this.caPath, '-CAkey', join(this.#dir, 'ca.key'), '-addext', `extendedKeyUsage=${use}`];
    return this.#make(file, subject, [
      ...signer,
      ...(names === undefined ? [] : ['-addext', `subjectAltName=${names}`]),
    ]);
  }

  /** Where `issue` left the files of a certificate. */
  paths(file: string): Certificate {
    return { cert: join(this.#dir, `${file}.crt`), key: join(this.#dir, `${file}.key`) };
  }

  #make(file: string, subject: string, more: readonly string[]): Certificate {
    const { cert, key } = this.paths(file);
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    execFileSync('openssl', ['req', ...kind, '-subj', subject, ...more, '-keyout', key, '-out', cert], {
      stdio: 'pipe',
    });
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }
}
