/**
 * How long the hub takes to plan everything anew: cohorts of all tenants, the layout of every instance in every region,
 * the capacity of the regions. Prints one JSON object.
 *
 *   node hack/bench/planner.ts [TENANTS] [RUNS]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { iuGroup } from '../../src/api/iu-group.ts';
import { serviceClass } from '../../src/api/service-class.ts';
import { type Tenant, tenant } from '../../src/api/tenant.ts';
import { type CohortInput, computeCohorts } from '../../src/decide/cohort.ts';
import { placeInstance } from '../../src/decide/placement.ts';
import { computeCapacity, type PlacedService } from '../../src/decide/region-capacity.ts';

const CATALOGUE = join(import.meta.dirname, '../../charts/switchback/catalogue/today');
const GROUPS = 4;
const TIERS = ['Advanced', 'AdvancedAgents', 'CrossRegionVoice', 'Global'] as const;
const manifest = z.object({ metadata: z.object({ name: z.string() }), spec: serviceClass.spec });

const regionOf = (group: number, index: number) => `region-${group}-${index}`;

function buildGroup(index: number) {
  const infrastructureUnits = [0, 1, 2].map((i) => ({
    name: `iu-${i}`,
    region: regionOf(index, i),
    geography: 'US',
    country: 'US',
    zones: ['a', 'b', 'c'].slice(0, 2 + (i % 2)),
    credentials: { secretName: `iu-${i}` },
    capacity: { instances: 100_000 },
  }));
  return { metadata: { name: `group-${index}` }, spec: iuGroup.spec.parse({ infrastructureUnits }) };
}

/** Tenants of all tiers over all regions; every tenth limits its countries, every `dedicatedEvery`th is alone. */
function buildTenant(index: number, dedicatedEvery: number): Pick<Tenant, 'metadata' | 'spec'> {
  const group = index % GROUPS;
  const tier = TIERS[(index >> 2) % TIERS.length] ?? 'Advanced';
  const home = (index >> 4) % 3;
  const others = [regionOf(group, (home + 1) % 3), regionOf(group, (home + 2) % 3)];
  const spec = tenant.spec.parse({
    iuGroupRef: { name: `group-${group}` },
    primaryRegion: regionOf(group, home),
    secondaryRegions: others.slice(0, { Advanced: 0, AdvancedAgents: 1, CrossRegionVoice: 1, Global: 2 }[tier]),
    tier,
    agents: 20 + (index % 500),
    isolation: index % dedicatedEvery === 0 ? 'Dedicated' : 'Shared',
    ...(index % 10 === 0 && { residency: { countries: ['US', 'CA'] } }),
  });
  return { metadata: { name: `tenant-${index}`, namespace: `customer-${index % 100}` }, spec };
}

function buildWorld(tenants: number, dedicatedEvery: number): CohortInput {
  const classes = readdirSync(CATALOGUE).map((file) =>
    manifest.parse(parse(readFileSync(join(CATALOGUE, file), 'utf8'))),
  );
  return {
    groups: Array.from({ length: GROUPS }, (_, i) => buildGroup(i)),
    classes,
    tenants: Array.from({ length: tenants }, (_, i) => buildTenant(i, dedicatedEvery)),
  };
}

function planAll(world: CohortInput) {
  const start = performance.now();
  const { instances } = computeCohorts(world);
  const cohortsMs = performance.now() - start;
  const groups = new Map(world.groups.map((group) => [group.metadata.name, group]));
  const classes = new Map(world.classes.map((c) => [c.metadata.name, c]));
  const placed = new Map<string, PlacedService[]>([...groups.keys()].map((name) => [name, []]));
  for (const instance of instances) {
    const group = groups.get(instance.spec.iuGroupRef.name);
    const serviceClass = classes.get(instance.spec.serviceClassRef.name);
    const placement = group && serviceClass && placeInstance(instance, serviceClass, group);
    if (!placement?.ok) throw new Error(`${instance.metadata.name} was refused: ${placement?.message}`);
    placed.get(instance.spec.iuGroupRef.name)?.push({ placement, activeRegion: instance.spec.primaryRegion });
  }
  for (const [name, group] of groups) computeCapacity(placed.get(name) ?? [], group);
  return { instances: instances.length, cohortsMs, totalMs: performance.now() - start };
}

const median = (values: number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1] ?? 0;
const round = (ms: number): number => Math.round(ms * 10) / 10;

function measure(tenants: number, runs: number, dedicatedEvery: number) {
  const world = buildWorld(tenants, dedicatedEvery);
  const results = Array.from({ length: runs }, () => planAll(world));
  return {
    instances: results[0]?.instances ?? 0,
    firstMs: round(results[0]?.totalMs ?? 0),
    medianMs: round(median(results.map(({ totalMs }) => totalMs))),
    cohortsMedianMs: round(median(results.map(({ cohortsMs }) => cohortsMs))),
  };
}

const [tenants = 10_000, runs = 5] = process.argv.slice(2).map(Number);
const report = {
  tenants,
  classes: buildWorld(0, 1).classes.length,
  runs,
  shared: measure(tenants, runs, Number.POSITIVE_INFINITY),
  oneInHundredDedicated: measure(tenants, runs, 100),
  allDedicated: measure(tenants, runs, 1),
};
console.log(JSON.stringify(report, null, 2));
