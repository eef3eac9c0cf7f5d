import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import type { RecordSet } from '../api/traffic.ts';
import { createTrafficMetrics, type WrittenRecords } from './traffic-metrics.ts';

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
const set = (more: Partial<RecordSet>): RecordSet => ({
  name: 'mail',
  revision: 1,
  generation: 1,
  state: 'Written',
  writtenTime: at(0),
  ...more,
});

it('tell how many record sets wait, for what, and how long the oldest has', async () => {
  const registry = new Registry();
  let records: WrittenRecords['sets'] = [];
  createTrafficMetrics(registry, () => ({ sets: records, nowMs: Date.parse(at(30)) }));
  const lines = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  records = [
    { group: 'americas', isWatched: true, set: set({ writtenTime: at(10) }) },
    { group: 'americas', isWatched: true, set: set({ writtenTime: at(20) }) },
    { group: 'americas', isWatched: true, set: set({ acceptedTime: at(25) }) },
    { group: 'americas', isWatched: true, set: set({ acceptedTime: at(1), seenTime: at(2) }) },
    { group: 'emea', isWatched: false, set: set({ acceptedTime: at(1) }) },
  ];
  expect(await lines()).toEqual([
    'switchback_record_sets_waiting{iu_group="americas",stage="accepted"} 2',
    'switchback_record_sets_waiting{iu_group="americas",stage="seen"} 1',
    'switchback_record_set_age_seconds{iu_group="americas",stage="accepted"} 20',
    'switchback_record_set_age_seconds{iu_group="americas",stage="seen"} 5',
  ]);
  records = [];
  expect(await lines()).toEqual([]);
});
