import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestObservation } from '../kube/undici-transport.ts';
import type { ControllerMetrics, ReconcileOutcome } from '../runtime/controller.ts';
import { QUEUE_LANES, type WorkQueue } from '../runtime/queue.ts';

/**
 * The metrics of the kernel, with the names, labels and buckets of controller-runtime and client-go, so that every
 * dashboard and alert made for these shows a Node operator too.
 */
export interface Metrics {
  /** For the metrics of the domain. */
  readonly registry: Registry;
  readonly controllers: ControllerMetrics;
  /** For `UndiciTransportOptions.onRequest`. */
  readonly onRequest: (observation: RequestObservation) => void;
  /** Sets whether this process leads the election `name`. */
  readonly setLeading: (name: string, isLeading: boolean) => void;
  /** Tells what a region was found to be, and why; only the leader of the hub knows. */
  readonly setRegion: (region: string, state: string, reason: string) => void;
  /** Also when they were proved: a process that does not lead knows nothing of regions. */
  readonly forgetRegions: () => void;
  /** Sets when a switch away from a region was last proved, in seconds since 1970; undefined: the region is gone. */
  readonly setProved: (group: string, region: string, seconds: number | undefined) => void;
  /** For `HealthOptions.metrics`. */
  readonly expose: () => Promise<{ text: string; contentType: string }>;
}

// biome-ignore format: one line as in controller-runtime, pkg/internal/controller/metrics
const RECONCILE_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
/** 10 ns times powers of ten, as client-go's work queue has them. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_, i) => Number(`1e${i - 8}`));
const REQUEST_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** Creates all metrics in a registry of their own, with the process metrics that Prometheus expects. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = createRequestMetrics(registry);
  const master = new Gauge({
    name: 'leader_election_master_status',
    help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
    labelNames: ['name'],
    registers: [registry],
  });
  const regions = createRegionMetric(registry);
  const proved = new Gauge({
    name: 'switchback_last_proved_timestamp_seconds',
    help: 'When a switch away from the region was last proved, by a drill or in earnest; 0 when it never was.',
    labelNames: ['iu_group', 'region'],
    registers: [registry],
  });
  return {
    registry,
    ...regions,
    forgetRegions() {
      regions.forgetRegions();
      proved.reset();
    },
    controllers: createControllerMetrics(registry),
    onRequest: requests,
    setLeading: (name, isLeading) => master.set({ name }, isLeading ? 1 : 0),
    setProved: (group, region, seconds) => {
      if (seconds === undefined) proved.remove({ iu_group: group, region });
      else proved.set({ iu_group: group, region }, seconds);
    },
    expose: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

function createRegionMetric(registry: Registry): Pick<Metrics, 'forgetRegions' | 'setRegion'> {
  const state = new Gauge({
    name: 'switchback_region_state',
    help: 'What a region was found to be: 1 for its present state and reason.',
    labelNames: ['region', 'state', 'reason'],
    registers: [registry],
  });
  const changes = new Counter({
    name: 'switchback_region_changes_total',
    help: 'How often a region was found well after it was not, or the other way round, by the hub that leads.',
    labelNames: ['region'],
    registers: [registry],
  });
  const present = new Map<string, { region: string; state: string; reason: string }>();
  return {
    setRegion(region, name, reason) {
      const before = present.get(region);
      if (before) state.remove(before);
      const hasChanged = before !== undefined && (before.state === 'Healthy') !== (name === 'Healthy');
      changes.inc({ region }, hasChanged ? 1 : 0);
      const labels = { region, state: name, reason };
      present.set(region, labels);
      state.set(labels, 1);
    },
    forgetRegions() {
      present.clear();
      state.reset();
    },
  };
}

function createRequestMetrics(registry: Registry): (observation: RequestObservation) => void {
  const registers = [registry];
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds. Broken down by verb, and host.',
    labelNames: ['verb', 'host'],
    buckets: REQUEST_BUCKETS,
    registers,
  });
  return ({ code, host, ms, verb }) => {
    total.inc({ code: code === 0 ? '<error>' : String(code), method: verb === 'WATCH' ? 'GET' : verb, host });
    duration.observe({ verb, host }, ms / 1000);
  };
}

function createControllerMetrics(registry: Registry): ControllerMetrics {
  const reconciles = createReconcileMetrics(registry);
  const queues = createQueueMetrics(registry);
  return {
    ...reconciles,
    ...queues.counters,
    register(controller, concurrency, queue) {
      reconciles.registerController(controller, concurrency);
      queues.watch(queue);
    },
  };
}

/** The label `result` knows four values; what else there is has counters of its own. */
const RESULT_LABELS: Readonly<Record<ReconcileOutcome, string>> = {
  success: 'success',
  requeue_after: 'requeue_after',
  requeue: 'requeue',
  error: 'error',
  terminal: 'error',
  bug: 'error',
};

/** As controller-runtime names the result of a reconcile. */
export const resultLabel = (outcome: ReconcileOutcome): string => RESULT_LABELS[outcome];

function createReconcileMetrics(registry: Registry) {
  const shared = { labelNames: ['controller'], registers: [registry] };
  const results = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Total number of reconciliations per controller',
    labelNames: ['controller', 'result'],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Total number of reconciliation errors per controller',
    ...shared,
  });
  const terminal = new Counter({
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Total number of terminal reconciliation errors per controller',
    ...shared,
  });
  const panics = new Counter({
    name: 'controller_runtime_reconcile_panics_total',
    help: 'Total number of reconciliation panics per controller',
    ...shared,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of time per reconciliation per controller',
    buckets: RECONCILE_BUCKETS,
    ...shared,
  });
  const concurrent = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Maximum number of concurrent reconciles per controller',
    ...shared,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Number of currently used workers per controller',
    ...shared,
  });
  return {
    registerController(controller: string, concurrency: number): void {
      concurrent.set({ controller }, concurrency);
      // Series that exist from the start: a rate over a counter that appears with its first error misses that error.
      active.set({ controller }, 0);
      for (const counter of [errors, terminal, panics]) counter.inc({ controller }, 0);
      for (const result of new Set(Object.values(RESULT_LABELS))) results.inc({ controller, result }, 0);
    },
    reconcileStarted: (controller: string): void => active.inc({ controller }),
    reconcileEnded(controller: string, outcome: ReconcileOutcome, seconds: number): void {
      active.dec({ controller });
      time.observe({ controller }, seconds);
      results.inc({ controller, result: RESULT_LABELS[outcome] });
      if (RESULT_LABELS[outcome] === 'error') errors.inc({ controller });
      if (outcome === 'terminal') terminal.inc({ controller });
      if (outcome === 'bug') panics.inc({ controller });
    },
  };
}

function createQueueMetrics(registry: Registry) {
  const watched: WorkQueue[] = [];
  const shared = { labelNames: ['name', 'controller'], registers: [registry] };
  const labels = (name: string) => ({ name, controller: name });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue',
    ...shared,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue',
    ...shared,
  });
  const waiting = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested',
    buckets: QUEUE_BUCKETS,
    ...shared,
  });
  const working = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    buckets: QUEUE_BUCKETS,
    ...shared,
  });
  new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue by workqueue and priority',
    labelNames: ['name', 'controller', 'priority'],
    registers: [registry],
    collect() {
      for (const queue of watched) {
        for (const lane of QUEUE_LANES) this.set({ ...labels(queue.name), priority: lane }, queue.depth(lane));
      }
    },
  });
  new Gauge({
    name: 'workqueue_unfinished_work_seconds',
    help: 'How many seconds of work has been done that is in progress and has not been observed by work_duration.',
    ...shared,
    collect() {
      for (const queue of watched) this.set(labels(queue.name), sum(queue.unfinishedSeconds()));
    },
  });
  new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'How many seconds has the longest running processor for workqueue been running.',
    ...shared,
    collect() {
      for (const queue of watched) this.set(labels(queue.name), Math.max(0, ...queue.unfinishedSeconds()));
    },
  });
  return {
    watch: (queue: WorkQueue): void => {
      watched.push(queue);
    },
    counters: {
      added: (name: string): void => adds.inc(labels(name)),
      retried: (name: string): void => retries.inc(labels(name)),
      waited: (name: string, seconds: number): void => waiting.observe(labels(name), seconds),
      worked: (name: string, seconds: number): void => working.observe(labels(name), seconds),
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
