import type { Registry } from 'prom-client';
import type { MovedService, RegionSwitch } from '../api/region-switch.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { type GaugeSpec, registerGauges, type Sample, secondsOf } from './gauges.ts';
import type { HubPicture } from './hub-picture.ts';
import { Tally } from './tally.ts';

type Labels = Readonly<Record<string, string>>;
type Status = NonNullable<RegionSwitch['status']>;

/** What moves something from region to region: no freeze, no dry run, no drill of a plan or of a zone. */
export const isMove = ({ spec }: RegionSwitch): boolean =>
  spec.type !== 'Freeze' && !spec.dryRun && (spec.drill?.kind ?? 'Region') === 'Region';

export const kindOf = ({ spec }: RegionSwitch): Labels => ({ iu_group: spec.iuGroupRef.name, type: spec.type });

const whereOf = (one: RegionSwitch): Labels => ({ ...kindOf(one), region: one.spec.region ?? '' });

function* open({ switches }: HubPicture): Iterable<{ readonly labels: Labels; readonly status: Status }> {
  for (const one of switches) {
    const { status } = one;
    if (!isMove(one) || status?.startTime === undefined || status.endTime !== undefined) continue;
    yield { labels: { ...whereOf(one), region_switch: one.metadata.name }, status };
  }
}

const hasSwitchedOver = ({ conditions, endTime }: Status): boolean =>
  endTime !== undefined ||
  conditions?.some(({ status, type }) => type === 'SwitchedOver' && status === 'True') === true;

/** The newest one of each kind and region that has moved all that it moves. */
function lastOnes({ switches }: HubPicture): Iterable<RegionSwitch & { readonly status: Status }> {
  const last = new Map<string, RegionSwitch & { readonly status: Status }>();
  for (const one of switches) {
    const { status } = one;
    if (!isMove(one) || status?.startTime === undefined || !hasSwitchedOver(status)) continue;
    const key = Object.values(whereOf(one)).join('\u0000');
    const before = last.get(key);
    if (!before || (before.status.startTime ?? '') < status.startTime) last.set(key, { ...one, status });
  }
  return last.values();
}

function* ofLast(picture: HubPicture, read: (status: Status) => number | undefined): Iterable<Sample> {
  for (const one of lastOnes(picture)) {
    const value = read(one.status);
    if (value !== undefined) yield { labels: whereOf(one), value };
  }
}

const mostOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

const lossRatio = ({ dataLagSeconds: lag, dataLossObjectiveSeconds: most }: MovedService): number | undefined =>
  lag === undefined || most === undefined ? undefined : lag / Math.max(1, most);

/** Who waits for a person, and since when (seconds since 1970). */
interface Waiting {
  readonly labels: Labels;
  readonly since: number;
}

const WAIT_REASONS: ReadonlySet<string> = new Set(['ApprovalRequired', 'ReadyToSwitchBack']);

function waitOf({ spec, status }: ServiceInstance): Waiting | undefined {
  if (!status?.hold || !WAIT_REASONS.has(status.hold.reason)) return undefined;
  const since = secondsOf(status.conditions?.find(({ type }) => type === 'Held')?.lastTransitionTime);
  return since === undefined
    ? undefined
    : { labels: { iu_group: spec.iuGroupRef.name, kind: 'ServiceInstance' }, since };
}

function* waiting({ services, switches }: HubPicture): Iterable<Waiting> {
  for (const service of services) {
    const wait = waitOf(service);
    if (wait) yield wait;
  }
  for (const { spec, status } of switches) {
    const { approval, endTime } = status ?? {};
    const since = secondsOf(approval?.requestedTime);
    if (since === undefined || approval?.grantedTime !== undefined || endTime !== undefined) continue;
    yield { labels: { iu_group: spec.iuGroupRef.name, kind: 'RegionSwitch' }, since };
  }
}

/** In every group, so that an alert sees the 0 before it. */
function countWaiting(picture: HubPicture): Iterable<Sample> {
  const tally = new Tally();
  for (const { metadata } of picture.groups) {
    for (const kind of ['ServiceInstance', 'RegionSwitch']) tally.add({ iu_group: metadata.name, kind }, 0);
  }
  for (const { labels } of waiting(picture)) tally.add(labels);
  return tally.list();
}

function* oldestWaiting(picture: HubPicture): Iterable<Sample> {
  const oldest = new Tally();
  for (const { labels, since } of waiting(picture)) oldest.most(labels, -since);
  for (const { labels, value } of oldest.list()) yield { labels, value: -value };
}

const OPEN = ['iu_group', 'type', 'region', 'region_switch'];
const LAST = ['iu_group', 'type', 'region'];

const SPECS: readonly GaugeSpec<HubPicture>[] = [
  {
    name: 'switchback_switch_start_timestamp_seconds',
    help: 'When a RegionSwitch that is under way was begun.',
    labels: OPEN,
    *samples(picture) {
      for (const { labels, status } of open(picture)) yield { labels, value: secondsOf(status.startTime) ?? 0 };
    },
  },
  {
    name: 'switchback_switch_services_left',
    help: 'Services of a RegionSwitch under way that are not ready where they go.',
    labels: OPEN,
    *samples(picture) {
      for (const { labels, status } of open(picture)) {
        const verify = status.steps?.find(({ name }) => name === 'Verify');
        if (verify) yield { labels, value: verify.total - verify.done };
      }
    },
  },
  {
    name: 'switchback_switch_step_done_ratio',
    help: 'Share of the services of a RegionSwitch under way that have passed a step.',
    labels: [...OPEN, 'step'],
    *samples(picture) {
      for (const { labels, status } of open(picture)) {
        for (const { done, name, total } of status.steps ?? [])
          yield { labels: { ...labels, step: name }, value: total === 0 ? 1 : done / total };
      }
    },
  },
  {
    name: 'switchback_last_switch_timestamp_seconds',
    help: 'When the last switch of this type away from (Switchback: home to) the region was begun, of those that have moved all.',
    labels: LAST,
    samples: (picture) => ofLast(picture, ({ startTime }) => secondsOf(startTime)),
  },
  {
    name: 'switchback_last_switch_recovery_seconds',
    help: 'The slowest service of the last switch: from the last sign of life of the old side, or from the decision when it was planned, to ready.',
    labels: LAST,
    samples: (picture) =>
      ofLast(picture, ({ slowestRecoveryMilliseconds: ms }) => (ms === undefined ? undefined : ms / 1000)),
  },
  {
    name: 'switchback_last_switch_data_loss_seconds',
    help: 'The most that a service of the last switch may have lost, as known when it was decided. Absent: unknown.',
    labels: LAST,
    samples: (picture) => ofLast(picture, ({ services = [] }) => mostOf(services.map((s) => s.dataLagSeconds))),
  },
  {
    name: 'switchback_last_switch_data_loss_objective_ratio',
    help: 'The most that a service of the last switch may have lost, in parts of what its class allows (at least 1 s): above 1 it was missed. Absent: no class says.',
    labels: LAST,
    samples: (picture) => ofLast(picture, ({ services = [] }) => mostOf(services.map(lossRatio))),
  },
  {
    name: 'switchback_last_switch_human_wait_seconds',
    help: 'How long the last switch waited for persons. Absent: not at all.',
    labels: LAST,
    samples: (picture) => ofLast(picture, ({ approval }) => approval?.waitedSeconds),
  },
  {
    name: 'switchback_approvals_waiting',
    help: 'What only the yes of a person is missing for: services that are held, and RegionSwitches.',
    labels: ['iu_group', 'kind'],
    samples: countWaiting,
  },
  {
    name: 'switchback_approval_requested_timestamp_seconds',
    help: 'Of services and RegionSwitches that only the yes of a person is missing for: since when the one waits that has waited longest. Absent: none waits.',
    labels: ['iu_group', 'kind'],
    samples: oldestWaiting,
  },
];

export function createSwitchMetrics(registry: Registry, picture: () => HubPicture | undefined): void {
  registerGauges(registry, picture, SPECS);
}
