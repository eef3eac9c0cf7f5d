import { type Clock, elapsedAtMost, type Instant } from '../runtime/clock.ts';

/** PEM texts, as TLS takes them. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify the server's certificate against, where it differs from the host. */
  readonly serverName?: string;
  /** `insecure-skip-tls-verify`: only for test set-ups. */
  readonly insecure?: boolean;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export interface CredentialProvider {
  /** What is known and young enough, without waiting; undefined when it must be loaded first. */
  current(): Credentials | undefined;
  /** Loads anew. Calls that overlap share one load. */
  refresh(): Promise<Credentials>;
}

export const fixedCredentials = (credentials: Credentials): CredentialProvider => ({
  current: () => credentials,
  refresh: async () => credentials,
});

/** Tokens rotate in their files and plugins; the age bound limits how long a replaced one is still sent. */
const MAX_AGE_MS = 30_000;

/**
 * Keeps what `load` gave for at most `maxAgeMs` and never runs two loads at once: twenty requests that start together
 * spawn an exec plugin once.
 */
export function cachedCredentials(
  load: () => Promise<Credentials>,
  clock: Clock,
  maxAgeMs: number = MAX_AGE_MS,
): CredentialProvider {
  let cached: { credentials: Credentials; loadedAt: Instant } | undefined;
  let loading: Promise<Credentials> | undefined;

  const loadOnce = async (): Promise<Credentials> => {
    const loadedAt = clock.now();
    const credentials = await load();
    cached = { credentials, loadedAt };
    return credentials;
  };

  return {
    current: () => (cached && elapsedAtMost(cached.loadedAt, clock.now()) < maxAgeMs ? cached.credentials : undefined),
    refresh() {
      loading ??= loadOnce().finally(() => {
        loading = undefined;
      });
      return loading;
    },
  };
}

/** True when connections made with `a` may be used with `b`. */
export const sameTls = (a: TlsMaterial, b: TlsMaterial): boolean =>
  a.ca === b.ca &&
  a.cert === b.cert &&
  a.key === b.key &&
  a.serverName === b.serverName &&
  (a.insecure ?? false) === (b.insecure ?? false);
