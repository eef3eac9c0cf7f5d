import type { RegionalService } from '../../src/api/regional-service.ts';
import type { Picture } from './picture.ts';
import { conditionOf, type DemoService, epochOf, isTrue, listServices } from './services.ts';

export interface DemoRegion {
  readonly name: string;
  readonly zones: readonly string[];
}

/** Instances that are ready, of those that are planned. */
export interface Count {
  readonly ready: number;
  readonly planned: number;
}

/** One service, or several in sum, in one region. */
export interface Cell {
  /** What the region says that it is; `?` when the region does not answer; empty: it has no place there. */
  readonly phase: string;
  /** In the order of the region's zones; empty when nothing is known, or nothing is to run. */
  readonly zones: readonly Count[];
}

export interface Row {
  readonly key: string;
  readonly title: string;
  readonly mode: string;
  /** Empty for a sum. */
  readonly epoch: string;
  readonly state: 'Ready' | 'NotReady' | 'Held';
  /** Why it is not ready. */
  readonly note: string;
  readonly cells: readonly Cell[];
}

/** More than these are no longer worth a row each: their sum says enough. */
const MAX_TROUBLED = 5;

const NO_PLACE: Cell = { phase: '', zones: [] };

/**
 * What the table shows: a row for each service with a place in several regions, a row for all others of each region in
 * sum, and, as long as they are few, one for each of those others that is not ready.
 */
export function buildRows(picture: Picture, regions: readonly DemoRegion[]): readonly Row[] {
  const services = listServices(picture);
  const wide = services.filter(({ isCrossRegion }) => isCrossRegion);
  const local = services.filter(({ isCrossRegion }) => !isCrossRegion);
  const sums = regions.map(({ name }) => {
    const those = local.filter(({ instance }) => instance.spec.primaryRegion === name);
    return sumRow(picture, regions, name, those);
  });
  const troubled = local.filter((service) => !isTrue(service.instance, 'Ready'));
  return [
    ...wide.map((service) => rowOf(picture, regions, service)),
    ...sums,
    ...(troubled.length > MAX_TROUBLED ? [] : troubled).map((service) => rowOf(picture, regions, service)),
  ];
}

function rowOf(picture: Picture, regions: readonly DemoRegion[], service: DemoService): Row {
  const ready = conditionOf(service.instance, 'Ready');
  // While it is served, that it may not go home yet is no trouble.
  const held = isTrue(service.instance, 'Available') ? undefined : conditionOf(service.instance, 'Held');
  return {
    key: service.key,
    title: service.name,
    mode: service.mode === 'None' ? '' : service.mode,
    epoch: epochOf(service) === 0 ? '' : String(epochOf(service)),
    state: ready?.status === 'True' ? 'Ready' : held ? 'Held' : 'NotReady',
    note: ready?.status === 'True' ? '' : (held?.reason ?? ready?.reason ?? ''),
    cells: regions.map((region) => cellOf(picture, region, service)),
  };
}

function cellOf(picture: Picture, { name, zones }: DemoRegion, { instance, key }: DemoService): Cell {
  const placement = instance.status?.placements?.find(({ region }) => region === name);
  if (!placement) return NO_PLACE;
  if (placement.phase === 'Unknown') return { phase: '?', zones: [] };
  const order = picture.orders.get(name)?.store.get(key);
  const runs = placement.phase === 'Active' || placement.phase === 'Starting' || placement.phase === 'Fencing';
  return { phase: placement.phase, zones: runs && order ? zones.map((zone) => countIn(order, zone)) : [] };
}

function countIn({ spec, status }: RegionalService, zone: string): Count {
  const planned = spec.components.flatMap((component) => component.zones.filter((entry) => entry.zone === zone));
  const ready =
    status?.components?.flatMap((component) => component.zones.filter((entry) => entry.zone === zone)) ?? [];
  return {
    planned: planned.reduce((sum, { instances }) => sum + instances, 0),
    ready: ready.reduce((sum, entry) => sum + entry.ready, 0),
  };
}

function sumRow(
  picture: Picture,
  regions: readonly DemoRegion[],
  region: string,
  services: readonly DemoService[],
): Row {
  const ready = services.filter(({ instance }) => isTrue(instance, 'Ready')).length;
  return {
    key: `only-in/${region}`,
    title: `${services.length} services of ${region} alone`,
    mode: '',
    epoch: '',
    state: ready === services.length ? 'Ready' : 'NotReady',
    note: `${ready} of ${services.length} ready`,
    cells: regions.map((each) => (each.name === region ? sumCell(picture, each, services) : NO_PLACE)),
  };
}

function sumCell(picture: Picture, region: DemoRegion, services: readonly DemoService[]): Cell {
  const cells = services.map((service) => cellOf(picture, region, service));
  const known = cells.filter(({ zones }) => zones.length > 0);
  if (cells.some(({ phase }) => phase === '?')) return { phase: '?', zones: [] };
  const zones = region.zones.map((_, index) => ({
    ready: known.reduce((sum, cell) => sum + (cell.zones[index]?.ready ?? 0), 0),
    planned: known.reduce((sum, cell) => sum + (cell.zones[index]?.planned ?? 0), 0),
  }));
  return { phase: known.length === 0 ? '' : 'Active', zones: known.length === 0 ? [] : zones };
}
