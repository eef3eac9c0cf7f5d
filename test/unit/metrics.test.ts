import { Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Hub } from '../../src/hub/hub.ts';
import { createAgentMetrics, createHubMetrics } from '../../src/report/role-metrics.ts';
import { HUB, INDEPENDENT, REGIONS } from '../simulation/catalogue.ts';
import { World } from '../simulation/world.ts';
import { series } from '../support/series.ts';

/** The real loops of a hub and three regions, scraped before, during and after the loss of a region. */
const registry = new Registry();
const agents = new Registry();
let calm: Readings;
let amid: Readings;
let moved: Readings;

type Readings = (start: string) => Readonly<Record<string, number>>;

/** Values by labels, of all series that begin so. */
async function scrape(): Promise<Readings> {
  const lines = [...(await series(registry)), ...(await series(agents))];
  return (start) =>
    Object.fromEntries(
      lines
        .filter((line) => line.startsWith(start))
        .map((line) => [line.slice(line.indexOf('{') + 1, line.lastIndexOf('}')), Number(line.split(' ').at(-1))]),
    );
}

const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((x, y) => x + y, 0);

beforeAll(async () => {
  let hub: Hub | undefined;
  const shown = createHubMetrics(
    registry,
    {
      picture: () => hub?.picture(),
      brakes: () => hub?.brakes() ?? { holds: [], freezes: [], nowMs: 0 },
      transit: () => hub?.transit() ?? [],
      records: () => hub?.records() ?? { sets: [], nowMs: 0 },
      watches: () => hub?.watches() ?? [],
    },
    { version: 'test', limits: { services: 100, tenants: 0 }, recoveryObjectiveSeconds: 60 },
  );
  const { lease } = createAgentMetrics(agents, () => [], { region: 'any', version: 'test' });
  const world = new World({
    seed: 7,
    candidates: 1,
    meters: {
      hub: shown,
      lease,
      onHub: (created) => {
        hub = created;
      },
    },
  });
  await world.time.run(90_000);
  calm = await scrape();
  world.network.isolate('east', [HUB, 'west', 'north']);
  await world.time.run(world.time.nowMs + 22_000);
  amid = await scrape();
  await world.time.run(world.time.nowMs + 60_000);
  moved = await scrape();
}, 120_000);

describe('while all is well', () => {
  it('every service is active in one region, and nothing was missed', () => {
    const active = calm('switchback_service_active{');
    for (const [name, [home]] of Object.entries(INDEPENDENT)) {
      const of = (region: string) => `service_instance="switchback-system/${name}",region="${region}"`;
      for (const region of REGIONS)
        expect(active[of(region)] ?? 0, `${name} in ${region}`).toBe(region === home ? 1 : 0);
    }
    expect(sum(calm('switchback_service_expected_seconds_total'))).toBeGreaterThan(100);
    expect(sum(calm('switchback_service_unavailable_seconds_total'))).toBe(0);
    expect(sum(calm('switchback_recoveries_total'))).toBe(0);
  });

  it('rights are renewed with most of the lease left', () => {
    const margin = sum(calm('switchback_lease_margin_ratio_sum'));
    const renewals = sum(calm('switchback_lease_margin_ratio_count'));
    expect(renewals).toBeGreaterThan(50);
    expect(margin / renewals).toBeGreaterThan(0.5);
    expect(sum(calm('switchback_lease_lapses_total'))).toBe(0);
  });

  it('every cache has heard something', () => {
    const synced = calm('switchback_watch_synced');
    expect(Object.keys(synced)).toHaveLength(6 + 4 * REGIONS.length);
    expect(Object.values(synced)).not.toContain(0);
  });
});

describe('when a region is lost', () => {
  it('what is away is missed from its last sign of life on, and the switch under way says what is left', () => {
    expect(sum(amid('switchback_service_unavailable_seconds_total'))).toBeGreaterThan(15);
    expect(sum(amid('switchback_switch_services_left'))).toBeGreaterThan(0);
    expect(Object.keys(amid('switchback_switch_start_timestamp_seconds')).join()).toContain('type="Failover"');
  });

  it('each service that moved is measured once, and no longer counts as away', () => {
    const fromEast = Object.values(INDEPENDENT).filter(([home]) => home === 'east').length;
    const failovers = 'switchback_recoveries_total{iu_group="planet",type="Failover"';
    expect(sum(moved(failovers))).toBe(fromEast);
    expect(sum(moved('switchback_recovery_seconds_count'))).toBe(fromEast);
    const slowest = sum(moved('switchback_last_switch_recovery_seconds{iu_group="planet",type="Failover"'));
    expect(slowest).toBeGreaterThan(10);
    expect(slowest).toBeLessThan(60);
    expect(sum(moved('switchback_services_away'))).toBe(fromEast);
    expect(sum(moved('switchback_switch_services_left'))).toBe(0);
    expect(Object.keys(moved('switchback_switch_step_duration_seconds_count')).join()).toContain('step="Fence"');
  });

  it('what was missed in all is what the services that moved were away', () => {
    const away = sum(moved('switchback_recovery_seconds_sum'));
    const missed = sum(moved('switchback_service_unavailable_seconds_total'));
    // It looks once a second, at each of them.
    const looks = sum(moved('switchback_recovery_seconds_count'));
    expect(Math.abs(missed - away)).toBeLessThanOrEqual(2 * looks);
  });

  it('the group is not protected, and says so', () => {
    expect(moved('switchback_group_condition')['iu_group="planet",type="Protected",status="false"']).toBe(1);
  });
});
