import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createProbeMetrics } from './probe-metrics.ts';

it('a link has one state at a time, questions are counted by what came of them, and all goes when nobody asks', async () => {
  const registry = new Registry();
  const metrics = createProbeMetrics(registry);
  const lines = async (): Promise<string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('switchback_') && !line.includes('_bucket{') && !line.includes('_sum{'));
  const link = { centre: 'ash', path: 'Voice' } as const;
  const probe = { ...link, type: 'SipOptions' } as const;
  metrics.asked(probe, { result: 'Answered' }, 0.02);
  metrics.asked(probe, { result: 'Unanswered', why: 'Timeout' }, 5);
  metrics.link(link, undefined, 0);
  metrics.link(link, 'Up', 0);
  metrics.link(link, 'Partial', 0.1);
  metrics.link(link, 'Partial', 0.15);
  metrics.link(link, undefined, 0.2);
  expect(await lines()).toEqual([
    'switchback_transit_probe_duration_seconds_count{centre="ash",path="Voice",type="SipOptions"} 2',
    'switchback_transit_probe_results_total{centre="ash",path="Voice",type="SipOptions",result="Answered"} 1',
    'switchback_transit_probe_results_total{centre="ash",path="Voice",type="SipOptions",result="Timeout"} 1',
    'switchback_transit_link_state{centre="ash",path="Voice",state="Partial"} 1',
    'switchback_transit_link_loss_ratio{centre="ash",path="Voice"} 0.2',
  ]);
  metrics.forget();
  expect(await lines()).toEqual([]);
  metrics.link(link, 'Partial', 0);
  expect(await lines()).toContain('switchback_transit_link_state{centre="ash",path="Voice",state="Partial"} 1');
});
