import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Agent, createAgent } from './agent/agent.ts';
import { createAsk } from './agent/probes/ask.ts';
import { createLookup } from './agent/probes/names.ts';
import { type Responder, startResponder } from './agent/probes/responder.ts';
import { type RightsServer, startRightsServer } from './agent/rights-server.ts';
import { type Config, ConfigError, gateOf, readConfig, tracesUrlOf } from './config.ts';
import { createHub, type Hub } from './hub/hub.ts';
import type { KubeClient } from './kube/client.ts';
import { accessFromEnvironment, accessFromKubeconfig, type ClusterAccess } from './kube/kubeconfig.ts';
import { createKubeClient } from './kube/rest-client.ts';
import { createPluginRunner } from './kube/run-plugin.ts';
import { createUndiciTransport } from './kube/undici-transport.ts';
import { createNameServerClient } from './observe/name-server.ts';
import { createLog } from './report/log.ts';
import type { Log } from './report/log-port.ts';
import { createMetrics, type Metrics } from './report/metrics.ts';
import type { OtlpSink } from './report/otlp.ts';
import { createAgentMetrics, createHubMetrics } from './report/role-metrics.ts';
import { shownState } from './report/shown-state.ts';
import { createReconcileTracer, createSwitchTracer } from './report/traces.ts';
import { systemClock } from './runtime/clock.ts';
import type { ControllerMetrics } from './runtime/controller.ts';
import { startHealthServer } from './runtime/health.ts';
import { systemRandom } from './runtime/random.ts';
import { DRAIN_MS, onTermination, Shutdown } from './runtime/shutdown.ts';

/**
 * The composition root of the operator. Two roles; the loops of each are listed in `hub/hub.ts` and `agent/agent.ts`.
 * Nothing else builds clients, reads settings or touches the process.
 *
 * @param args role, as on the command line
 */
export async function runOperator(args: readonly string[]): Promise<void> {
  try {
    await start(args);
  } catch (error) {
    const isExpected = error instanceof ConfigError;
    process.stderr.write(`${isExpected ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
    process.exit(isExpected ? 2 : 1);
  }
}

async function start(args: readonly string[]): Promise<void> {
  const config = readConfig(args, process.env);
  const metrics = createMetrics();
  const log = createLog({
    level: config.SWITCHBACK_LOG_LEVEL,
    base: baseOf(config),
    wallMs: () => systemClock.now().wallMs,
  });
  const access = await accessFromEnvironment(process.env, systemClock);
  const connect = (cluster: string, to: ClusterAccess): KubeClient => connectTo(cluster, to, metrics);
  const traces = await openTraces(config, log);
  const deps: Deps = { connect, controllers: watched(metrics, traces), log, metrics, traces };
  const role = config.role === 'hub' ? hubOf(config, access, deps) : agentOf(config, access, deps);
  const rights = await serveRights(config, role, log);
  const responder = await answerCentres(config, role, log);
  const health = await startHealthServer({
    port: config.SWITCHBACK_PORT,
    host: config.SWITCHBACK_HOST,
    liveness: [],
    readiness: [{ name: 'caches', check: () => (role.ready ? undefined : 'not filled yet') }],
    metrics: () => metrics.expose(),
  });
  log('info', 'Switchback starts', { port: health.port });
  const shutdown = new Shutdown({
    clock: systemClock,
    steps: [
      { name: 'loops', timeoutMs: DRAIN_MS, run: () => role.stop() },
      { name: 'rights server', timeoutMs: 1000, run: () => rights?.close() },
      { name: 'SIP responder', timeoutMs: 1000, run: () => responder?.close() },
      { name: 'health server', timeoutMs: 1000, run: () => health.close() },
      { name: 'traces', timeoutMs: 2000, run: () => traces?.close() },
    ],
    onFailure: (step, error) => log('warn', 'Stopped in haste', { step, error }),
  });
  onTermination(
    process,
    () => void shutdown.run().then(() => process.exit(0)),
    () => process.exit(1),
  );
  process.on('unhandledRejection', (error) => {
    log('error', 'Unhandled rejection', { error });
    process.exit(1);
  });
  role.start();
}

const baseOf = (config: Config): Record<string, string> =>
  config.role === 'hub' ? { role: 'hub' } : { role: 'agent', region: config.SWITCHBACK_REGION };

function connectTo(cluster: string, { credentials, server }: ClusterAccess, { onRequest }: Metrics): KubeClient {
  return createKubeClient(
    createUndiciTransport({ cluster, server, credentials, clock: systemClock, onRequest }),
    cluster,
  );
}

interface Deps {
  readonly connect: (cluster: string, access: ClusterAccess) => KubeClient;
  /** What watches every controller. */
  readonly controllers: ControllerMetrics;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Undefined: nobody traces. */
  readonly traces: OtlpSink | undefined;
}

/** Off unless a collector is named: then nothing of OpenTelemetry is loaded. Who must fence starts without traces, too. */
async function openTraces(config: Config, log: Log): Promise<OtlpSink | undefined> {
  const url = tracesUrlOf(config);
  if (url === undefined) return undefined;
  const resource = {
    'service.name': config.OTEL_SERVICE_NAME || `switchback-${config.role}`,
    'service.version': versionOfPackage(),
    'service.instance.id': hostname(),
    ...(config.role === 'agent' ? { 'switchback.region': config.SWITCHBACK_REGION } : {}),
  };
  try {
    const { createOtlpSink } = await import('./report/otlp.ts');
    return createOtlpSink({ url, resource, clock: systemClock, log });
  } catch (error) {
    log('warn', 'Traces are off', { error });
    return undefined;
  }
}

const watched = ({ controllers }: Metrics, traces: OtlpSink | undefined): ControllerMetrics =>
  traces ? { ...controllers, tracer: createReconcileTracer(systemRandom, traces.reconcile) } : controllers;

/** Unique per process start: a process that comes back is another one. */
const identity = (): string => `${hostname()}_${systemRandom.token()}`;

function hubOf(
  config: Extract<Config, { role: 'hub' }>,
  access: ClusterAccess,
  { connect, controllers, log, metrics, traces }: Deps,
): Hub {
  const shown = createHubMetrics(
    metrics.registry,
    {
      picture: () => hub.picture(),
      brakes: () => hub.brakes(),
      transit: () => hub.transit(),
      records: () => hub.records(),
      watches: () => hub.watches(),
    },
    {
      version: versionOfPackage(),
      limits: { services: config.SWITCHBACK_SERVICE_METRICS, tenants: config.SWITCHBACK_TENANT_METRICS },
      recoveryObjectiveSeconds: config.SWITCHBACK_RECOVERY_OBJECTIVE_SECONDS,
    },
  );
  const { SWITCHBACK_ACCESS_PROVIDERS: providers } = config;
  const hub = createHub({
    client: connect('hub', access),
    connect: async (region, kubeconfig) => connect(region, await accessFromKubeconfig(kubeconfig, systemClock)),
    ...(providers && { profiles: { providers, run: createPluginRunner(systemClock), connect } }),
    identity: identity(),
    electionMs: config.SWITCHBACK_HUB_ELECTION_MS,
    onLeading: (leads) => {
      metrics.setLeading('switchback-hub', leads);
      metrics.forgetRegions();
    },
    onDiagnosed: (region, diagnosis) => metrics.setRegion(region, shownState(diagnosis), diagnosis.reason),
    onProved: metrics.setProved,
    askNameServer: createNameServerClient(),
    ...shown,
    ...(traces ? { traceSwitches: createSwitchTracer(systemClock, traces.switched) } : {}),
    clock: systemClock,
    random: systemRandom,
    log,
    metrics: controllers,
  });
  return hub;
}

function agentOf(
  config: Extract<Config, { role: 'agent' }>,
  access: ClusterAccess,
  { connect, controllers, log, metrics }: Deps,
): Agent {
  const gate = gateOf(config);
  const version = versionOfPackage();
  const shown = createAgentMetrics(metrics.registry, () => agent.watches(), {
    region: config.SWITCHBACK_REGION,
    version,
  });
  const agent = createAgent({
    region: config.SWITCHBACK_REGION,
    ...(gate ? { gate } : {}),
    onLeading: (leads) => metrics.setLeading('switchback-agent', leads),
    onOtherTimings: () => {
      log('error', 'Timings have changed', { region: config.SWITCHBACK_REGION });
      process.exit(1);
    },
    probes: { ask: createAsk(systemRandom, createLookup()), metrics: shown.probes },
    leaseMetrics: shown.lease,
    version,
    client: connect(config.SWITCHBACK_REGION, access),
    connectPeer: (peer) => connectPeer(config.SWITCHBACK_PEERS_DIR, peer, connect),
    identity: identity(),
    clock: systemClock,
    random: systemRandom,
    log,
    metrics: controllers,
  });
  return agent;
}

/** Undefined while the folder has no kubeconfig of that region. Rejects when it has one that cannot be used. */
async function connectPeer(
  folder: string | undefined,
  region: string,
  connect: Deps['connect'],
): Promise<KubeClient | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, region);
  if (!existsSync(path)) return undefined;
  return connect(region, await accessFromKubeconfig(readFileSync(path, 'utf8'), systemClock));
}

/** Off unless its TLS files are set. Rejects when they cannot be used, or the port cannot be bound. */
async function serveRights(config: Config, role: Hub | Agent, log: Log): Promise<RightsServer | undefined> {
  if (config.role !== 'agent' || !('rightOf' in role)) return undefined;
  const { SWITCHBACK_RIGHTS_CA: ca, SWITCHBACK_RIGHTS_CERT: cert, SWITCHBACK_RIGHTS_KEY: key } = config;
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const server = await startRightsServer({
    port: config.SWITCHBACK_RIGHTS_PORT,
    host: config.SWITCHBACK_HOST,
    tls: { ca, cert, key },
    rightOf: (service) => role.rightOf(service),
    clock: systemClock,
    log,
  });
  log('info', 'Rights server listens', { port: server.port });
  return server;
}

/** Off unless its port is set. Rejects when that cannot be bound. */
async function answerCentres(config: Config, role: Hub | Agent, log: Log): Promise<Responder | undefined> {
  if (config.role !== 'agent' || !('knowsCentre' in role) || config.SWITCHBACK_SIP_PORT === undefined) return undefined;
  const responder = await startResponder({
    port: config.SWITCHBACK_SIP_PORT,
    host: config.SWITCHBACK_HOST,
    clock: systemClock,
    random: systemRandom,
    log,
    knows: (address) => role.knowsCentre(address),
    heard: (address) => role.heardCentre(address),
  });
  log('info', 'SIP responder listens', { port: responder.port });
  return responder;
}

function versionOfPackage(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const version = typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
