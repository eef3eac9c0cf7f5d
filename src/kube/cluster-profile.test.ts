import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aProfile, aProvider } from '../../test/support/access-providers.ts';
import { TestAuthority } from '../../test/support/certificates.ts';
import { accessOf } from './cluster-profile.ts';

const dir = mkdtempSync(join(tmpdir(), 'cluster-profile-'));
afterAll(() => rmSync(dir, { recursive: true }));
const PEM = readFileSync(new TestAuthority(dir).ca, 'utf8');
const base64 = (text: string) => Buffer.from(text).toString('base64');

const EAST = { server: 'https://east:6443' };
const cloud = aProvider('cloud');
const vault = aProvider('vault');

describe('how a profile is used', () => {
  it('is told to TLS and to the plugin', () => {
    const config = { clusterName: 'east' };
    const extensions = [
      { name: 'clusterprofiles.multicluster.x-k8s.io/exec/additional-args', extension: ['--as-root'] },
      { name: 'client.authentication.k8s.io/exec', extension: config },
    ];
    const cluster = { ...EAST, 'certificate-authority-data': base64(PEM), 'tls-server-name': 'api', extensions };
    expect(accessOf(aProfile('east', { cloud: cluster }), [cloud])).toEqual({
      provider: cloud,
      server: EAST.server,
      tls: { ca: PEM, serverName: 'api' },
      cluster: { ...EAST, 'certificate-authority-data': base64(PEM), 'tls-server-name': 'api', config },
    });
  });

  it.each([
    ['the first that is allowed, not the first that is offered', { cloud: EAST, vault: EAST }, [vault, cloud], 'vault'],
    ['the only one that is allowed', { cloud: EAST, vault: EAST }, [cloud], 'cloud'],
  ] as const)('is %s', (_, offered, allowed, name) => {
    expect(accessOf(aProfile('east', offered), allowed)).toMatchObject({ provider: { name } });
  });

  it('is read from the older field too, and from the newer one where both are there', () => {
    const older = aProfile('east', { cloud: { server: 'https://old' } }, 'credentialProviders');
    expect(accessOf(older, [cloud])).toMatchObject({ server: 'https://old' });
    const both = { ...older, status: { ...older.status, ...aProfile('east', { cloud: EAST }).status } };
    expect(accessOf(both, [cloud])).toMatchObject({ server: EAST.server });
  });
});

describe('a profile that is refused', () => {
  it('says what is offered, what is allowed, and how to allow one', () => {
    const refused = accessOf(aProfile('east', { azure: EAST, 'g\ncp': EAST }), [cloud, vault]);
    expect(refused).toEqual({
      reason: 'CredentialsNotAllowed',
      message:
        'ClusterProfile fleet/east offers the access providers azure, g?cp; this hub allows cloud, vault: add one of them to hub.clusterProfiles.providers of the chart',
    });
    expect(accessOf(aProfile('east', { azure: EAST }), [])).toMatchObject({
      message: expect.stringContaining('allows none'),
    });
  });

  it('names no more than some providers, whatever it holds', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`${n}-${'x'.repeat(500)}`, EAST]));
    const refused = accessOf(aProfile('east', many), [cloud]);
    expect('message' in refused && refused.message.length).toBeLessThan(900);
  });

  it.each([
    ['has no status', undefined],
    ['has an empty list', { accessProviders: [] }],
    ['has a list that is none', { accessProviders: 'cloud' }],
    ['has entries that are none', { accessProviders: [null, 7, { name: 7, cluster: {} }, { name: 'cloud' }] }],
  ])('because it %s is not there yet', (_, status) => {
    const profile = { ...aProfile('east', {}), ...(status ? { status } : {}) };
    expect(accessOf(profile, [cloud])).toMatchObject({
      reason: 'CredentialsNotFound',
      message: expect.stringContaining('offers no access'),
    });
  });

  it.each<[string, object]>([
    ['cluster.server', {}],
    ['cluster.server', { server: 'http://east' }],
    ['cluster.server', { server: 'file:///etc/passwd' }],
    ['insecure-skip-tls-verify', { ...EAST, 'insecure-skip-tls-verify': true }],
    ['proxy-url', { ...EAST, 'proxy-url': 'http://proxy:3128' }],
    ['certificate-authority-data', { ...EAST, 'certificate-authority-data': base64('no certificate') }],
    [
      'larger than',
      { ...EAST, extensions: [{ name: 'client.authentication.k8s.io/exec', extension: 'x'.repeat(70_000) }] },
    ],
  ])('names what cannot be used: %s', (message, cluster) => {
    expect(accessOf(aProfile('east', { cloud: cluster }), [cloud])).toMatchObject({
      reason: 'CredentialsInvalid',
      message: expect.stringContaining(message),
    });
  });
});
