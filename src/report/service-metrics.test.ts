import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { anAssignment, anInstance, aTenant } from '../../test/support/objects.ts';
import { picture, series } from '../../test/support/series.ts';
import type { Condition } from '../api/conditions.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { HubPicture } from './hub-picture.ts';
import { createServiceMetrics } from './service-metrics.ts';
import { createTenantMetrics } from './tenant-metrics.ts';

const time = '2026-01-01T00:00:00Z';
const condition = (
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'] = 'AsDeclared',
) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: time,
});

function aService(name: string, active: string, conditions: readonly Condition[] = []): ServiceInstance {
  const assignment = anAssignment(`3 ${active}>`);
  const instance = anInstance(name, { primaryRegion: 'east', secondaryRegions: ['west'] });
  return { ...instance, status: { observedGeneration: 1, assignment, conditions: [...conditions] } };
}

function shown(seen: HubPicture | undefined, most: number) {
  const registry = new Registry();
  createServiceMetrics(registry, () => seen, most);
  return series(registry);
}

describe('services', () => {
  it('say where they are active, at which epoch, and what holds, as state sets', async () => {
    const mail = aService('mail', 'west', [condition('Protected', 'Unknown')]);
    const of = `service_instance="${mail.metadata.namespace}/mail"`;
    const group = `iu_group="${mail.spec.iuGroupRef.name}"`;
    const lines = await shown(picture({ services: [mail] }), 10);
    expect(lines).toEqual(
      expect.arrayContaining([
        `switchback_service_active{${of},region="east"} 0`,
        `switchback_service_active{${of},region="west"} 1`,
        `switchback_service_epoch{${of}} 3`,
        `switchback_service_condition{${of},type="Protected",status="true"} 0`,
        `switchback_service_condition{${of},type="Protected",status="false"} 0`,
        `switchback_service_condition{${of},type="Protected",status="unknown"} 1`,
        `switchback_active_services{${group},region="west"} 1`,
        `switchback_services_away{${group},primary_region="east"} 1`,
      ]),
    );
  });

  it('have series of their own as far as is asked for, the first ones by name, and sums in any case', async () => {
    const services = ['c', 'a', 'b'].map((name) => aService(name, 'east', [condition('RedundancyMet', 'False')]));
    const names = async (most: number): Promise<string[]> =>
      (await shown(picture({ services }), most))
        .filter((line) => line.startsWith('switchback_service_epoch'))
        .map((line) => /\/(\w+)"/.exec(line)?.[1] ?? '');
    expect(await names(0)).toEqual([]);
    expect(await names(2)).toEqual(['a', 'b']);
    expect((await names(3)).sort()).toEqual(['a', 'b', 'c']);
    const sums = (await shown(picture({ services }), 0)).filter((line) => line.includes('type="RedundancyMet"'));
    expect(sums.map((line) => line.replace(/^.*status/, 'status'))).toEqual([
      'status="true"} 0',
      'status="false"} 3',
      'status="unknown"} 0',
    ]);
  });

  it('that have one region only are not counted as unprotected', async () => {
    const services = [
      aService('alone', 'east', [condition('Protected', 'False', 'TierHasNoSecondary')]),
      aService('mail', 'east', [condition('Protected', 'False', 'StandbyNotConfirmed')]),
    ];
    const lines = await shown(picture({ services }), 0);
    expect(lines.filter((line) => line.includes('type="Protected",status="false"')).join()).toMatch(/ 1$/);
  });

  it('that a drill keeps out of a zone are not counted as without redundancy', async () => {
    const services = [
      aService('drilled', 'east', [condition('RedundancyMet', 'False', 'ZoneDrill')]),
      aService('mail', 'east', [condition('RedundancyMet', 'False', 'InstancesMissing')]),
    ];
    const lines = await shown(picture({ services }), 0);
    expect(lines.filter((line) => line.includes('type="RedundancyMet",status="false"')).join()).toMatch(/ 1$/);
  });

  it('show of their data the copy that is furthest behind, in parts of the objective where there is one', async () => {
    const lag = { group: 'am', serviceClass: 'mail', region: 'west' };
    const lags = [
      { ...lag, seconds: 4, objectiveSeconds: 2 },
      { ...lag, seconds: 1, objectiveSeconds: 2 },
      { ...lag, region: 'north', seconds: 9 },
      { ...lag, region: 'south', seconds: 3, objectiveSeconds: 0 },
    ];
    const lines = await shown(picture({ lags }), 0);
    expect(lines.filter((line) => line.includes('lag'))).toEqual([
      'switchback_data_lag_seconds{iu_group="am",service_class="mail",region="west"} 4',
      'switchback_data_lag_seconds{iu_group="am",service_class="mail",region="north"} 9',
      'switchback_data_lag_seconds{iu_group="am",service_class="mail",region="south"} 3',
      'switchback_data_lag_objective_ratio{iu_group="am",service_class="mail",region="west"} 2',
      'switchback_data_lag_objective_ratio{iu_group="am",service_class="mail",region="south"} 3',
    ]);
  });

  it('are not shown by a process that does not lead', async () => {
    expect(await shown(undefined, 10)).toEqual([]);
  });
});

describe('tenants', () => {
  it('are off by default, bounded when they are on, and what is left out is told', async () => {
    const tenants = ['ns/b', 'ns/a'].map((key) => aTenant(key));
    const of = async (limit: number): Promise<readonly string[]> => {
      const registry = new Registry();
      createTenantMetrics(registry, () => picture({ tenants }), { services: 0, tenants: limit });
      return (await series(registry)).filter((line) => !line.includes('of="services"'));
    };
    expect(await of(0)).toEqual(['switchback_series_left_out{of="tenants"} 0']);
    const lines = await of(1);
    expect(lines.filter((line) => line.startsWith('switchback_tenant_info'))).toEqual([
      expect.stringContaining('tenant="ns/a"'),
    ]);
    expect(lines).toContain('switchback_series_left_out{of="tenants"} 1');
  });
});
