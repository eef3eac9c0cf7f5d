import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { aGroup } from '../../test/support/objects.ts';
import { picture, series } from '../../test/support/series.ts';
import type { IUGroup, WhatIf } from '../api/iu-group.ts';
import type { RegionCapacity } from '../decide/region-capacity.ts';
import { createGroupMetrics } from './group-metrics.ts';

const none = { services: 0, tenants: 0 };
const loss = (region: string, survives: boolean, to?: { region: string; instances: number }): WhatIf => ({
  region,
  survives,
  message: '',
  running: none,
  moving: none,
  destinations: to ? [{ ...none, ...to, fits: true, message: '' }] : [],
  continuing: none,
  stopping: { services: survives ? 0 : 4, tenants: 9 },
  reasons: [],
  outages: [],
  recovery: { detectionSeconds: 6, waitSeconds: 18, promotedWithinSeconds: 20 },
  dataLoss: 'None',
});
const capacity = (region: string, planned: number, limit?: number): RegionCapacity => ({
  region,
  planned,
  reserved: 5,
  fits: true,
  message: '',
  ...(limit === undefined ? {} : { capacity: limit }),
});

async function shown(group: IUGroup, regions: readonly RegionCapacity[]) {
  const registry = new Registry();
  const seen = picture({ groups: [group], capacities: new Map([['am', regions]]) });
  createGroupMetrics(registry, () => seen);
  return series(registry);
}

it('a group says for each region whether its loss is survived, and what room would be left elsewhere', async () => {
  const whatIf = [loss('east', true, { region: 'west', instances: 5 }), loss('west', false)];
  const group = { ...aGroup('am', ['east', 'west']), status: { observedGeneration: 1, whatIf } };
  expect(await shown(group, [capacity('east', 10), capacity('west', 7, 10)])).toEqual([
    'switchback_region_survives_loss{iu_group="am",region="east"} 1',
    'switchback_region_survives_loss{iu_group="am",region="west"} 0',
    'switchback_region_loss_stops_services{iu_group="am",region="east"} 0',
    'switchback_region_loss_stops_services{iu_group="am",region="west"} 4',
    'switchback_region_capacity_instances{iu_group="am",region="west"} 10',
    'switchback_region_planned_instances{iu_group="am",region="west"} 7',
    'switchback_region_reserved_instances{iu_group="am",region="west"} 5',
    'switchback_region_headroom_instances{iu_group="am",lost_region="east",region="west"} -2',
  ]);
});

it('conditions of a group are state sets, and what nobody has stated has no series', async () => {
  const stated = { status: 'False', reason: 'RegionLost', message: 'text', lastTransitionTime: '' } as const;
  const conditions = [
    { type: 'SurvivesRegionLoss' as const, ...stated },
    { type: 'Stalled' as const, ...stated },
  ];
  const group = { ...aGroup('am', ['east']), status: { observedGeneration: 1, conditions } };
  const of = 'switchback_group_condition{iu_group="am",type="SurvivesRegionLoss"';
  expect(await shown(group, [])).toEqual([
    `${of},status="true"} 0`,
    `${of},status="false"} 1`,
    `${of},status="unknown"} 0`,
  ]);
});
