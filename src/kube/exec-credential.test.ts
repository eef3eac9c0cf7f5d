import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { anExecCredential, aProvider } from '../../test/support/access-providers.ts';
import { TestAuthority } from '../../test/support/certificates.ts';
import { execInfo, PluginError, parseExecCredential } from './exec-credential.ts';

const dir = mkdtempSync(join(tmpdir(), 'exec-credential-'));
afterAll(() => rmSync(dir, { recursive: true }));
const pair = (name: string) => {
  const { cert, key } = new TestAuthority(mkdtempSync(join(dir, name))).issue('client', 'clientAuth', 'DNS:hub');
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
};

const SECRET = 'swordfish';
const provider = aProvider('cloud');

describe('what a plugin is told', () => {
  it.each([
    [true, { interactive: false, cluster: { server: 'https://east' } }],
    [false, { interactive: false }],
  ])('of the cluster: %s', (provideClusterInfo, spec) => {
    const told = execInfo(aProvider('cloud', { provideClusterInfo }), { server: 'https://east' });
    expect(JSON.parse(told)).toEqual({ apiVersion: provider.execConfig.apiVersion, kind: 'ExecCredential', spec });
  });
});

describe('what a plugin wrote', () => {
  it('is a token with its end, beside what is known of the server', () => {
    const text = anExecCredential({ token: SECRET, expirationTimestamp: '2026-01-01T00:00:10Z' });
    expect(parseExecCredential(text, provider, { ca: 'CA' })).toEqual({
      credentials: { headers: { authorization: `Bearer ${SECRET}` }, tls: { ca: 'CA' } },
      expiresAtMs: Date.UTC(2026, 0, 1, 0, 0, 10),
    });
  });

  it('is a client certificate, with its key', () => {
    const { cert, key } = pair('own');
    const text = anExecCredential({ clientCertificateData: cert, clientKeyData: key });
    expect(parseExecCredential(text, provider, { serverName: 'api' })).toEqual({
      credentials: { headers: {}, tls: { serverName: 'api', cert, key } },
    });
    const strangers = anExecCredential({ clientCertificateData: cert, clientKeyData: pair('other').key });
    expect(() => parseExecCredential(strangers, provider, {})).toThrow(/do not belong together/);
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no JSON', `token: ${SECRET}`],
    ['null', 'null'],
    [
      'another kind',
      JSON.stringify({ apiVersion: provider.execConfig.apiVersion, kind: 'Secret', status: { token: SECRET } }),
    ],
    ['another version', anExecCredential({ token: SECRET }, 'client.authentication.k8s.io/v1beta1')],
    ['no status', JSON.stringify({ apiVersion: provider.execConfig.apiVersion, kind: 'ExecCredential' })],
    ['an empty token', anExecCredential({ token: '' })],
    ['a token that breaks a header', anExecCredential({ token: `${SECRET}\r\nx: y` })],
    ['a token that is no text', anExecCredential({ token: { value: SECRET } })],
    ['a certificate alone', anExecCredential({ clientCertificateData: SECRET })],
    ['a pair that is none', anExecCredential({ clientCertificateData: SECRET, clientKeyData: SECRET })],
    ['an end that is no time', anExecCredential({ token: SECRET, expirationTimestamp: 'tomorrow' })],
  ])('is refused without a word of it: %s', (_, text) => {
    const read = () => parseExecCredential(text, provider, {});
    expect(read).toThrow(PluginError);
    expect(read).not.toThrow(new RegExp(SECRET));
  });
});
