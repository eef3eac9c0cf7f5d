import { z } from 'zod';

/** Settings of the program, from the environment. Every one is checked before anything starts. */
const common = {
  /** `debug`, `info`, `warn` or `error`. */
  SWITCHBACK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Port of `/healthz`, `/readyz` and `/metrics`; 0 takes any free one. */
  SWITCHBACK_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  SWITCHBACK_HOST: z.string().min(1).default('0.0.0.0'),
};

const hubSchema = z.object({
  ...common,
  /** Election time of the hub in milliseconds: with two heartbeats less than the lease of every IU group. */
  SWITCHBACK_HUB_ELECTION_MS: z.coerce.number().int().min(300).max(300_000).default(2500),
});

const path = z.string().min(1);

const agentFields = z.object({
  ...common,
  /** Name of the region that this agent is of, as the IU group names it. */
  SWITCHBACK_REGION: z.string().min(1).max(40),
  /**
   * Folder with a kubeconfig for each other region, in a file of its name: how this agent sees the leases of its peers.
   * What it needs there is `get` on `regionleases`. Without it the loss of the hub stops the active/backup services.
   */
  SWITCHBACK_PEERS_DIR: path.optional(),
  /** Port of the rights server (`agent/rights-server.ts`), which is off without the three files; 0 takes any free one. */
  SWITCHBACK_RIGHTS_PORT: z.coerce.number().int().min(0).max(65_535).default(8443),
  /** PEM files: its certificate, its key, and the CA bundle that the certificates of gates must come from. */
  SWITCHBACK_RIGHTS_CERT: path.optional(),
  SWITCHBACK_RIGHTS_KEY: path.optional(),
  SWITCHBACK_RIGHTS_CA: path.optional(),
});

const agentSchema = agentFields.superRefine((settings, { addIssue }) => {
  const names = ['SWITCHBACK_RIGHTS_CERT', 'SWITCHBACK_RIGHTS_KEY', 'SWITCHBACK_RIGHTS_CA'] as const;
  const missing = names.filter((name) => settings[name] === undefined);
  if (missing.length === names.length) return;
  for (const name of missing)
    addIssue({ code: 'custom', path: [name], message: 'is missing: the three belong together' });
});

export type HubConfig = z.infer<typeof hubSchema>;
export type AgentConfig = z.infer<typeof agentSchema>;
export type Config = ({ readonly role: 'hub' } & HubConfig) | ({ readonly role: 'agent' } & AgentConfig);

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const USAGE = 'usage: switchback hub | switchback agent   (settings come from the environment: SWITCHBACK_…)';

/** Throws `ConfigError` with a message that names each wrong setting and what it may be. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const [role] = args;
  if (role === 'hub') return { role, ...parse(hubSchema, env) };
  if (role === 'agent') return { role, ...parse(agentSchema, env) };
  throw new ConfigError(role === undefined ? USAGE : `unknown role "${role}"\n${USAGE}`);
}

function parse<T>(schema: z.ZodType<T>, env: Readonly<Record<string, string | undefined>>): T {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ message, path }) => `${path.join('.')}: ${message}`);
  throw new ConfigError(`these settings are wrong:\n  ${lines.join('\n  ')}`);
}
