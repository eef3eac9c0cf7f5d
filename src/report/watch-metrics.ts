import { Counter, type Registry } from 'prom-client';
import type { Watched } from '../observe/watched.ts';
import { flag, registerGauges } from './gauges.ts';

/** How fresh the caches are. A watch that is dead without a word is found by its silence alone. */
export function createWatchMetrics(registry: Registry, watches: () => readonly Watched[]): void {
  // Not `cluster`: who keeps several clusters in one Prometheus has that already.
  const labels = ['source', 'kind'];
  registerGauges(registry, watches, [
    {
      name: 'switchback_watch_synced',
      help: 'Whether the cache of a kind holds a complete list: 1 if so.',
      labels,
      samples: (all) =>
        all.map(({ cluster, isSynced, kind }) => ({ labels: { source: cluster, kind }, value: flag(isSynced) })),
    },
    {
      name: 'switchback_watch_last_contact_timestamp_seconds',
      help: 'When the API server of a cluster last said something of a kind.',
      labels,
      samples: (all) =>
        all.flatMap(({ cluster, kind, lastContactMs: ms }) =>
          ms === undefined ? [] : [{ labels: { source: cluster, kind }, value: ms / 1000 }],
        ),
    },
  ]);
  const counter = (name: string, help: string, read: (watched: Watched) => number): void => {
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        for (const watched of watches()) {
          const { cluster, kind } = watched;
          this.inc({ source: cluster, kind }, read(watched));
        }
      },
    });
  };
  counter('switchback_watch_failures_total', 'Lists and watches of a kind that failed.', ({ failures }) => failures);
  counter('switchback_watch_lists_total', 'Lists of a kind: each of them is a whole collection.', ({ lists }) => lists);
}
