import type { RegionalService } from '../../src/api/regional-service.ts';
import { keyOf } from '../../src/kube/object.ts';
import { some, until, untilSettled } from './expectations.ts';
import { type Step, seconds } from './journal.ts';
import { carriesCalls, conditionOf, type DemoService, listServices } from './services.ts';
import type { Stage } from './stage.ts';
import { longestMs } from './timeline.ts';

export interface ZoneLoss {
  readonly region: string;
  readonly zone: string;
  /** On the observer's clock. */
  readonly fromMs: number;
}

/** Generous: a node is missed after 8 s, what stood on it counts as stopped 2 s later, then the other slot is selected. */
const SLOT_LIMIT_MS = 40_000;

/** Cuts the power of a zone, and watches the region carry on without it. */
export async function loseZone(stage: Stage, step: Step, region: string, zone: string): Promise<ZoneLoss> {
  const loss = { region, zone, fromMs: stage.observer.nowMs };
  const affected = ordersIn(stage, region).filter((order) => isActive(order) && hasInstancesIn(order, zone));
  await stage.regions.region(region).zone(zone).lose();
  step.reached(`zone ${zone} has lost its power`);
  const unmet = (): readonly RegionalService[] => {
    const keys = new Set(affected.map(keyOf));
    return ordersIn(stage, region).filter((order) => keys.has(keyOf(order)) && !isRedundant(order));
  };
  await until('the loss to be noticed', () => unmet().length > 0);
  step.reached('the agent reports: redundancy not met');
  await until('A-B pairs to be served from the other zone', () =>
    ordersIn(stage, region).every((order) => servedFrom(order, zone) === 0),
  );
  step.reached(`A-B pairs are served from the other zone`);
  await until('every loss of redundancy to be reported', () => unmet().length === affected.length);
  step.expect('every service that stood in the zone is reported as not redundant', true, `${affected.length} services`);
  expectService(stage, step, loss);
  return loss;
}

/** What was served without a break, and how long the others rested. */
function expectService(stage: Stage, step: Step, loss: ZoneLoss): void {
  const here = listServices(stage.picture).filter(({ instance }) =>
    [instance.spec.primaryRegion, ...instance.spec.secondaryRegions].includes(loss.region),
  );
  const interrupted = (services: readonly DemoService[]): string[] =>
    services.filter((service) => restMs(stage, loss, service) > 0).map(({ name }) => name);
  const calls = interrupted(here.filter(carriesCalls));
  step.expect('calls are not affected', calls.length === 0, some(calls));
  const shared = interrupted(here.filter((service) => !hasActiveSide(service)));
  step.expect(
    'everything made of N+1 pools and A-A pairs is served without a break',
    shared.length === 0,
    some(shared),
  );
  const paired = here.filter((service) => hasActiveSide(service) && !hasSingle(service));
  const slowest = Math.max(0, ...paired.map((service) => restMs(stage, loss, service)));
  step.expect(
    'A-B pairs take over',
    slowest < SLOT_LIMIT_MS,
    `longest time without an active slot ${seconds(slowest)}`,
  );
}

/** Powers the zone on again, and watches the spread over both zones come back. */
export async function restoreZone(stage: Stage, step: Step, loss: ZoneLoss): Promise<void> {
  const { region, zone } = loss;
  await stage.regions.region(region).zone(zone).restore();
  step.reached(`zone ${zone} has power, its nodes are Ready`);
  await until('redundancy to be met again', () =>
    ordersIn(stage, region).every((order) => !isActive(order) || isRedundant(order)),
  );
  step.reached('redundancy is met: the spread over both zones is repaired');
  await untilSettled(stage);
  const short = ordersIn(stage, region).filter((order) => isActive(order) && !isComplete(order));
  step.expect(
    'every instance is back in its zone',
    short.length === 0,
    some(short.map(({ metadata }) => metadata.name)),
  );
}

const ordersIn = ({ picture }: Stage, region: string): readonly RegionalService[] =>
  picture.orders.get(region)?.store.list() ?? [];

const isActive = ({ status }: RegionalService): boolean => status?.phase === 'Active';

const isRedundant = (order: RegionalService): boolean => conditionOf(order, 'RedundancyMet')?.status === 'True';

const hasInstancesIn = ({ spec }: RegionalService, zone: string): boolean =>
  spec.components.some(({ zones }) => zones.some((entry) => entry.zone === zone && entry.instances > 0));

/** How many A-B pairs have their selected slot in the zone. */
function servedFrom({ spec, status }: RegionalService, zone: string): number {
  return spec.components
    .flatMap(({ name, pairs = [] }) => {
      const selected = status?.components?.find((component) => component.name === name)?.selected ?? [];
      return pairs.map((pair, index) => (selected[index] === 'b' ? pair.b : pair.a));
    })
    .filter((selectedZone) => selectedZone === zone).length;
}

/** Whether as many instances are ready in each zone as are planned there. A single instance may stand in any. */
const isComplete = ({ spec, status }: RegionalService): boolean =>
  spec.components.every(({ instances, layout, name, zones }) => {
    const seen = status?.components?.find((component) => component.name === name);
    const readyIn = (zone: string): number => seen?.zones.find((entry) => entry.zone === zone)?.ready ?? 0;
    if (layout === 'Spread') return (seen?.ready ?? 0) >= instances;
    return zones.every((entry) => readyIn(entry.zone) >= entry.instances);
  });

/** Longest time, since the zone was lost, without service in the region. */
const restMs = ({ observer }: Stage, { fromMs, region }: ZoneLoss, { key }: DemoService): number =>
  longestMs(observer.since(fromMs, key), ({ serving }) => !serving.includes(region));

/** Stands again only when its zone is back, or the node has been given up for it. */
const hasSingle = ({ class: { spec } }: DemoService): boolean => spec.components.some(({ pattern }) => pattern === 'A');

/** A single instance, or the active slot of an A-B pair, rests while another one takes over. */
const hasActiveSide = ({ class: { spec } }: DemoService): boolean =>
  spec.components.some(({ of, pattern }) => pattern === 'A' || pattern === 'A-B' || of === 'A-B');
