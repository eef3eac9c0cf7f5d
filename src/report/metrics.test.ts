import { expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { TerminalError } from '../kube/errors.ts';
import { Controller } from '../runtime/controller.ts';
import { createMetrics } from './metrics.ts';

const lines = async (metrics: ReturnType<typeof createMetrics>) => (await metrics.expose()).text.split('\n');

test('a controller shows itself as one of controller-runtime', async () => {
  const metrics = createMetrics();
  const clock = new ManualClock();
  const controller = new Controller({
    name: 'placement',
    clock,
    concurrency: 4,
    metrics: metrics.controllers,
    reconcile: async (key) => {
      if (key === 'refused') throw new TerminalError('no');
      if (key === 'bug') throw new TypeError('undefined is not a function');
    },
  });
  controller.enqueue('waits', 'resync');
  expect(await lines(metrics)).toContain(
    'workqueue_depth{name="placement",controller="placement",priority="resync"} 1',
  );
  controller.start();
  controller.enqueue('refused');
  controller.enqueue('bug');
  await clock.advance(1);
  await controller.stop();
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'controller_runtime_max_concurrent_reconciles{controller="placement"} 4',
      'controller_runtime_active_workers{controller="placement"} 0',
      'controller_runtime_reconcile_total{controller="placement",result="success"} 1',
      'controller_runtime_reconcile_total{controller="placement",result="error"} 2',
      'controller_runtime_reconcile_errors_total{controller="placement"} 2',
      'controller_runtime_terminal_reconcile_errors_total{controller="placement"} 1',
      'controller_runtime_reconcile_panics_total{controller="placement"} 1',
      'controller_runtime_reconcile_time_seconds_count{controller="placement"} 3',
      'workqueue_adds_total{name="placement",controller="placement"} 3',
      'workqueue_retries_total{name="placement",controller="placement"} 2',
      'workqueue_unfinished_work_seconds{name="placement",controller="placement"} 0',
      'workqueue_work_duration_seconds_bucket{le="1e-8",name="placement",controller="placement"} 3',
    ]),
  );
});

test('requests are counted by code, method and host; those without an answer as an error', async () => {
  const metrics = createMetrics();
  const observation = { cluster: 'hub', host: 'api:6443', verb: 'GET', code: 200, ms: 20 };
  metrics.onRequest(observation);
  metrics.onRequest({ ...observation, verb: 'WATCH', code: 0 });
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'rest_client_requests_total{code="200",method="GET",host="api:6443"} 1',
      'rest_client_requests_total{code="<error>",method="GET",host="api:6443"} 1',
      'rest_client_request_duration_seconds_bucket{le="0.025",verb="GET",host="api:6443"} 1',
    ]),
  );
});

test('tells who leads, and what the process needs', async () => {
  const metrics = createMetrics();
  metrics.setLeading('hub', true);
  const text = (await metrics.expose()).text;
  expect(text).toContain('leader_election_master_status{name="hub"} 1');
  expect(text).toContain('process_cpu_seconds_total');
  expect(text).toContain('process_resident_memory_bytes');
});

test('tells what each region was found to be, by its present state and reason alone', async () => {
  const metrics = createMetrics();
  metrics.setRegion('east', 'Healthy', 'RegionHealthy');
  metrics.setRegion('west', 'Healthy', 'RegionHealthy');
  metrics.setRegion('east', 'Lost', 'RegionLost');
  const regions = async () => (await lines(metrics)).filter((line) => line.startsWith('switchback_region_state'));
  expect(await regions()).toEqual([
    'switchback_region_state{region="west",state="Healthy",reason="RegionHealthy"} 1',
    'switchback_region_state{region="east",state="Lost",reason="RegionLost"} 1',
  ]);
  metrics.forgetRegions();
  expect(await regions()).toEqual([]);
});

test('a region that is gone is told of no more', async () => {
  const metrics = createMetrics();
  const shown = async () => (await lines(metrics)).filter((line) => line.startsWith('switchback_last_proved'));
  metrics.setProved('americas', 'east', 1_767_139_200);
  expect(await shown()).toEqual([
    'switchback_last_proved_timestamp_seconds{iu_group="americas",region="east"} 1767139200',
  ]);
  metrics.setProved('americas', 'east', undefined);
  expect(await shown()).toEqual([]);
});
