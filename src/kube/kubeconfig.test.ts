import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { TerminalError } from './errors.ts';
import { accessFromKubeconfig, accessFromKubeconfigFile, accessInCluster } from './kubeconfig.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    'current-context': 'b',
    clusters: [
      { name: 'a', cluster: { server: 'https://wrong' } },
      { name: 'b', cluster: { server: 'https://right:6443', ...cluster } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'b', context: { cluster: 'b', user: 'u' } }],
  });
}

async function directory(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  onTestFinished(() => rm(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

test('takes the cluster and the user of the current context', async () => {
  const text = kubeconfig(
    { token: 't', 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') },
    { 'certificate-authority-data': base64('CA'), 'tls-server-name': 'name', 'insecure-skip-tls-verify': true },
  );
  const { server, credentials } = await accessFromKubeconfig(text, new ManualClock());
  expect(server).toBe('https://right:6443');
  expect(await credentials.refresh()).toEqual({
    headers: { authorization: 'Bearer t' },
    tls: { ca: 'CA', cert: 'CERT', key: 'KEY', serverName: 'name', insecure: true },
  });
});

test('merges several files as kubectl does', async () => {
  const path = await directory({
    first: JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://first', 'certificate-authority': 'ca.pem' } }],
      contexts: [{ name: 'both', context: { cluster: 'c', user: 'u' } }],
    }),
    second: JSON.stringify({
      'current-context': 'both',
      clusters: [{ name: 'c', cluster: { server: 'https://second' } }],
      users: [{ name: 'u', user: { token: 't' } }],
    }),
    'ca.pem': 'CA',
  });
  const files = ['gone', 'first', 'second'].map((name) => join(path, name)).join(delimiter);
  const { server, credentials } = await accessFromKubeconfigFile(files, new ManualClock());
  expect(server).toBe('https://first');
  expect(await credentials.refresh()).toMatchObject({ headers: { authorization: 'Bearer t' }, tls: { ca: 'CA' } });
  await expect(accessFromKubeconfigFile(join(path, 'gone'), new ManualClock())).rejects.toThrow(/ENOENT/);
  const none = [join(path, 'gone'), join(path, 'lost')].join(delimiter);
  await expect(accessFromKubeconfigFile(none, new ManualClock())).rejects.toThrow(/none of .* is there/);
});

test('reads YAML and a user with a password', async () => {
  const text = `
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {username: me, password: secret}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
`;
  const { credentials } = await accessFromKubeconfig(text, new ManualClock());
  expect((await credentials.refresh()).headers).toEqual({ authorization: `Basic ${base64('me:secret')}` });
});

test.each([
  ['a file reference', kubeconfig({ tokenFile: '/etc/passwd' })],
  ['a plugin', kubeconfig({ exec: { command: 'sh' } })],
  ['a reference to a certificate', kubeconfig({}, { 'certificate-authority': '/ca' })],
  ['a proxy', kubeconfig({}, { 'proxy-url': 'http://p' })],
  ['another scheme', kubeconfig({}, { server: 'file:///etc' })],
  ['no such context', JSON.stringify({ 'current-context': 'x' })],
  ['no YAML', '{'],
  ['no object', 'text'],
])('a foreign kubeconfig with %s is refused', async (_name, text) => {
  await expect(accessFromKubeconfig(text, new ManualClock())).rejects.toThrow(TerminalError);
});

test('files are read again after half a minute, relative to the kubeconfig', async () => {
  const path = await directory({ config: kubeconfig({ tokenFile: 'token' }), token: 'one\n' });
  const clock = new ManualClock();
  const { credentials } = await accessFromKubeconfigFile(join(path, 'config'), clock);
  expect(credentials.current()).toBeUndefined();
  expect((await credentials.refresh()).headers).toEqual({ authorization: 'Bearer one' });
  await writeFile(join(path, 'token'), 'two');
  clock.pause(29_000);
  expect(credentials.current()?.headers).toEqual({ authorization: 'Bearer one' });
  clock.pause(1_000);
  expect(credentials.current()).toBeUndefined();
  expect((await credentials.refresh()).headers).toEqual({ authorization: 'Bearer two' });
});

test('the service account of a pod', async () => {
  const path = await directory({ token: 't', 'ca.crt': 'CA' });
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const { server, credentials } = accessInCluster(env, new ManualClock(), path);
  expect(server).toBe('https://[fd00::1]:443');
  expect(await credentials.refresh()).toEqual({ headers: { authorization: 'Bearer t' }, tls: { ca: 'CA' } });
  expect(() => accessInCluster({}, new ManualClock())).toThrow(TerminalError);
});

test('twenty requests at once spawn an exec plugin once', async () => {
  const path = await directory({});
  const plugin = join(path, 'plugin.sh');
  const answer = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  });
  await writeFile(plugin, `#!/bin/sh\necho spawned >> ${path}/count\necho '${answer}'\n`);
  await chmod(plugin, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
  await writeFile(join(path, 'config'), kubeconfig({ exec }));
  const { credentials } = await accessFromKubeconfigFile(join(path, 'config'), new ManualClock());
  const all = await Promise.all(Array.from({ length: 20 }, () => credentials.refresh()));
  expect(all.at(-1)?.headers).toEqual({ authorization: 'Bearer from-plugin' });
  expect(await readFile(join(path, 'count'), 'utf8')).toBe('spawned\n');
}, 20_000);
