import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { type Brakes, createBrakeMetrics } from './brake-metrics.ts';

it('brakes that are on are counted when they are asked for, and gone when they are off', async () => {
  const nowMs = Date.UTC(2026, 0, 1);
  const held = { wanted: 'SwitchedBack', reason: 'NotStableYet' } as const;
  let brakes: Brakes = {
    holds: [held, held, { wanted: 'FailedOver', reason: 'Frozen' }],
    freezes: [{ name: 'big-day', group: 'americas', until: '2026-01-01T01:00:00Z' }],
    nowMs,
  };
  const registry = new Registry();
  createBrakeMetrics(registry, () => brakes);
  const lines = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('switchback_'));
  expect(await lines()).toEqual([
    'switchback_holds{reason="NotStableYet",wanted="SwitchedBack"} 2',
    'switchback_holds{reason="Frozen",wanted="FailedOver"} 1',
    'switchback_freezes{iu_group="americas"} 1',
    'switchback_freeze_remaining_seconds{iu_group="americas",name="big-day"} 3600',
  ]);
  brakes = { holds: [], freezes: [], nowMs };
  expect(await lines()).toEqual([]);
});
