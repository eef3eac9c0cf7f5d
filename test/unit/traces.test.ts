import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RegionSwitch } from '../../src/api/region-switch.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { createMetrics } from '../../src/report/metrics.ts';
import type { EndedSpan } from '../../src/report/span.ts';
import { switchSpans } from '../../src/report/switch-spans.ts';
import { createReconcileTracer, createSwitchTracer } from '../../src/report/traces.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { HUB } from '../simulation/catalogue.ts';
import { World } from '../simulation/world.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** The real loops of a hub and three regions, of which one is lost and comes back; and the program itself, on and off. */

/** The clocks of simulated machines differ by minutes: to this one nothing is long ago. */
const AT_THE_BEGINNING: Clock = {
  now: () => ({ monoMs: 0, wallMs: 0 }),
  setTimer: () => ({ cancel: () => undefined }),
};

describe('a hub that loses a region', () => {
  const spans: EndedSpan[] = [];
  const reconciles: EndedSpan[] = [];
  let records: readonly RegionSwitch[];
  /** The same while the region is away, and what was told by then. */
  let amid: readonly RegionSwitch[];
  let early: readonly string[];

  beforeAll(async () => {
    const tracer = createReconcileTracer(new SeededRandom(1), (span) => reconciles.push(span));
    const world = new World({
      seed: 7,
      candidates: 1,
      meters: {
        hub: {
          metrics: { ...createMetrics().controllers, tracer },
          traceSwitches: createSwitchTracer(AT_THE_BEGINNING, (told) => spans.push(...told)),
        },
        lease: { renewed: () => undefined },
        onHub: () => undefined,
      },
    });
    const switches = () => world.kind(HUB, RESOURCES.regionSwitch).list();
    await world.time.run(90_000);
    world.network.isolate('east', [HUB, 'west', 'north']);
    await world.time.run(world.time.nowMs + 40_000);
    amid = switches();
    early = spans.map(({ name }) => name);
    world.network.rejoin('east', [HUB, 'west', 'north']);
    await world.time.run(world.time.nowMs + 180_000);
    records = switches();
  }, 120_000);

  it('says in the record of the failover which trace will tell of it, before there is one', () => {
    expect(amid).toMatchObject([{ spec: { type: 'Failover' }, status: { traceID: expect.any(String) } }]);
    expect(amid[0]?.status?.endTime).toBeUndefined();
    const ids = [...amid, ...records].map(({ metadata, status }) => [
      metadata.uid?.replaceAll('-', ''),
      status?.traceID,
    ]);
    for (const [uid, traceID] of ids) expect(traceID).toBe(uid);
  });

  it('tells of the steps of a failover while the region is away still', () => {
    expect(early).toEqual(['RecordIntent', 'Fence', 'Promote', 'Verify', 'MoveTraffic']);
  });

  it('tells of all of each switch once, by what its record says', () => {
    const ended = records.filter(({ status }) => status?.endTime !== undefined);
    expect(ended.map(({ spec }) => spec.type)).toContain('Failover');
    expect(spans).toEqual(expect.arrayContaining(ended.flatMap((one) => [...switchSpans(one)])));
    expect(spans).toHaveLength(ended.flatMap(switchSpans).length);
    const failover = spans.filter(({ traceId }) => traceId === amid[0]?.status?.traceID).map(({ name }) => name);
    expect(failover).toEqual(['RecordIntent', 'Fence', 'Promote', 'Verify', 'MoveTraffic', 'Failover', 'Protect']);
  });

  it('tells of every reconcile of its controllers', () => {
    const names = new Set(reconciles.map(({ attributes }) => attributes['controller']));
    expect([...names].sort()).toEqual(
      expect.arrayContaining(['iu-group', 'orders-east', 'orders-north', 'orders-west']),
    );
    expect(new Set(reconciles.map(({ traceId }) => traceId)).size).toBe(reconciles.length);
  });
});

/** Writes each package of OpenTelemetry that is loaded, required ones too. */
const HOOK = `
import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({
  load(url, context, next) {
    const name = /@opentelemetry\\/([^/]+)/.exec(url)?.[1];
    if (name) writeSync(2, 'loaded ' + name + '\\n');
    return next(url, context);
  },
});`;

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'switchback-traces-'));
  const kubeconfig = join(folder, 'kubeconfig');
  beforeAll(() => {
    const cluster = { name: 'c', cluster: { server: 'http://127.0.0.1:9' } };
    const context = { name: 'c', context: { cluster: 'c', user: 'u' } };
    const config = { clusters: [cluster], contexts: [context], users: [{ name: 'u', user: { token: 't' } }] };
    writeFileSync(kubeconfig, JSON.stringify({ ...config, 'current-context': 'c' }));
    return () => rmSync(folder, { recursive: true });
  });

  /** Starts the hub, ends it when it has started, and returns which packages of OpenTelemetry it has loaded. */
  async function loadedBy(
    env: Readonly<Record<string, string>>,
  ): Promise<{ loaded: readonly string[]; code: unknown }> {
    const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
    const child = spawn(process.execPath, ['--import', hook, join(import.meta.dirname, '../../src/main.ts'), 'hub'], {
      env: {
        KUBECONFIG: kubeconfig,
        SWITCHBACK_PORT: '0',
        SWITCHBACK_HOST: '127.0.0.1',
        SWITCHBACK_LOG_LEVEL: 'debug',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => {
      out += text;
      // Its loops have begun: from then on it ends in order.
      if (out.includes('Election failed')) child.kill('SIGTERM');
    });
    child.stderr.on('data', (text) => (err += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(out, err).toContain('Election failed');
    return { loaded: [...new Set([...err.matchAll(/^loaded (\S+)$/gm)].map(([, name = '']) => name))].sort(), code };
  }

  it('loads nothing of OpenTelemetry while nobody asks for traces, but what prom-client takes with it', async () => {
    expect(await loadedBy({ OTEL_SERVICE_NAME: 'mine' })).toEqual({ loaded: ['api'], code: 0 });
  }, 60_000);

  it('loads it when a collector is named, and ends though that is not there', async () => {
    const { code, loaded } = await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    expect(loaded).toEqual(expect.arrayContaining(['exporter-trace-otlp-http', 'resources', 'sdk-trace']));
    expect(code).toBe(0);
  }, 60_000);
});
