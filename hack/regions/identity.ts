import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { serviceAccountKey, serviceAccountPublicKey, tokensFile } from './control-plane.ts';
import { type User, users } from './provider.ts';

/** Bearer token of each user. */
export type Tokens = Readonly<Record<User, string>>;

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

export function newTokens(): Tokens {
  return {
    admin: newToken(),
    'switchback-hub': newToken(),
    'switchback-agent': newToken(),
    'switchback-peer': newToken(),
  };
}

/** @param more lines for others: token, user, uid, groups */
export function writeTokens(dir: string, tokens: Tokens, more: readonly string[] = []): void {
  const lines = users.map((user) => `${tokens[user]},${user},${user}${user === 'admin' ? ',"system:masters"' : ''}`);
  writeFileSync(tokensFile(dir), `${[...lines, ...more].join('\n')}\n`, { mode: 0o600 });
}

export function writeServiceAccountKeys(dir: string): void {
  if (existsSync(serviceAccountKey(dir))) return;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(serviceAccountKey(dir), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(serviceAccountPublicKey(dir), publicKey.export({ type: 'spki', format: 'pem' }));
}
