import { type Condition, isTrue } from '../../api/conditions.ts';
import type { IUGroup } from '../../api/iu-group.ts';
import { LABELS } from '../../api/labels.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import { newestOf } from '../../decide/inheritance.ts';
import { digestOf, isNothingMissing, type Missing, missingOf } from '../../decide/missing.ts';
import { keyOf } from '../../kube/object.ts';
import type { View } from '../output.ts';
import { markOf, type RegionSaid } from '../regions.ts';
import { formatTable, indent } from '../table.ts';
import type { Paint } from '../terminal.ts';

interface RegionRow {
  readonly region: string;
  readonly error?: string;
  readonly term?: number;
  /** Who acknowledged it last, and by which election record. */
  readonly by?: string;
  readonly record?: string;
  readonly isThisHub: boolean;
}

interface ServiceRow {
  readonly service: string;
  readonly activeRegion: string;
  readonly epoch: number;
  /** Regions that hold an order of that epoch. */
  readonly knownIn: readonly string[];
  /** The epoch that this hub has recorded; undefined: none. */
  readonly recorded?: number;
}

export interface Restoration {
  readonly group: string;
  readonly condition: Condition | undefined;
  readonly regions: readonly RegionRow[];
  readonly services: readonly ServiceRow[];
  readonly missing: Missing;
  readonly missingDigest: string;
  /** Requests of persons that this hub would carry out (again). */
  readonly openSwitches: readonly string[];
  /** Records of other hubs that regions remember, the newest of each. */
  readonly otherHubs: readonly string[];
  readonly isDone: boolean;
}

export interface RestoreFacts {
  readonly group: IUGroup;
  readonly regions: readonly RegionSaid[];
  readonly instances: readonly ServiceInstance[];
  readonly tenants: ReadonlySet<string>;
  readonly switches: readonly RegionSwitch[];
  /** The process that leads this hub now; undefined: nobody does. */
  readonly leader: string | undefined;
}

function servicesIn({ group, instances, regions }: RestoreFacts): ServiceRow[] {
  const known = regions.flatMap(({ orders, region }) =>
    orders
      .filter(({ metadata }) => metadata.labels?.[LABELS.iuGroup] === group.metadata.name)
      .map((order) => ({ key: keyOf(order), region, spec: order.spec })),
  );
  const recorded = new Map(instances.map((one) => [keyOf(one), one.status?.assignment?.epoch]));
  return [...Map.groupBy(known, ({ key }) => key)]
    .toSorted(([x], [y]) => (x < y ? -1 : 1))
    .flatMap(([service, orders]) => {
      const [highest] = orders.toSorted((x, y) => y.spec.epoch - x.spec.epoch);
      if (!highest) return [];
      const { activeRegion, epoch } = highest.spec;
      const knownIn = orders.filter(({ spec }) => spec.epoch === epoch).map(({ region }) => region);
      const mine = recorded.get(service);
      return [{ service, activeRegion, epoch, knownIn, ...(mine === undefined ? {} : { recorded: mine }) }];
    });
}

export function computeRestoration(facts: RestoreFacts): Restoration {
  const { group, instances, leader, regions, switches, tenants } = facts;
  const keys = new Set(instances.map(keyOf));
  const missing = missingOf(group.metadata.name, {
    orders: regions.flatMap(({ orders }) => orders),
    shards: regions.flatMap(({ shards }) => shards),
    isInstance: (key) => keys.has(key),
    isTenant: (key) => tenants.has(key),
  });
  const rows = regions.map((said): RegionRow => {
    const { by, record, term } = markOf(said) ?? {};
    return {
      region: said.region,
      ...(said.error === undefined ? {} : { error: said.error }),
      ...(term === undefined ? {} : { term }),
      ...(by === undefined ? {} : { by }),
      ...(record === undefined ? {} : { record }),
      isThisHub: by !== undefined && by === leader,
    };
  });
  const records = rows.flatMap(({ isThisHub, record }) => (isThisHub || record === undefined ? [] : [record]));
  const condition = group.status?.conditions?.find(({ type }) => type === 'Inherited');
  return {
    group: group.metadata.name,
    condition,
    regions: rows,
    services: servicesIn(facts),
    missing,
    missingDigest: digestOf(missing),
    openSwitches: switches
      .filter(({ spec, status }) => spec.iuGroupRef.name === group.metadata.name && status?.endTime === undefined)
      .map(({ metadata }) => metadata.name),
    otherHubs: newestOf(records),
    isDone: rows.every(({ isThisHub }) => isThisHub) && isTrue(group.status?.conditions, 'Inherited'),
  };
}

function describeRegion({ by, error, isThisHub, record, region, term }: RegionRow, paint: Paint): string[] {
  if (error !== undefined) return [region, paint('red', 'cannot be read'), '', error];
  if (by === undefined) return [region, term === undefined ? 'nobody yet' : 'an older version', `${term ?? ''}`, ''];
  return [
    region,
    isThisHub ? paint('green', 'this hub') : paint('yellow', `another process (${by})`),
    `${term}`,
    record ?? '',
  ];
}

function describeRecorded({ epoch, recorded }: ServiceRow): string {
  if (recorded === undefined) return 'to be taken over';
  return recorded < epoch ? `to be taken over (has epoch ${recorded})` : 'yes';
}

function text(restoration: Restoration, paint: Paint): string {
  const { condition, group, missing, missingDigest, openSwitches, otherHubs, regions, services } = restoration;
  const state = condition ? `${condition.status === 'True' ? 'taken over' : condition.reason}` : 'nothing to take over';
  const missed = [
    ...missing.services.map((name) => `service ${name}`),
    ...missing.tenants.map((name) => `tenant ${name}`),
  ];
  return [
    `${paint('bold', `IU group ${group}`)}   ${state}`,
    ...(condition?.message ? [condition.message] : []),
    '',
    formatTable(
      ['REGION', 'LAST ANSWERED BY', 'TERM', 'RECORD'],
      regions.map((row) => describeRegion(row, paint)),
    ),
    '',
    formatTable(
      ['SERVICE', 'ACTIVE IN', 'EPOCH', 'KNOWN IN', 'RECORDED HERE'],
      services.map((row) => [
        row.service,
        row.activeRegion,
        `${row.epoch}`,
        row.knownIn.join(','),
        describeRecorded(row),
      ]),
    ),
    ...(missed.length > 0
      ? ['', paint('yellow', `Without a manifest on this hub (digest ${missingDigest}):`), indent(missed.join('\n'))]
      : []),
    ...(openSwitches.length > 0
      ? [
          '',
          paint('yellow', 'Requests that this hub would carry out: abort what is old'),
          indent(openSwitches.join('\n')),
        ]
      : []),
    ...(otherHubs.length > 0 ? ['', `Other hubs that regions remember: ${otherHubs.join(', ')}`] : []),
  ].join('\n');
}

export const isWhole = ({ missing, regions }: Restoration): boolean =>
  isNothingMissing(missing) && regions.every(({ error }) => error === undefined);

/** What the regions say, what this hub has of it, and what is missing. */
export const restoreView = (restoration: Restoration): View => ({
  data: restoration,
  text: (paint) => text(restoration, paint),
});
