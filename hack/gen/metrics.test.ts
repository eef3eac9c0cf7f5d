import { describe, expect, it } from 'vitest';
import { series } from '../../test/support/series.ts';
import { listMetrics, registryOfAgent, registryOfHub } from './metric-catalogue.ts';

/** What controller-runtime and client-go register, and dashboards for them ask for. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  controller_runtime_reconcile_total: ['controller', 'result'],
  controller_runtime_reconcile_errors_total: ['controller'],
  controller_runtime_terminal_reconcile_errors_total: ['controller'],
  controller_runtime_reconcile_panics_total: ['controller'],
  controller_runtime_reconcile_time_seconds: ['controller'],
  controller_runtime_max_concurrent_reconciles: ['controller'],
  controller_runtime_active_workers: ['controller'],
  workqueue_depth: ['name', 'controller', 'priority'],
  workqueue_adds_total: ['name', 'controller'],
  workqueue_retries_total: ['name', 'controller'],
  workqueue_queue_duration_seconds: ['name', 'controller'],
  workqueue_work_duration_seconds: ['name', 'controller'],
  workqueue_unfinished_work_seconds: ['name', 'controller'],
  workqueue_longest_running_processor_seconds: ['name', 'controller'],
  leader_election_master_status: ['name'],
  rest_client_requests_total: ['code', 'method', 'host'],
  rest_client_request_duration_seconds: ['verb', 'host'],
};
/** Labels that Prometheus gives to what it scrapes: one of ours would be renamed. */
const TAKEN = ['namespace', 'pod', 'service', 'instance', 'job', 'endpoint', 'container', 'cluster'];
/** Never bounded. */
const UNBOUNDED = ['message', 'epoch', 'time', 'uid'];

describe('metrics', () => {
  it('of the kernel have the names and labels of controller-runtime and client-go, and there are no others', () => {
    const kernel = listMetrics().filter(({ name }) => !name.startsWith('switchback_'));
    expect(Object.fromEntries(kernel.map(({ labels, name }) => [name, labels]))).toEqual(EXPECTED);
    for (const { roles } of kernel) expect(roles).toEqual(['hub', 'agent']);
  });

  it('of the domain have our prefix, a unit or a plain noun, a sentence, and labels that nobody takes', () => {
    for (const { help, labels, name, type } of listMetrics()) {
      expect(help, name).toMatch(/\S/);
      if (!name.startsWith('switchback_')) continue;
      expect(name).toMatch(/^switchback(_[a-z]+)+$/);
      expect(name.endsWith('_total'), `${name} is a ${type}`).toBe(type === 'counter');
      for (const label of [...TAKEN, ...UNBOUNDED]) expect(labels, name).not.toContain(label);
    }
  });

  it.each([
    ['hub', registryOfHub],
    ['agent', registryOfAgent],
  ])('of a %s that has nothing to say are exposed all the same', async (role, registryOf) => {
    expect(await series(registryOf())).toContainEqual(expect.stringContaining(`switchback_build_info{role="${role}"`));
  });
});
