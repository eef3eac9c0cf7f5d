import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { aGroup, anInstance, aSwitch } from '../../test/support/objects.ts';
import { picture, series } from '../../test/support/series.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { HoldStatus, ServiceInstance } from '../api/service-instance.ts';
import type { HubPicture } from './hub-picture.ts';
import { createSwitchMetrics } from './switch-metrics.ts';

const at = (second: number): string => new Date(second * 1000).toISOString();
const withStatus = (one: RegionSwitch, status: Omit<NonNullable<RegionSwitch['status']>, 'observedGeneration'>) => ({
  ...one,
  status: { observedGeneration: 1, ...status },
});

async function shown(seen: Partial<HubPicture>): Promise<readonly string[]> {
  const registry = new Registry();
  createSwitchMetrics(registry, () => picture({ groups: [aGroup('americas', ['east', 'west'])], ...seen }));
  const lines = await series(registry);
  return lines.filter((line) => !line.startsWith('switchback_approvals_waiting') || !line.endsWith(' 0'));
}

const open = withStatus(aSwitch('one'), {
  startTime: at(100),
  steps: [{ name: 'Verify', state: 'Running', done: 3, total: 4 }],
});
const OPEN = 'iu_group="americas",type="Evacuate",region="east",region_switch="one"';

it('a switch under way says since when, how far each step is, and what is left', async () => {
  expect(await shown({ switches: [open] })).toEqual([
    `switchback_switch_start_timestamp_seconds{${OPEN}} 100`,
    `switchback_switch_services_left{${OPEN}} 1`,
    `switchback_switch_step_done_ratio{${OPEN},step="Verify"} 0.75`,
  ]);
});

it('of the switches of one kind that have moved all, the newest one says how long it took and what it lost', async () => {
  const moved = { name: 'ns/a', from: 'east', to: 'west', epoch: 2, decidedTime: at(100) };
  const ended = (name: string, start: number, seconds: number) =>
    withStatus(aSwitch(name), {
      startTime: at(start),
      endTime: at(start + 60),
      slowestRecoveryMilliseconds: seconds * 1000,
      services: [
        { ...moved, dataLagSeconds: 2, dataLossObjectiveSeconds: 4 },
        { ...moved, name: 'ns/b', dataLagSeconds: 5 },
      ],
      approval: { requestedTime: at(start), grantedTime: at(start + 7), waitedSeconds: 7 },
    });
  const LAST = 'iu_group="americas",type="Evacuate",region="east"';
  expect(await shown({ switches: [ended('new', 500, 21.5), ended('old', 100, 99)] })).toEqual([
    `switchback_last_switch_timestamp_seconds{${LAST}} 500`,
    `switchback_last_switch_recovery_seconds{${LAST}} 21.5`,
    `switchback_last_switch_data_loss_seconds{${LAST}} 5`,
    `switchback_last_switch_data_loss_objective_ratio{${LAST}} 0.5`,
    `switchback_last_switch_human_wait_seconds{${LAST}} 7`,
  ]);
});

it('freezes, dry runs and plans move nothing, so nothing is measured of them', async () => {
  const status = { startTime: at(100), steps: [] };
  const switches = [
    withStatus(aSwitch('freeze', { type: 'Freeze', expiresAt: '2027-01-01T00:00:00Z' }), status),
    withStatus(aSwitch('dry', { dryRun: true }), status),
    withStatus(aSwitch('plan', { type: 'Drill', drill: { kind: 'Plan' } }), status),
  ];
  expect(await shown({ switches })).toEqual([]);
});

it('what waits for a yes is counted, with the oldest time: services and switches apart, and others not', async () => {
  const held = (name: string, reason: HoldStatus['reason'], since: number): ServiceInstance => ({
    ...anInstance(name),
    status: {
      observedGeneration: 1,
      hold: { wanted: 'FailedOver', reason, message: '' },
      conditions: [{ type: 'Held', status: 'True', reason, message: '', lastTransitionTime: at(since) }],
    },
  });
  const services = [
    held('a', 'ApprovalRequired', 300),
    held('b', 'ReadyToSwitchBack', 200),
    held('c', 'CoolingDown', 100),
  ];
  const waits = withStatus(aSwitch('waits'), { approval: { requestedTime: at(400) } });
  const given = withStatus(aSwitch('given'), { approval: { requestedTime: at(50), grantedTime: at(60) } });
  expect(await shown({ services, switches: [waits, given] })).toEqual([
    'switchback_approvals_waiting{iu_group="americas",kind="ServiceInstance"} 2',
    'switchback_approvals_waiting{iu_group="americas",kind="RegionSwitch"} 1',
    'switchback_approval_requested_timestamp_seconds{iu_group="americas",kind="ServiceInstance"} 200',
    'switchback_approval_requested_timestamp_seconds{iu_group="americas",kind="RegionSwitch"} 400',
  ]);
});
