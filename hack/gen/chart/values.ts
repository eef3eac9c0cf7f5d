import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { accessProvider } from '../../../src/access-providers.ts';
import { imageByDigest } from '../../../src/api/common.ts';
import { SETTINGS } from '../../../src/config.ts';

/**
 * The values of the chart: `values.yaml`, its schema and the table of its README are made from here. What becomes a
 * setting of the program is checked by the program's own schema, so the chart refuses what the program would.
 */

const CATALOGUE = join(import.meta.dirname, '../../../charts/switchback/catalogue');
const catalogues = readdirSync(CATALOGUE, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** The JSON schema of a setting of the program, its default included. */
function setting(field: z.ZodType, more: Readonly<Record<string, unknown>> = {}) {
  const { $schema: _, ...schema } = z.toJSONSchema(field, { io: 'output', unrepresentable: 'any' });
  return z.unknown().meta({ ...schema, ...more });
}

const patternOf = (field: z.ZodType): string => {
  const { pattern } = z.toJSONSchema(field, { io: 'output' });
  if (pattern === undefined) throw new Error('this setting has no pattern');
  return pattern;
};

/** Empty: not set. */
const secretName = z
  .string()
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
  .max(253)
  .default('');
const anyMap = z.record(z.string(), z.unknown()).default({});
const textMap = z.record(z.string(), z.string()).default({});
const anyList = z.array(z.record(z.string(), z.unknown())).default([]);
const flag = (on: boolean) => z.boolean().default(on);
const port = z.int().min(1).max(65_535);

const hub = z.strictObject({
  electionMs: setting(SETTINGS.hub.SWITCHBACK_HUB_ELECTION_MS).describe(
    'Election time in milliseconds: with two heartbeats less than the lease of every IU group.',
  ),
  serviceMetrics: setting(SETTINGS.hub.SWITCHBACK_SERVICE_METRICS).describe(
    'Most services with series of their own, the first ones by name. 0: none.',
  ),
  tenantMetrics: setting(SETTINGS.hub.SWITCHBACK_TENANT_METRICS).describe('The same of tenants. 0: none.'),
  recoveryObjectiveSeconds: setting(SETTINGS.hub.SWITCHBACK_RECOVERY_OBJECTIVE_SECONDS).describe(
    'Longest time that a service may be away in a switch, the wait for persons not counted: for metrics and alerts.',
  ),
  credentials: z.strictObject({
    secretNames: z
      .array(z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/))
      .max(200)
      .default([])
      .describe(
        'Secrets of this namespace that hold the kubeconfigs of the regions, as IU groups name them. The hub may read these and no other.',
      ),
  }),
  clusterProfiles: z.strictObject({
    enabled: flag(false).describe(
      'Let IU groups name a ClusterProfile (multicluster.x-k8s.io) in place of a Secret; the hub may then read them in the whole cluster.',
    ),
    providers: z
      .array(accessProvider)
      .max(32)
      .prefault([])
      .describe(
        'Access providers whose plugins the hub may run, in the form of the provider file of cluster-inventory-api: `{name, execConfig: {apiVersion, command, args, env, provideClusterInfo}}`. No other is run.',
      ),
    volumes: anyList.describe(
      'Volumes that bring the plugins into the pods, as Kubernetes writes them: `{name, image: {reference}}`, for example.',
    ),
    volumeMounts: anyList.describe('Where they are mounted; read-only is best.'),
  }),
  catalogue: z
    .enum(['none', ...catalogues])
    .default('none')
    .describe('Service classes that are shipped. They come with the next `helm upgrade` after the kinds are served.'),
});

const agent = z.strictObject({
  region: setting(SETTINGS.agent.SWITCHBACK_REGION, { minLength: 0, default: '' }).describe(
    'Name of this region, as the IU group names it. Required.',
  ),
  peers: z.strictObject({
    secretName: secretName.describe(
      'Secret with a kubeconfig for each other region, under its name as key: how this agent sees its peers. It may come later.',
    ),
  }),
  rights: z.strictObject({
    secretName: secretName.describe(
      'Secret with tls.crt, tls.key and ca.crt of the rights server that gates ask. Without it that is off.',
    ),
    port: port.default(8443).describe('Its port.'),
  }),
  gate: z.strictObject({
    image: z
      .string()
      .regex(new RegExp(`^$|${patternOf(imageByDigest)}`))
      .default('')
      .describe('Image, by digest, that holds the gate. Without it services with `fencing: Gate` are not run here.'),
    agents: z
      .array(z.string().regex(/^https:\/\/([-A-Za-z0-9.]+|\[[0-9a-fA-F:.]+\])(:\d+)?\/?$/))
      .max(8)
      .default([])
      .describe('Where gates reach the agents, `https://HOST:PORT`. Empty: the Service of this chart.'),
    serverName: z
      .string()
      .max(253)
      .default('')
      .describe('Name in the certificates of the agents, where it is not the host.'),
    delivery: setting(SETTINGS.agent.SWITCHBACK_GATE_DELIVERY, { default: 'InitContainer' }).describe(
      '`ImageVolume` where all nodes can mount images; `InitContainer` copies the gate into each pod.',
    ),
  }),
  sip: z.strictObject({
    port: z
      .union([z.int().min(1).max(65_535), z.null()])
      .default(null)
      .describe('Port, UDP and TCP, where the SIP OPTIONS of transit centres are answered. null: they are not.'),
    service: z.strictObject({
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('How centres reach it.'),
      annotations: textMap.describe('Annotations of that Service.'),
    }),
  }),
  uninstallCheck: flag(true).describe(
    'Refuse `helm uninstall` while an active/backup service runs in the region: without agents nobody would stop it.',
  ),
});

const token = z.strictObject({
  createToken: flag(false).describe(
    'Make a Secret with a token that does not expire. Without it: `kubectl create token`, or a credential of your own.',
  ),
  subjects: z
    .array(z.strictObject({ kind: z.enum(['User', 'Group']), name: z.string().min(1) }))
    .default([])
    .describe('More holders of the role: the user or group that the identity of your cloud becomes in this cluster.'),
});

export const values = z.strictObject({
  role: z.enum(['hub', 'agent']).describe('`hub` in the hub cluster, `agent` in each region. Required.'),
  image: z.strictObject({
    repository: z.string().min(1).default('ghcr.io/switchback-dev/switchback').describe('Where the image is.'),
    tag: z.string().default('').describe('Empty: the version of the chart.'),
    digest: z
      .string()
      .regex(/^(sha256:[0-9a-f]{64})?$/)
      .default('')
      .describe('`sha256:…`; goes before the tag.'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When it is pulled.'),
  }),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe('Names of pull Secrets.'),
  replicas: z.int().min(1).max(9).default(2).describe('One leads, the others are warm.'),
  log: z.strictObject({
    level: setting(SETTINGS.hub.SWITCHBACK_LOG_LEVEL).describe('Least severe level that is logged.'),
  }),
  bindAddress: setting(SETTINGS.hub.SWITCHBACK_HOST).describe(
    'Address of its servers; `::` where pods have IPv6 only.',
  ),
  crds: z.strictObject({
    install: flag(true).describe(
      'Install the kinds of this role, and bring them up to date. They are kept on uninstall.',
    ),
  }),
  policies: z.strictObject({
    install: flag(true).describe(
      'Install the admission policies and FlowSchemas of this role. Do not run without them.',
    ),
  }),
  hub: hub.describe('Of role hub.'),
  agent: agent.describe('Of role agent.'),
  credentials: z
    .strictObject({
      hub: token.describe('Service account `switchback-hub`: what the hub may do in this region.'),
      peer: token.describe('Service account `switchback-peer`: what the agents of other regions may see here.'),
    })
    .describe('Of role agent: the credentials that others use in this region.'),
  priorityClass: z.strictObject({
    create: flag(true).describe('Make the PriorityClass.'),
    name: z.string().default('switchback').describe('Name of the PriorityClass of the pods; empty: none.'),
    value: z
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(1_000_000_000)
      .describe('Its value: the highest that users may give.'),
  }),
  resources: anyMap
    .default({ requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } })
    .describe('Of the container. No CPU limit: a throttled agent fences late.'),
  podDisruptionBudget: z.strictObject({ enabled: flag(true).describe('One pod at most is drained at a time.') }),
  topologySpread: z.strictObject({
    whenUnsatisfiable: z
      .enum(['DoNotSchedule', 'ScheduleAnyway'])
      .default('ScheduleAnyway')
      .describe('What happens when the pods cannot be in different zones.'),
  }),
  userRoles: z.strictObject({
    create: flag(true).describe(
      'ClusterRoles for people: `switchback-view` and `switchback-edit` add to `view` and `edit`; on the hub `switchback-operate` is for those who may switch regions.',
    ),
  }),
  serviceAccount: z.strictObject({
    annotations: textMap.describe('Of the service account, for identities of clouds.'),
  }),
  podLabels: textMap.describe('More labels of the pods.'),
  podAnnotations: textMap.describe('Annotations of the pods.'),
  nodeSelector: textMap.describe('Of the pods.'),
  tolerations: anyList
    .default([
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 },
    ])
    .describe('Of the pods; by default they leave a lost node after 10 s and not after 300.'),
  affinity: anyMap.describe('Of the pods.'),
  networkPolicy: z.strictObject({
    enabled: flag(true).describe('Let in nothing but probes, Prometheus, gates and SIP.'),
    egress: anyList.describe(
      'Rules of a NetworkPolicy for what goes out. Empty: everything, because API servers of regions have no addresses that a chart could know. With tracing the port of its collector is added.',
    ),
  }),
  metrics: z.strictObject({
    serviceMonitor: z.strictObject({
      enabled: flag(false).describe('Needs the kinds of the Prometheus operator.'),
      interval: z.string().default('15s').describe('How often it is scraped.'),
      labels: textMap.describe('What your Prometheus selects by.'),
    }),
    prometheusRule: z.strictObject({
      enabled: flag(false).describe('Alert rules, where the chart has them (alerts/).'),
      labels: textMap.describe('What your Prometheus selects by.'),
    }),
    dashboards: z.strictObject({
      enabled: flag(false).describe('Grafana dashboards as ConfigMaps, where the chart has them (dashboards/).'),
      labels: textMap.default({ grafana_dashboard: '1' }).describe('What the sidecar of Grafana selects by.'),
    }),
  }),
  tracing: z.strictObject({
    enabled: flag(false).describe('Send OpenTelemetry traces to a collector.'),
    endpoint: setting(SETTINGS.hub.OTEL_EXPORTER_OTLP_ENDPOINT, { default: '' }).describe(
      'Where it takes OTLP over HTTP: `http://HOST:4318`; `/v1/traces` is added.',
    ),
    tracesEndpoint: setting(SETTINGS.hub.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, { default: '' }).describe(
      'The whole URL, where the path is another one. Goes before `endpoint`.',
    ),
    serviceName: setting(SETTINGS.hub.OTEL_SERVICE_NAME, { default: '' }).describe(
      'What traces call this program. Empty: `switchback-hub` or `switchback-agent`.',
    ),
  }),
  extraEnv: anyList.describe('More environment variables of the container, as Kubernetes writes them.'),
});
