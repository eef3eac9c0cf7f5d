import { counted, isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { MovedService, RegionSwitch, SwitchStep } from '../api/region-switch.ts';
import type { StatusReport } from './status.ts';

/** Where one service of a switch stands. All times are wall-clock milliseconds of the hub. */
export interface ServiceProgress {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly decidedAt: number;
  /** Last sign of life of the region that it left; undefined for a planned switch. */
  readonly lastSignAt: number | undefined;
  readonly promotedAt: number | undefined;
  readonly readyAt: number | undefined;
  /** As an earlier leader measured it: to the millisecond, while times are written in whole seconds. */
  readonly recoveryMs?: number;
  /** An earlier leader measured it, and the list had no place for it: nobody knows how long it took. */
  readonly isUntimed?: boolean;
  /** Not even its name is known: it was counted, and something else has moved it since. */
  readonly isUnnamed?: boolean;
  readonly trafficMoved: boolean;
  /** The old side is known to be stopped. */
  readonly cleanedUp: boolean;
  readonly protected: boolean;
  /** Moved again before it was done. */
  readonly superseded: boolean;
  /** How far the data was behind where it goes, as known when it was decided; absent: unknown. */
  readonly dataLagSeconds?: number | undefined;
  readonly dataLossObjectiveSeconds?: number | undefined;
}

/** The API bounds the list; all services are counted. */
export const LISTED = 200;

type StepTest = (service: ServiceProgress) => boolean;
const STEPS: readonly { readonly name: SwitchStep['name']; readonly passed: StepTest }[] = [
  { name: 'RecordIntent', passed: () => true },
  { name: 'Fence', passed: (s) => s.promotedAt !== undefined || s.cleanedUp },
  { name: 'Promote', passed: (s) => s.promotedAt !== undefined },
  { name: 'Verify', passed: (s) => s.readyAt !== undefined },
  { name: 'MoveTraffic', passed: (s) => s.trafficMoved },
  { name: 'Protect', passed: (s) => s.protected },
];

/** How much of a switch there is beside the services that are on their way. */
interface Extent {
  readonly startedAt: number;
  readonly now: number;
  /** Services that have still to be begun; always 0 for what the operator did by itself. */
  readonly pending: number;
}

const endOf = (services: readonly ServiceProgress[], name: SwitchStep['name'], now: number): number => {
  if (services.length === 0) return now;
  if (name === 'RecordIntent') return Math.max(...services.map((s) => s.decidedAt));
  if (name === 'Fence' || name === 'Promote') return Math.max(...services.map((s) => s.promotedAt ?? now));
  if (name === 'Verify') return Math.max(...services.map((s) => s.readyAt ?? now));
  return now;
};

/** Of a switch that has not been begun. */
export const pendingSteps = (total: number): SwitchStep[] =>
  STEPS.map(({ name }) => ({ name, state: 'Pending', done: 0, total }));

export function stepsOf(
  services: readonly ServiceProgress[],
  before: readonly SwitchStep[],
  { now, pending, startedAt }: Extent,
): SwitchStep[] {
  const total = services.length + pending;
  return STEPS.map(({ name, passed }) => {
    const known = before.find((step) => step.name === name);
    if (known?.state === 'Done' && known.total === total) return known;
    const done = services.filter((s) => s.superseded || passed(s)).length;
    const isDone = done === total;
    const startTime = known?.startTime ?? isoTime(startedAt);
    return {
      name,
      state: isDone ? 'Done' : 'Running',
      done,
      total,
      startTime,
      ...(isDone ? { endTime: isoTime(endOf(services, name, now)) } : {}),
    };
  });
}

export function recoveryOf(service: ServiceProgress): number | undefined {
  const { lastSignAt, decidedAt, readyAt, recoveryMs } = service;
  if (recoveryMs !== undefined || service.isUntimed) return recoveryMs;
  return readyAt === undefined ? undefined : Math.max(0, Math.round(readyAt - (lastSignAt ?? decidedAt)));
}

function entryOf(service: ServiceProgress): MovedService {
  const { name, from, to, epoch, lastSignAt, decidedAt, promotedAt, readyAt, superseded } = service;
  const recovery = recoveryOf(service);
  return {
    name,
    from,
    to,
    epoch,
    ...(lastSignAt === undefined ? {} : { lastSignTime: isoTime(lastSignAt) }),
    decidedTime: isoTime(decidedAt),
    ...(promotedAt === undefined ? {} : { promotedTime: isoTime(promotedAt) }),
    ...(readyAt === undefined ? {} : { readyTime: isoTime(readyAt) }),
    ...(recovery === undefined ? {} : { recoveryMilliseconds: recovery }),
    ...dataLossOf(service),
    ...(superseded ? { superseded } : {}),
  };
}

const dataLossOf = ({ dataLagSeconds, dataLossObjectiveSeconds }: ServiceProgress | MovedService) => ({
  ...(dataLagSeconds === undefined ? {} : { dataLagSeconds }),
  ...(dataLossObjectiveSeconds === undefined ? {} : { dataLossObjectiveSeconds }),
});

const msOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

/** Where a service stands by what an earlier leader last wrote. What is not written there is found out again. */
export function progressOf(entry: MovedService): ServiceProgress {
  const { name, from, to, epoch, decidedTime, lastSignTime, promotedTime, readyTime } = entry;
  const { recoveryMilliseconds, superseded = false } = entry;
  return {
    name,
    from,
    to,
    epoch,
    decidedAt: Date.parse(decidedTime),
    lastSignAt: msOf(lastSignTime),
    promotedAt: msOf(promotedTime),
    readyAt: msOf(readyTime),
    ...(recoveryMilliseconds === undefined ? {} : { recoveryMs: recoveryMilliseconds }),
    ...(recoveryMilliseconds === undefined && readyTime !== undefined ? { isUntimed: true } : {}),
    trafficMoved: false,
    cleanedUp: false,
    protected: false,
    superseded,
    ...dataLossOf(entry),
  };
}

/** `SwitchedOver`, `CleanedUp` and `Protected` are three facts, and none follows from another. */
export function factsOf(services: readonly ServiceProgress[], pending: number) {
  const total = services.length + pending;
  const fact = (
    type: ConditionState['type'],
    passed: StepTest,
    reasonWhileOpen: ConditionState['reason'],
  ): ConditionState => {
    const left = services.filter((s) => !s.superseded && !passed(s)).length + pending;
    return left === 0
      ? { type, status: 'True', reason: 'AsDeclared', message: counted(total, 'service') }
      : { type, status: 'False', reason: reasonWhileOpen, message: `${left} of ${counted(total, 'service')} left` };
  };
  return {
    switched: fact('SwitchedOver', (s) => s.readyAt !== undefined, 'AwaitingReadiness'),
    cleaned: fact('CleanedUp', (s) => s.cleanedUp, 'AwaitingFence'),
    secured: fact('Protected', (s) => s.protected, 'StandbyNotConfirmed'),
  };
}

/** Ready when it is switched over, as a switch of a person is: that it is not protected yet is a fact of its own. */
function conditionsOf(services: readonly ServiceProgress[]): ConditionState[] {
  const { cleaned, secured, switched } = factsOf(services, 0);
  const isSwitched = switched.status === 'True';
  const left = isSwitched && secured.status !== 'True' ? `; not protected yet: ${secured.message}` : '';
  return [
    { ...switched, type: 'Ready', message: `${switched.message}${left}` },
    {
      type: 'Reconciling',
      status: isSwitched ? 'False' : 'True',
      reason: isSwitched ? 'AsDeclared' : 'Progressing',
      message: isSwitched ? '' : switched.message,
    },
    { type: 'Stalled', status: 'False', reason: 'AsDeclared', message: '' },
    switched,
    cleaned,
    secured,
  ];
}

/** Whether nothing is left to follow: `SwitchedOver` and `Protected`. */
export const isOver = (services: readonly ServiceProgress[]): boolean =>
  services.every((s) => s.superseded || (s.readyAt !== undefined && s.protected));

/** What only the list can tell the next leader comes first: what was moved on since, then what is on its way. */
function rankOf({ isUntimed, readyAt, superseded }: ServiceProgress): number {
  if (superseded) return 0;
  if (readyAt === undefined) return 1;
  return isUntimed ? 3 : 2;
}

/** The assignments name the switch by which a service came to its region, so what is not listed is found there. */
function listedOf(services: readonly ServiceProgress[]): readonly ServiceProgress[] {
  const named = services.filter(({ isUnnamed }) => !isUnnamed);
  return named.length <= LISTED ? named : named.toSorted((x, y) => rankOf(x) - rankOf(y)).slice(0, LISTED);
}

/**
 * What the status says of the services that are on their way.
 *
 * @param before what it said before: the list may have had no place for the one that took longest
 */
export function progressFields(
  services: readonly ServiceProgress[],
  pending: number,
  before?: Pick<NonNullable<RegionSwitch['status']>, 'slowestRecoveryMilliseconds'>,
): Record<string, unknown> {
  const told = before?.slowestRecoveryMilliseconds;
  const recoveries = [...services.map(recoveryOf), told].filter((ms) => ms !== undefined);
  return {
    services: listedOf(services).map(entryOf),
    servicesTotal: services.length + pending,
    ...(recoveries.length > 0 ? { slowestRecoveryMilliseconds: Math.max(...recoveries) } : {}),
  };
}

export function switchReport(object: RegionSwitch, services: readonly ServiceProgress[], now: number): StatusReport {
  // Without services: its leader died before it wrote which, and they have moved on since.
  const startedAt = Math.min(now, ...services.map((s) => s.decidedAt));
  return {
    conditions: conditionsOf(services),
    fields: {
      startTime: isoTime(startedAt),
      ...(isOver(services) ? { endTime: object.status?.endTime ?? isoTime(now) } : {}),
      steps: stepsOf(services, object.status?.steps ?? [], { startedAt, now, pending: 0 }),
      ...progressFields(services, 0, object.status),
    },
  };
}
