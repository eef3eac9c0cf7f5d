import { counted } from '../../api/common.ts';
import type { Condition, ConditionType } from '../../api/conditions.ts';
import type { IUGroup } from '../../api/iu-group.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import { keyOf } from '../../kube/object.ts';
import type { View } from '../output.ts';
import { instancesOf, type Picture } from '../picture.ts';
import { formatTable, indent } from '../table.ts';
import type { Paint, Style } from '../terminal.ts';

interface RegionRow {
  readonly region: string;
  readonly state: string;
  readonly reason: string;
  readonly activeServices: number;
  /** What its loss would do; undefined while the hub does not know. */
  readonly ifLost?: { readonly survives: boolean; readonly message: string };
}

interface ServiceRow {
  readonly instance: string;
  readonly serviceClass: string;
  readonly activeRegion: string;
  readonly epoch: number;
  readonly primaryRegion: string;
  readonly placements: readonly {
    readonly region: string;
    readonly role: string;
    readonly phase: string;
    readonly ready: string;
  }[];
  readonly ready: boolean;
  readonly protected: boolean;
  readonly hold?: {
    readonly wanted: string;
    readonly reason: string;
    readonly message: string;
    readonly until?: string;
  };
}

interface SwitchRow {
  readonly name: string;
  readonly type: string;
  readonly region: string;
  readonly message: string;
}

export interface GroupStatus {
  readonly group: string;
  readonly ready: boolean;
  readonly message: string;
  /** Whether any one region may be lost now; undefined while the hub does not know. */
  readonly survivesRegionLoss: boolean | undefined;
  readonly survivesMessage: string;
  readonly regions: readonly RegionRow[];
  readonly services: readonly ServiceRow[];
  readonly underWay: readonly SwitchRow[];
}

const conditionOf = (conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);

function serviceRow({ metadata, spec, status }: ServiceInstance): ServiceRow {
  const { assignment, hold } = status ?? {};
  return {
    instance: keyOf({ metadata }),
    serviceClass: spec.serviceClassRef.name,
    activeRegion: assignment?.activeRegion ?? '',
    epoch: assignment?.epoch ?? 0,
    primaryRegion: spec.primaryRegion,
    placements: (status?.placements ?? []).map(({ region, role, phase, planned, ready, standby }) => ({
      region,
      role,
      phase,
      ready: standby ? `${standby.ready}/${standby.planned}` : `${ready}/${planned}`,
    })),
    ready: conditionOf(status?.conditions, 'Ready')?.status === 'True',
    protected: conditionOf(status?.conditions, 'Protected')?.status === 'True',
    ...(hold && {
      hold: {
        wanted: hold.wanted,
        reason: hold.reason,
        message: hold.message,
        ...(hold.until && { until: hold.until }),
      },
    }),
  };
}

function regionRows({ spec, status }: IUGroup): RegionRow[] {
  return spec.infrastructureUnits.map(({ region }) => {
    const seen = status?.regions?.find((entry) => entry.region === region);
    const loss = status?.whatIf?.find((entry) => entry.region === region);
    return {
      region,
      state: seen?.state ?? 'Unknown',
      reason: seen?.reason ?? 'NotObserved',
      activeServices: seen?.activeServices ?? 0,
      ...(loss && { ifLost: { survives: loss.survives, message: loss.message } }),
    };
  });
}

const isUnderWay = ({ spec, status }: RegionSwitch): boolean => status?.endTime === undefined && !spec.dryRun;

/** Where each group stands, from the statuses alone. */
export function computeStatus(picture: Picture, groups: readonly IUGroup[]): GroupStatus[] {
  return groups.map((group) => {
    const { name } = group.metadata;
    const ready = conditionOf(group.status?.conditions, 'Ready');
    const survives = conditionOf(group.status?.conditions, 'SurvivesRegionLoss');
    return {
      group: name,
      ready: ready?.status === 'True',
      message: ready?.message ?? 'nothing is known yet: does a hub run?',
      survivesRegionLoss:
        survives === undefined || survives.status === 'Unknown' ? undefined : survives.status === 'True',
      survivesMessage: survives?.message ?? '',
      regions: regionRows(group),
      services: instancesOf(picture, name).map(serviceRow),
      underWay: picture.switches
        .filter((one) => one.spec.iuGroupRef.name === name && isUnderWay(one))
        .map(({ metadata, spec, status }) => ({
          name: metadata.name,
          type: spec.type,
          region: spec.region ?? '',
          message: conditionOf(status?.conditions, 'Ready')?.message ?? 'not taken up yet',
        })),
    };
  });
}

const STATE_STYLES: Readonly<Record<string, Style>> = {
  Healthy: 'green',
  Degraded: 'yellow',
  Lost: 'red',
  Unknown: 'yellow',
};
const yesNo = (paint: Paint, value: boolean | undefined): string =>
  value === undefined ? paint('yellow', 'unknown') : value ? paint('green', 'yes') : paint('red', 'no');

function regionTable(regions: readonly RegionRow[], paint: Paint): string {
  const rows = regions.map(({ region, state, reason, activeServices, ifLost }) => [
    region,
    paint(STATE_STYLES[state] ?? 'yellow', state),
    reason,
    `${activeServices}`,
    ifLost ? `${yesNo(paint, ifLost.survives)}: ${ifLost.message}` : yesNo(paint, undefined),
  ]);
  return formatTable(['REGION', 'STATE', 'WHY', 'ACTIVE', 'MAY BE LOST NOW'], rows);
}

const isUnremarkable = ({ activeRegion, hold, primaryRegion, ready }: ServiceRow): boolean =>
  ready && hold === undefined && activeRegion === primaryRegion;

/** One screen. */
const MOST_ROWS = 12;
/** What is held or away from home first: of the others the table of the regions often says why. */
const rankOf = ({ activeRegion, hold, primaryRegion }: ServiceRow): number =>
  hold ? 0 : activeRegion === primaryRegion ? 2 : 1;

function serviceTable(services: readonly ServiceRow[], regions: readonly string[], paint: Paint): string {
  const rows = services.map((service) => [
    service.instance,
    service.activeRegion === service.primaryRegion
      ? service.activeRegion
      : paint('yellow', service.activeRegion || '-'),
    `${service.epoch}`,
    ...regions.map((region) => {
      const placed = service.placements.find((entry) => entry.region === region);
      return placed ? `${placed.phase} ${placed.ready}` : paint('dim', '-');
    }),
    service.ready ? paint('green', 'ready') : paint('red', 'not ready'),
    service.hold
      ? paint('yellow', `${service.hold.reason}${service.hold.until ? ` until ${service.hold.until}` : ''}`)
      : '',
  ]);
  const heads = ['SERVICE', 'ACTIVE', 'EPOCH', ...regions.map((region) => region.toUpperCase()), 'STATE', 'HELD'];
  return formatTable(heads, rows);
}

function groupText(status: GroupStatus, paint: Paint, wide: boolean): string {
  const { services } = status;
  const remarkable = services.filter((service) => !isUnremarkable(service)).toSorted((x, y) => rankOf(x) - rankOf(y));
  const shown = wide ? services : remarkable.slice(0, MOST_ROWS);
  const regions = status.regions.map(({ region }) => region);
  const unseen = wide ? 0 : remarkable.length - shown.length;
  const quiet = wide ? 0 : services.length - remarkable.length;
  return [
    `${paint('bold', `IU group ${status.group}`)}   ${status.ready ? paint('green', 'ready') : paint('red', status.message)}`,
    `Any one region may be lost now: ${yesNo(paint, status.survivesRegionLoss)}${status.survivesMessage ? `, ${status.survivesMessage}` : ''}`,
    '',
    regionTable(status.regions, paint),
    ...status.underWay.flatMap(({ name, type, region, message }, index) => [
      ...(index === 0 ? ['', paint('bold', 'Under way')] : []),
      indent(`${name}: ${type}${region ? ` ${region}` : ''}: ${message}`),
    ]),
    ...(shown.length > 0 ? ['', serviceTable(shown, regions, paint)] : []),
    ...(unseen > 0 ? [paint('dim', `and ${unseen} more (-o wide shows them)`)] : []),
    ...(quiet > 0
      ? ['', paint('dim', `Ready, and where it belongs: ${counted(quiet, 'service')} (-o wide shows which)`)]
      : []),
  ].join('\n');
}

/** One screen: groups, regions, what is under way, and which services are not as they should be. */
export const statusView = (groups: readonly GroupStatus[]): View => ({
  data: groups,
  text: (paint, wide) => groups.map((group) => groupText(group, paint, wide)).join('\n\n'),
});

/** Whether everything is as declared and any one region may be lost. */
export const isSafe = (groups: readonly GroupStatus[]): boolean =>
  groups.length > 0 && groups.every(({ ready, survivesRegionLoss }) => ready && survivesRegionLoss === true);
