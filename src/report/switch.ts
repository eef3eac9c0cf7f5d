import { isoTime } from '../api/common.ts';
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
  readonly trafficMoved: boolean;
  /** The old side is known to be stopped. */
  readonly cleanedUp: boolean;
  readonly protected: boolean;
  /** Moved again before it was done. */
  readonly superseded: boolean;
}

/** The API bounds the list; all services are counted. */
const LISTED = 200;

type StepTest = (service: ServiceProgress) => boolean;
const STEPS: readonly { readonly name: SwitchStep['name']; readonly passed: StepTest }[] = [
  { name: 'RecordIntent', passed: () => true },
  { name: 'Fence', passed: (s) => s.promotedAt !== undefined || s.cleanedUp },
  { name: 'Promote', passed: (s) => s.promotedAt !== undefined },
  { name: 'Verify', passed: (s) => s.readyAt !== undefined },
  { name: 'MoveTraffic', passed: (s) => s.trafficMoved },
  { name: 'Protect', passed: (s) => s.protected },
];

const endOf = (services: readonly ServiceProgress[], name: SwitchStep['name'], now: number): number => {
  if (name === 'RecordIntent') return Math.max(...services.map((s) => s.decidedAt));
  if (name === 'Fence' || name === 'Promote') return Math.max(...services.map((s) => s.promotedAt ?? now));
  if (name === 'Verify') return Math.max(...services.map((s) => s.readyAt ?? now));
  return now;
};

function stepsOf(services: readonly ServiceProgress[], before: readonly SwitchStep[], now: number): SwitchStep[] {
  const startedAt = Math.min(...services.map((s) => s.decidedAt));
  return STEPS.map(({ name, passed }) => {
    const known = before.find((step) => step.name === name);
    if (known?.state === 'Done' && known.total === services.length) return known;
    const done = services.filter((s) => s.superseded || passed(s)).length;
    const isDone = done === services.length;
    const startTime = known?.startTime ?? isoTime(startedAt);
    return {
      name,
      state: isDone ? 'Done' : 'Running',
      done,
      total: services.length,
      startTime,
      ...(isDone ? { endTime: isoTime(endOf(services, name, now)) } : {}),
    };
  });
}

function recoveryOf({ lastSignAt, decidedAt, readyAt }: ServiceProgress): number | undefined {
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
    ...(superseded ? { superseded } : {}),
  };
}

const msOf = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));

/** Where a service stands by what an earlier leader last wrote. What is not written there is found out again. */
export function progressOf(entry: MovedService): ServiceProgress {
  const { name, from, to, epoch, decidedTime, lastSignTime, promotedTime, readyTime } = entry;
  const { recoveryMilliseconds = 0, superseded = false } = entry;
  const readyAt = msOf(readyTime);
  return {
    name,
    from,
    to,
    epoch,
    decidedAt: Date.parse(decidedTime),
    // A recovery that was measured stays as it is, to the millisecond; times are written in whole seconds.
    lastSignAt: readyAt === undefined ? msOf(lastSignTime) : readyAt - recoveryMilliseconds,
    promotedAt: msOf(promotedTime),
    readyAt,
    trafficMoved: false,
    cleanedUp: false,
    protected: false,
    superseded,
  };
}

function conditionsOf(services: readonly ServiceProgress[]): ConditionState[] {
  const open = (passed: StepTest): ServiceProgress[] => services.filter((s) => !s.superseded && !passed(s));
  const fact = (
    type: ConditionState['type'],
    passed: StepTest,
    reasonWhileOpen: ConditionState['reason'],
  ): ConditionState => {
    const left = open(passed);
    return left.length === 0
      ? { type, status: 'True', reason: 'AsDeclared', message: `${services.length} services` }
      : {
          type,
          status: 'False',
          reason: reasonWhileOpen,
          message: `${left.length} of ${services.length} services left`,
        };
  };
  const switched = fact('SwitchedOver', (s) => s.readyAt !== undefined, 'AwaitingReadiness');
  const cleaned = fact('CleanedUp', (s) => s.cleanedUp, 'AwaitingFence');
  const secured = fact('Protected', (s) => s.protected, 'StandbyNotConfirmed');
  const isOver = secured.status === 'True' && switched.status === 'True';
  return [
    { ...switched, type: 'Ready' },
    {
      type: 'Reconciling',
      status: isOver ? 'False' : 'True',
      reason: isOver ? 'AsDeclared' : 'Progressing',
      message: isOver ? '' : (switched.status === 'True' ? secured : switched).message,
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

export function switchReport(object: RegionSwitch, services: readonly ServiceProgress[], now: number): StatusReport {
  const recoveries = services.map(recoveryOf).filter((ms) => ms !== undefined);
  return {
    conditions: conditionsOf(services),
    fields: {
      startTime: isoTime(Math.min(...services.map((s) => s.decidedAt))),
      ...(isOver(services) ? { endTime: object.status?.endTime ?? isoTime(now) } : {}),
      steps: stepsOf(services, object.status?.steps ?? [], now),
      services: services.slice(0, LISTED).map(entryOf),
      servicesTotal: services.length,
      ...(recoveries.length > 0 ? { slowestRecoveryMilliseconds: Math.max(...recoveries) } : {}),
    },
  };
}
