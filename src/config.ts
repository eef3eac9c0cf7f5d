import { z } from 'zod';
import { accessProviders } from './access-providers.ts';
import { imageByDigest } from './api/common.ts';
import type { GateSource } from './decide/desired/gate.ts';

/** As OpenTelemetry has it, an empty variable is one that is not set. */
const collectorUrl = z
  .string()
  .max(2000)
  .regex(/^(https?:\/\/[^\s?#]+)?$/, 'must be http://HOST:PORT or https://HOST:PORT, with or without a path')
  .refine((text) => text === '' || URL.canParse(text), 'is no URL');

/** Settings of the program, from the environment. Every one is checked before anything starts. */
const common = {
  SWITCHBACK_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('`debug`, `info`, `warn` or `error`.'),
  SWITCHBACK_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('Port of `/healthz`, `/readyz` and `/metrics`; 0 takes any free one.'),
  SWITCHBACK_HOST: z
    .string()
    .min(1)
    .default('0.0.0.0')
    .describe('Address that SWITCHBACK_PORT, the rights server and the answers to SIP OPTIONS are bound to.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl
    .optional()
    .describe(
      'Collector of traces that takes OTLP over HTTP, without the path `/v1/traces`. Without this and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT there are no traces.',
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collectorUrl
    .optional()
    .describe('The collector with the path, whatever it is; goes before OTEL_EXPORTER_OTLP_ENDPOINT.'),
  OTEL_SERVICE_NAME: z
    .string()
    .max(255)
    .optional()
    .describe('What the traces call this program; `switchback-hub` or `switchback-agent` when it is not set.'),
};

const hubSchema = z.object({
  ...common,
  SWITCHBACK_HUB_ELECTION_MS: z.coerce
    .number()
    .int()
    .min(300)
    .max(300_000)
    .default(2500)
    .describe('Election time of the hub in milliseconds: with two heartbeats less than the lease of every IU group.'),
  SWITCHBACK_SERVICE_METRICS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(500)
    .describe('Most services with metrics of their own (`switchback_service_…`), the first ones by name; 0: none has.'),
  SWITCHBACK_TENANT_METRICS: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe(
      'Most tenants with metrics of their own (`switchback_tenant_…`), of which there may be very many: off unless it is set.',
    ),
  SWITCHBACK_RECOVERY_OBJECTIVE_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .describe(
      'Longest time that a service may be away in a switch, the wait for persons not counted: for metrics and alerts only.',
    ),
  SWITCHBACK_ACCESS_PROVIDERS: accessProviders
    .optional()
    .describe(
      'Plugins that may be run for the credentials of regions with a ClusterProfile, as JSON in the form of the provider file of cluster-inventory-api (docs/cluster-profiles.md). Absent: ClusterProfiles are not read.',
    ),
});

const path = z.string().min(1);

/** A host name, an IPv4 address or an IPv6 address in brackets, with or without a port, and nothing behind it. */
const AGENT_URL = /^https:\/\/([-A-Za-z0-9.]+|\[[0-9a-fA-F:.]+\])(:\d+)?\/?$/;
const isAgentUrl = (text: string): boolean => AGENT_URL.test(text) && URL.canParse(text);
const agentUrls = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .refine((urls) => urls.length <= 8 && urls.every(isAgentUrl), 'must be up to 8 times https://HOST:PORT, with commas');

const agentFields = z.object({
  ...common,
  SWITCHBACK_REGION: z
    .string()
    .min(1)
    .max(40)
    .describe('Name of the region that this agent is of, as the IU group names it.'),
  SWITCHBACK_PEERS_DIR: path
    .optional()
    .describe(
      'Folder with a kubeconfig for each other region, in a file of its name: how this agent sees the leases of its peers. What it needs there is `get` on `regionleases`. Without it the loss of the hub stops the active/backup services.',
    ),
  SWITCHBACK_RIGHTS_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8443)
    .describe('Port of the rights server, which is off without its certificate, key and CA; 0 takes any free one.'),
  SWITCHBACK_RIGHTS_CERT: path.optional().describe('PEM file: the certificate of the rights server.'),
  SWITCHBACK_RIGHTS_KEY: path.optional().describe('PEM file: the key of the rights server.'),
  SWITCHBACK_RIGHTS_CA: path
    .optional()
    .describe('PEM file: the CA bundle that the certificates of gates must come from.'),
  SWITCHBACK_GATE_IMAGE: imageByDigest
    .optional()
    .describe(
      'Image, by digest, that holds the gate in `/switchback-gate`. Without it and SWITCHBACK_GATE_AGENTS services with `fencing: Gate` are not run in this region.',
    ),
  SWITCHBACK_GATE_AGENTS: agentUrls
    .optional()
    .describe(
      'Where gates reach the rights servers of all agents of the region: `https://HOST:PORT`, several with commas.',
    ),
  SWITCHBACK_GATE_SERVER_NAME: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe('Name that the certificates of the rights servers carry, where it is not the host of the URL.'),
  SWITCHBACK_GATE_DELIVERY: z
    .enum(['ImageVolume', 'InitContainer'])
    .optional()
    .describe(
      '`ImageVolume` where all nodes can mount images; `InitContainer`, the default, copies the gate into each pod.',
    ),
  SWITCHBACK_SIP_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe(
      'Port, of UDP and of TCP, where the SIP OPTIONS of transit centres are answered; 0 takes any free one. Absent: they are not, and a link that is lost one way only looks lost both ways.',
    ),
});

const RIGHTS = ['SWITCHBACK_RIGHTS_CERT', 'SWITCHBACK_RIGHTS_KEY', 'SWITCHBACK_RIGHTS_CA'] as const;
const GATE = ['SWITCHBACK_GATE_IMAGE', 'SWITCHBACK_GATE_AGENTS'] as const;
const GATE_DETAILS = ['SWITCHBACK_GATE_SERVER_NAME', 'SWITCHBACK_GATE_DELIVERY'] as const;

const agentSchema = agentFields.superRefine((settings, { addIssue }) => {
  const isSet = (name: keyof typeof settings): boolean => settings[name] !== undefined;
  const demand = (names: readonly (keyof typeof settings)[], why: string): void => {
    const missing = names.filter((name) => !isSet(name));
    for (const name of missing) addIssue({ code: 'custom', path: [name], message: `is missing: ${why}` });
  };
  const hasGate = [...GATE, ...GATE_DETAILS].some(isSet);
  if (hasGate) demand(GATE, 'gates need their image and the URLs of the agents');
  if (RIGHTS.some(isSet)) demand(RIGHTS, 'the three belong together');
  else if (hasGate) demand(RIGHTS, 'gates ask the rights server, which is off without it');
});

/** The settings of each role by name: the values of the chart are checked by the same schemas. */
export const SETTINGS = { hub: hubSchema.shape, agent: agentFields.shape } as const;

export type HubConfig = z.infer<typeof hubSchema>;
export type AgentConfig = z.infer<typeof agentSchema>;
export type Config = ({ readonly role: 'hub' } & HubConfig) | ({ readonly role: 'agent' } & AgentConfig);

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const USAGE = `usage: switchback hub | switchback agent   (settings come from the environment: SWITCHBACK_…)
       switchback gate [options] -- command [args...]`;

/** Throws `ConfigError` with a message that names each wrong setting and what it may be. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const [role] = args;
  if (role === 'hub') return { role, ...parse(hubSchema, env) };
  if (role === 'agent') return { role, ...parse(agentSchema, env) };
  throw new ConfigError(role === undefined ? USAGE : `unknown role "${role}"\n${USAGE}`);
}

/** Where traces are posted to; undefined: there are none. */
export function tracesUrlOf(config: HubConfig | AgentConfig): string | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = config;
  if (whole) return whole;
  return base ? `${base.replace(/\/+$/, '')}/v1/traces` : undefined;
}

/** What the gates of the region are made from; undefined where nothing is said of them. */
export function gateOf(config: AgentConfig): GateSource | undefined {
  const { SWITCHBACK_GATE_AGENTS: agents, SWITCHBACK_GATE_IMAGE: image } = config;
  if (image === undefined || agents === undefined) return undefined;
  const { SWITCHBACK_GATE_DELIVERY: delivery = 'InitContainer', SWITCHBACK_GATE_SERVER_NAME: serverName } = config;
  return { image, agents, delivery, ...(serverName === undefined ? {} : { serverName }) };
}

function parse<T>(schema: z.ZodType<T>, env: Readonly<Record<string, string | undefined>>): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ message, path }) => `${path.join('.')}: ${message}`);
  throw new ConfigError(`these settings are wrong:\n  ${lines.join('\n  ')}`);
}
