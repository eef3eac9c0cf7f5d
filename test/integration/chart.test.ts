import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { adminClient } from '../../hack/operator/operator.ts';
import { ROLE_NAMES, ROLES_IN, roleObjects } from '../../hack/rbac/objects.ts';
import { bootRegions, type Regions } from '../../hack/regions/regions.ts';
import { waitFor } from '../../hack/regions/wait.ts';
import {
  HELM,
  install,
  KUBE_SCORE,
  KUBECONFORM,
  render,
  renderText,
  uninstall,
  type Values,
} from '../../hack/tools/helm.ts';
import { type OpenApi, schemaLocation, writeSchemas } from '../../hack/tools/kube-schemas.ts';
import { FENCE_FINALIZER } from '../../src/api/labels.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { readConfig, SETTINGS } from '../../src/config.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { fixedCredentials } from '../../src/kube/credentials.ts';
import { CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, POD, type Pod, SECRET } from '../../src/kube/kinds.ts';
import { accessFromKubeconfig } from '../../src/kube/kubeconfig.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { createKubeClient } from '../../src/kube/rest-client.ts';
import { createUndiciTransport } from '../../src/kube/undici-transport.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { anOrder, anOrderedComponent } from '../support/objects.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const DIGEST = `sha256:${'0'.repeat(64)}`;
const HUB: Values = { role: 'hub', 'hub.credentials.secretNames': ['us-east', 'us-west'] };
const AGENT: Values = { role: 'agent', 'agent.region': 'us-east' };
/** Every switch that brings something. */
const MONITORED: Values = {
  'metrics.serviceMonitor.enabled': true,
  'metrics.prometheusRule.enabled': true,
  'metrics.dashboards.enabled': true,
  'tracing.enabled': true,
  'tracing.endpoint': 'http://collector.observability:4318',
  'tracing.tracesEndpoint': 'http://collector.observability:4318/v1/traces',
  'tracing.serviceName': 'switchback',
};
const FULL_AGENT: Values = {
  ...AGENT,
  ...MONITORED,
  'agent.peers.secretName': 'switchback-peers',
  'agent.rights.secretName': 'switchback-rights',
  'agent.gate.image': `example.com/switchback@${DIGEST}`,
  'agent.gate.serverName': 'agents',
  'agent.sip.port': 5060,
  'agent.sip.service.type': 'LoadBalancer',
  'credentials.hub.createToken': true,
  'credentials.peer.createToken': true,
  'credentials.hub.subjects': [{ kind: 'Group', name: 'hub-operators' }],
};
const PLUGIN = {
  name: 'cloud',
  execConfig: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: '/plugins/bin/cloud',
    provideClusterInfo: true,
  },
};
const PROFILES: Values = {
  'hub.clusterProfiles.enabled': true,
  'hub.clusterProfiles.providers': [PLUGIN],
  'hub.clusterProfiles.volumes': [{ name: 'plugins', image: { reference: `example.com/plugins@${DIGEST}` } }],
  'hub.clusterProfiles.volumeMounts': [{ name: 'plugins', mountPath: '/plugins', readOnly: true }],
};
const FULL_HUB: Values = { ...HUB, ...MONITORED, ...PROFILES, 'hub.catalogue': 'today' };
const SERVED = ['--api-versions', 'switchback.dev/v1alpha1/ServiceClass'];

const namesOf = (objects: readonly KubeObject[], kind: string): string[] =>
  objects
    .filter((object) => object.kind === kind)
    .map(({ metadata }) => metadata.name)
    .sort();

const isForUsers = (name: string): boolean => /^switchback-(view|edit|operate)$/.test(name);

describe.skipIf(HELM === undefined)('the chart', () => {
  it.each<[string, Values, string]>([
    ['no role', {}, "value must be one of 'hub', 'agent'"],
    ['a wrong role', { role: 'agents' }, "value must be one of 'hub', 'agent'"],
    ['an agent without a region', { role: 'agent' }, 'agent.region is missing'],
    ['a value that is not known', { ...HUB, replica: 3 }, "additional properties 'replica' not allowed"],
    ['an election that is too short', { ...HUB, 'hub.electionMs': 100 }, 'minimum: got 100, want 300'],
    ['a gate image without a digest', { ...AGENT, 'agent.gate.image': 'gate:1' }, 'does not match pattern'],
    [
      'gates without a rights server',
      { ...AGENT, 'agent.gate.image': `example.com/gate@${DIGEST}` },
      'agent.rights.secretName is missing',
    ],
    ['a log level that is not known', { ...HUB, 'log.level': 'trace' }, "'/log/level': value must be one of"],
    ['traces for nobody', { ...HUB, 'tracing.enabled': true }, 'tracing.endpoint is missing'],
    ['a collector that is none', { ...HUB, 'tracing.endpoint': 'collector:4318' }, 'does not match pattern'],
    [
      'a plugin without a path',
      {
        ...HUB,
        ...PROFILES,
        'hub.clusterProfiles.providers': [{ ...PLUGIN, execConfig: { ...PLUGIN.execConfig, command: 'cloud' } }],
      },
      "'cloud' does not match pattern",
    ],
    [
      'a plugin with fields that nobody reads',
      { ...HUB, 'hub.clusterProfiles.providers': [{ ...PLUGIN, shell: '-c' }] },
      "'shell' not allowed",
    ],
    ['a catalogue that is not shipped', { ...HUB, 'hub.catalogue': 'yesterday' }, "'/hub/catalogue'"],
  ])('refuses %s, and says what is wrong', async (_what, values, message) => {
    await expect(renderText(values)).rejects.toThrow(message);
  });

  it('refuses another namespace', async () => {
    await expect(renderText(HUB, ['--namespace', 'other'])).rejects.toThrow(
      'install it into the namespace switchback-system',
    );
  });

  it('brings each kind and policy to the role whose clusters it lives in, and keeps the kinds', async () => {
    for (const [values, role] of [
      [HUB, 'hub'],
      [AGENT, 'region'],
    ] as const) {
      const objects = await render(values);
      const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
      expect(crds.length).toBeGreaterThan(3);
      for (const { kind, metadata } of objects.filter(({ kind }) => /^(Custom|Validating|Flow)/.test(kind))) {
        expect([kind, metadata.name, metadata.labels?.['switchback.dev/lives-in']]).toEqual([
          kind,
          metadata.name,
          role,
        ]);
      }
      for (const { metadata } of crds)
        expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
    }
    expect(namesOf(await render({ ...AGENT, 'crds.install': false, 'policies.install': false }), 'FlowSchema')).toEqual(
      [],
    );
  });

  it.each([
    ['hub', HUB],
    ['region', AGENT],
  ] as const)('grants on a %s what the table of roles says', async (where, values) => {
    const rendered = await render(values);
    for (const role of ROLES_IN[where]) {
      const wanted = roleObjects(role, { serviceAccount: ROLE_NAMES[role] }, { credentials: ['us-east', 'us-west'] });
      for (const { metadata, ...rest } of wanted) {
        const same = rendered.find((one) => one.kind === rest.kind && one.metadata.name === metadata.name);
        expect(same).toMatchObject(rest);
      }
    }
    const granted = rendered.filter(
      ({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && !isForUsers(metadata.name),
    );
    expect(granted).toHaveLength(
      ROLES_IN[where].flatMap((role) => roleObjects(role, { user: '' }, { credentials: ['x'] })).length / 2,
    );
  });

  it('hands plugins and their volumes to the hub, and lets it read ClusterProfiles, only where that is switched on', async () => {
    const [deployment] = (await render(FULL_HUB)).filter(({ kind }) => kind === 'Deployment');
    const text = JSON.stringify(deployment);
    const [, setting = ''] = /"SWITCHBACK_ACCESS_PROVIDERS","value":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
    expect(readConfig(['hub'], { SWITCHBACK_ACCESS_PROVIDERS: JSON.parse(setting) })).toMatchObject({
      SWITCHBACK_ACCESS_PROVIDERS: [{ ...PLUGIN, execConfig: { ...PLUGIN.execConfig, args: [], env: [] } }],
    });
    expect(text).toContain('"mountPath":"/plugins"');
    expect(text).toContain(`"image":{"reference":"example.com/plugins@${DIGEST}"}`);
    const wanted = roleObjects('hub', { serviceAccount: 'switchback-hub' }, { clusterProfiles: true });
    const [role] = wanted.filter(({ kind }) => kind === 'ClusterRole');
    expect(
      (await render(FULL_HUB)).find(
        ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'switchback-hub',
      ),
    ).toMatchObject({ ...role, metadata: {} });
    const off = await renderText({ ...HUB, ...PROFILES, 'hub.clusterProfiles.enabled': false });
    expect(off).not.toMatch(/- clusterprofiles|SWITCHBACK_ACCESS_PROVIDERS|\/plugins/);
  });

  it('grants no Secret at all while none is named', async () => {
    expect(await renderText({ role: 'hub' })).not.toMatch(/resources:\n\s+- secrets/);
  });

  it('hands every setting of the program on', async () => {
    const rendered = `${await renderText(FULL_HUB)}${await renderText(FULL_AGENT)}`;
    const names = [...Object.keys(SETTINGS.hub), ...Object.keys(SETTINGS.agent)];
    expect(names.filter((name) => !rendered.includes(`name: ${name}\n`))).toEqual([]);
  });

  it('says nothing of traces while they are off', async () => {
    expect(await renderText({ ...HUB, 'tracing.endpoint': 'http://collector:4318' })).not.toContain('OTEL_');
  });

  it.each([
    ['http://collector.observability:4318', 4318],
    ['https://[fd00::1]:4319/otlp', 4319],
    ['https://traces.example.com', 443],
    ['http://traces.example.com/otlp', 80],
  ])('lets traces out to %s where only some things may go out', async (endpoint, port) => {
    const api = { ports: [{ port: 6443 }] };
    const values = { ...HUB, 'networkPolicy.egress': [api], 'tracing.endpoint': endpoint };
    const egressOf = async (more: Values) =>
      (await render({ ...values, ...more })).find(({ kind }) => kind === 'NetworkPolicy');
    expect(await egressOf({ 'tracing.enabled': true })).toMatchObject({
      spec: { egress: [api, { ports: [{ port }] }] },
    });
    expect(await egressOf({})).toMatchObject({ spec: { egress: [api] } });
    // Without such rules everything may, and a rule for the collector alone would shut out the regions.
    const open = await render({ ...HUB, 'tracing.endpoint': endpoint, 'tracing.enabled': true });
    expect(open.find(({ kind }) => kind === 'NetworkPolicy')).not.toHaveProperty('spec.egress');
  });

  it('brings the catalogue once its kind is served, and keeps it', async () => {
    expect(namesOf(await render(FULL_HUB), 'ServiceClass')).toEqual([]);
    const classes = (await render(FULL_HUB, SERVED)).filter(({ kind }) => kind === 'ServiceClass');
    expect(classes.length).toBeGreaterThan(20);
    for (const { metadata } of classes)
      expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });

  it('runs restricted pods: not root, a read-only root file system, no capabilities', async () => {
    for (const values of [FULL_HUB, FULL_AGENT]) {
      const [deployment] = (await render(values)).filter(({ kind }) => kind === 'Deployment');
      expect(deployment).toMatchObject({
        spec: {
          template: {
            spec: {
              securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
              containers: [
                {
                  securityContext: {
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ['ALL'] },
                  },
                },
              ],
            },
          },
        },
      });
    }
  });

  it.skipIf(KUBE_SCORE === undefined)('has nothing that kube-score calls critical', async () => {
    for (const values of [HUB, FULL_AGENT]) {
      const args = ['score', '--output-format', 'ci', ...IGNORED.flatMap((test) => ['--ignore-test', test]), '-'];
      const { stdout } = spawnSync(KUBE_SCORE ?? '', args, { input: await renderText(values), encoding: 'utf8' });
      expect(stdout.split('\n').filter((line) => line.includes('[CRITICAL]'))).toEqual([]);
    }
  });
});

/**
 * Of kube-score: what is meant as it is. A CPU limit would make an agent fence late; a limit of disk would count its logs, and
 * evict it for them; the image is named by its version or digest, so it need not be asked for at each start.
 */
const IGNORED = ['container-resources', 'container-ephemeral-storage-request-and-limit', 'container-image-pull-policy'];

/** Kinds of the Prometheus operator, which is not here. */
const MONITORING = ['PrometheusRule', 'ServiceMonitor'];

describe.skipIf(HELM === undefined)('the chart on real API servers', () => {
  let regions: Regions;
  beforeAll(async () => {
    const zones = ['us-east-a', 'us-east-b'];
    regions = await bootRegions({ regions: [{ name: 'us-east', zones, nodesPerZone: 1 }] });
  });
  afterAll(() => regions?.stop());

  it('is installed on a hub, brings the catalogue with the next upgrade, and leaves kinds and classes behind', async () => {
    const kubeconfig = regions.hub.kubeconfigPath('admin');
    const client = await adminClient(regions, 'hub');
    const values = { ...HUB, 'hub.catalogue': 'today' };
    // Without `--wait`: the hub of these regions has no nodes.
    expect(await install(kubeconfig, values)).toContain('Run the same `helm upgrade` again');
    await expect(client.list(RESOURCES.serviceClass)).resolves.toMatchObject({ items: [] });
    expect(await install(kubeconfig, values)).toContain('kind: Tenant');
    const classes = (await client.list(RESOURCES.serviceClass)).items.length;
    expect(classes).toBeGreaterThan(20);
    await uninstall(kubeconfig);
    expect((await client.list(RESOURCES.serviceClass)).items).toHaveLength(classes);
    expect((await client.list(DEPLOYMENT, { namespace: 'switchback-system' })).items).toEqual([]);
    await client.transport.close();
  });

  it.skipIf(KUBECONFORM === undefined)('has no field that the API server does not know, by kubeconform', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'switchback-schemas-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const [kubeconfig, client] = [regions.hub.kubeconfigPath('admin'), await adminClient(regions, 'hub')];
    await install(kubeconfig, HUB);
    // Kinds are served before their schemas are.
    const isTold = (openApi: OpenApi): boolean =>
      JSON.stringify(Object.keys(openApi.definitions)).includes('.ServiceClass"');
    await waitFor({ what: 'the schemas of our kinds', timeoutMs: 30_000 }, async () => {
      const request = { method: 'GET', path: '/openapi/v2', lane: 'api', timeoutMs: 10_000 } as const;
      const openApi = (await client.transport.request(request)).body as OpenApi;
      if (isTold(openApi)) await writeSchemas(dir, openApi);
      return isTold(openApi);
    });
    const location = ['-schema-location', schemaLocation(dir)];
    /** Kinds by how they were judged; a document of comments alone has none. */
    const judge = (text: string): Map<string, string[]> => {
      const args = ['-strict', '-verbose', '-output', 'json', '-skip', MONITORING.join(), ...location, '-'];
      const { stdout } = spawnSync(KUBECONFORM ?? '', args, { input: text, encoding: 'utf8' });
      const { resources } = JSON.parse(stdout) as { resources: { kind: string; status: string }[] };
      const judged = Map.groupBy(resources, ({ status }) => status);
      return new Map([...judged].map(([status, all]) => [status, all.map(({ kind }) => kind).filter((kind) => kind)]));
    };
    for (const [values, more] of [
      [FULL_HUB, SERVED],
      [FULL_AGENT, []],
    ] as const) {
      const text = await renderText(values, more);
      const judged = judge(text);
      expect([...judged.keys()].sort()).toEqual(['statusSkipped', 'statusValid']);
      expect(new Set(judged.get('statusSkipped'))).toEqual(new Set(MONITORING));
      expect(judged.get('statusValid')?.length).toBeGreaterThan(15);
      const misspelt = text.replace(/^( +)replicas: /m, '$1replicaz: ');
      expect(judge(misspelt).get('statusInvalid')).toEqual(['Deployment']);
    }
  });

  it('is installed in a region with --wait, its pods in both zones, and upgraded in place', async () => {
    const kubeconfig = regions.region('us-east').kubeconfigPath('admin');
    const client = await adminClient(regions, 'us-east');
    const values = { ...FULL_AGENT, 'metrics.serviceMonitor.enabled': false, 'metrics.prometheusRule.enabled': false };
    const waiting = ['--wait', '--timeout', '120s'];
    await install(kubeconfig, values, waiting);
    const { items } = await client.list(POD, { namespace: 'switchback-system' });
    expect(new Set(items.map(({ spec }) => spec?.nodeName)).size).toBe(2);
    await tryTokenOfHub(regions, client);
    await install(kubeconfig, { ...values, 'log.level': 'debug' }, waiting);
    const order = anOrder('mail', [anOrderedComponent()]);
    const { name, namespace = '' } = order.metadata;
    const metadata = { name, namespace, finalizers: [FENCE_FINALIZER] };
    await client.create(RESOURCES.regionalService, { ...order, metadata });
    const refused = uninstall(kubeconfig).catch(String);
    expect(await runCheck(regions, client)).toContain('switchback-system/mail: Active at epoch');
    expect(await refused).toContain('switchback-agent-may-uninstall');
    expect((await client.list(DEPLOYMENT, { namespace: 'switchback-system' })).items).not.toEqual([]);
    const where = { name, namespace };
    const left = { role: 'Standby', activeRegion: 'us-west', epoch: order.spec.epoch + 1, successors: ['us-east'] };
    await client.mergePatch(RESOURCES.regionalService, where, { spec: left });
    const confirmed = { status: { standbyEpoch: left.epoch } };
    await client.mergePatch(RESOURCES.regionalService, where, confirmed, { subresource: 'status' });
    const gone = uninstall(kubeconfig);
    expect(await runCheck(regions, client)).toContain('the agents may go');
    await gone;
    const crds = (await client.list(CUSTOM_RESOURCE_DEFINITION)).items.map(({ metadata }) => metadata.name);
    expect(crds).toContain('regionalservices.switchback.dev');
    await client.transport.close();
  });
});

/** What the kubelet of a real node would do with the Job before the deletion. @returns what the program says */
async function runCheck(regions: Regions, client: KubeClient): Promise<string> {
  const labelSelector = 'app.kubernetes.io/name=switchback-may-uninstall';
  const where = { namespace: 'switchback-system' };
  let pod: Pod | undefined;
  await waitFor({ what: 'the pod of the check', timeoutMs: 60_000 }, async () => {
    const { items } = await client.list(POD, { ...where, labelSelector });
    pod = items.find(({ status }) => status?.phase === 'Running');
    return pod !== undefined;
  });
  const [container] = pod?.spec?.containers ?? [];
  const args = ((container as { args?: readonly string[] } | undefined)?.args ?? []).slice();
  const env = { ...process.env, KUBECONFIG: regions.region('us-east').kubeconfigPath('admin') };
  const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
  const phase = status === 0 ? 'Succeeded' : 'Failed';
  const name = pod?.metadata.name ?? '';
  await client.mergePatch(POD, { ...where, name }, { status: { phase } }, { subresource: 'status' });
  return `${stdout}${stderr}`;
}

/** The token that the chart makes for the hub opens what the hub needs there, and no Secret. */
async function tryTokenOfHub(regions: Regions, admin: KubeClient): Promise<void> {
  const token = await untilToken(admin);
  const { credentials, server } = await accessFromKubeconfig(
    regions.region('us-east').kubeconfig('admin'),
    systemClock,
  );
  const { tls } = await credentials.refresh();
  const transport = createUndiciTransport({
    cluster: 'us-east',
    server,
    credentials: fixedCredentials({ headers: { authorization: `Bearer ${token}` }, tls }),
    clock: systemClock,
  });
  const client = createKubeClient(transport, 'us-east');
  await expect(client.list(RESOURCES.regionLease)).resolves.toMatchObject({ items: [] });
  await expect(client.list(SECRET, { namespace: 'switchback-system' })).rejects.toMatchObject({ status: 403 });
  await transport.close();
}

async function untilToken(admin: KubeClient): Promise<string> {
  const where = { name: 'switchback-hub-token', namespace: 'switchback-system' };
  let token = '';
  await waitFor({ what: 'the token of the hub', timeoutMs: 20_000 }, async () => {
    token = Buffer.from((await admin.read(SECRET, where)).data?.['token'] ?? '', 'base64').toString('utf8');
    return token !== '';
  });
  return token;
}
