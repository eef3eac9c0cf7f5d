import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TransitPath, TransitProbe } from '../api/transit-centre.ts';
import type { LinkState } from '../api/transit-link.ts';

const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32];

interface Link {
  readonly centre: string;
  readonly path: TransitPath;
}

/**
 * What an agent sees of the transit centres. The labels are bounded: 32 centres, two paths, and closed lists; series of
 * centres that are asked no more go with `forget`.
 */
export function createProbeMetrics(registry: Registry) {
  const registers = [registry];
  const duration = new Histogram({
    name: 'switchback_transit_probe_duration_seconds',
    help: 'How long a question to a transit centre took until it was answered, failed or was given up.',
    labelNames: ['centre', 'path', 'type'],
    buckets: BUCKETS,
    registers,
  });
  const results = new Counter({
    name: 'switchback_transit_probe_results_total',
    help: 'Questions to transit centres by what came of them: Answered, or why not.',
    labelNames: ['centre', 'path', 'type', 'result'],
    registers,
  });
  const states = new Gauge({
    name: 'switchback_transit_link_state',
    help: 'What the link between this region and a transit centre is: 1 for its present state.',
    labelNames: ['centre', 'path', 'state'],
    registers,
  });
  const losses = new Gauge({
    name: 'switchback_transit_link_loss_ratio',
    help: 'Share of the last 20 questions that were not answered, of the probe that loses most.',
    labelNames: ['centre', 'path'],
    registers,
  });
  const present = new Map<string, LinkState>();
  return {
    asked(
      probe: Link & { readonly type: TransitProbe['type'] },
      outcome: { readonly result: string; readonly why?: string },
      seconds: number,
    ): void {
      const { centre, path, type } = probe;
      duration.observe({ centre, path, type }, seconds);
      results.inc({ centre, path, type, result: outcome.why ?? outcome.result });
    },
    link({ centre, path }: Link, state: LinkState | undefined, loss: number): void {
      losses.set({ centre, path }, loss);
      const key = `${centre}/${path}`;
      const before = present.get(key);
      if (before === state || state === undefined) return;
      if (before !== undefined) states.remove({ centre, path, state: before });
      present.set(key, state);
      states.set({ centre, path, state }, 1);
    },
    forget(): void {
      present.clear();
      for (const metric of [duration, results, states, losses]) metric.reset();
    },
  };
}
