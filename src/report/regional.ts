import type { ConditionState } from '../api/conditions.ts';
import type { KeptEmpty, RegionalService, RegionalServiceStatus, StandbyStatus } from '../api/regional-service.ts';
import type { ComponentRedundancy } from '../decide/redundancy.ts';

export type Phase = NonNullable<RegionalServiceStatus['phase']>;

import { dataStoreConditions } from './data-stores.ts';

/** All that the conditions of a service in its region are made from. */
export interface RegionalReport {
  readonly order: RegionalService;
  readonly phase: Phase;
  readonly redundancies: readonly ComponentRedundancy[];
  /** Whether it asks for gates and the agents of the region have no settings for them. */
  readonly lacksGate: boolean;
  /** What runs while the region stands by; undefined where nothing should. */
  readonly standby?: StandbyStatus | undefined;
  /** The zone that a drill keeps empty now; absent: none. */
  readonly emptied?: KeptEmpty | undefined;
}

/** What a drill has taken away for a while: told as that, as long as the rest carries the load. */
function rehearsed({ emptied, phase }: RegionalReport): ConditionState | undefined {
  if (!emptied || phase !== 'Active') return undefined;
  const { regionSwitch, until, zone } = emptied;
  const message = `RegionSwitch ${regionSwitch} keeps zone ${zone} empty until ${until} at the latest`;
  return { type: 'RedundancyMet', status: 'False', reason: 'ZoneDrill', message };
}

/** Conditions of a service in its region. */
export function regionalConditions(facts: RegionalReport): readonly ConditionState[] {
  const { phase, redundancies } = facts;
  const runs = phase === 'Active' || phase === 'Starting';
  const drilled = rehearsed(facts);
  const failing = drilled ? undefined : redundancies.find(({ met }) => !met);
  const redundancy: ConditionState = !runs
    ? { type: 'RedundancyMet', status: 'Unknown', reason: 'StandingBy', message: 'does not run here' }
    : failing
      ? { type: 'RedundancyMet', status: 'False', reason: failing.reason, message: failing.message }
      : { type: 'RedundancyMet', status: 'True', reason: 'AsDeclared', message: 'survives what its pattern promises' };
  return [...summaryOf(facts, failing), drilled ?? redundancy, ...dataStoreConditions(facts.order)];
}

function summaryOf(facts: RegionalReport, failing: ComponentRedundancy | undefined): ConditionState[] {
  const { order, phase } = facts;
  const running = standing(readiness(order, phase, failing), facts);
  const ready = facts.lacksGate ? withoutGate('Ready', 'False') : running;
  const isWorking = phase === 'Starting' || phase === 'Fencing' || running.status === 'False';
  const waitsForGate = facts.lacksGate && phase === 'Fenced';
  return [
    ready,
    {
      type: 'Reconciling',
      status: isWorking && !waitsForGate ? 'True' : 'False',
      reason: isWorking && !waitsForGate ? 'Progressing' : 'AsDeclared',
      message: running.message,
    },
    facts.lacksGate
      ? withoutGate('Stalled', 'True')
      : { type: 'Stalled', status: 'False', reason: 'AsDeclared', message: '' },
  ];
}

/** Of a region that has confirmed that it stands by: whether it does so as ordered. */
function standing(ready: ConditionState, { phase, standby }: RegionalReport): ConditionState {
  if (phase !== 'Standby' || !standby || ready.status !== 'True') return ready;
  const shortage = shortageOf(standby);
  if (shortage === undefined) return { ...ready, message: `${ready.message}, ${standby.mode}` };
  return { type: 'Ready', status: 'False', reason: 'StandbyNotReady', message: `${ready.message}, but ${shortage}` };
}

/** The first component that has fewer ready than planned, with the numbers; undefined: all is there. */
export function shortageOf({ components }: StandbyStatus): string | undefined {
  const short = components.find(({ planned, ready }) => ready < planned);
  return short && `${short.name}: instances ready on standby: ${short.ready}, planned: ${short.planned}`;
}

/** Said of a region that stands by too: before anybody has to find out that it cannot take over. */
const withoutGate = (type: 'Ready' | 'Stalled', status: 'True' | 'False'): ConditionState => ({
  type,
  status,
  reason: 'GateNotSet',
  message:
    'fencing is Gate, and the agents of the region have no gate: set SWITCHBACK_GATE_IMAGE and SWITCHBACK_GATE_AGENTS for them; until then it is not run here',
});

function readiness(order: RegionalService, phase: Phase, failing: ComponentRedundancy | undefined): ConditionState {
  const { epoch, role } = order.spec;
  switch (phase) {
    case 'Active':
      return failing
        ? { type: 'Ready', status: 'False', reason: failing.reason, message: failing.message }
        : { type: 'Ready', status: 'True', reason: 'ActiveHere', message: `active at epoch ${epoch}` };
    case 'Starting':
      return {
        type: 'Ready',
        status: 'False',
        reason: 'AwaitingReadiness',
        message: failing?.message ?? 'instances are starting',
      };
    case 'Standby':
      return (order.status?.standbyEpoch ?? 0) >= epoch || order.spec.mode !== 'Backup'
        ? { type: 'Ready', status: 'True', reason: 'StandingBy', message: `stands by at epoch ${epoch}` }
        : {
            type: 'Ready',
            status: 'False',
            reason: 'StandbyNotConfirmed',
            message: 'is being made sure that nothing runs',
          };
    case 'Fencing':
      return { type: 'Ready', status: 'False', reason: 'Progressing', message: 'instances are being stopped' };
    case 'Fenced':
      return {
        type: 'Ready',
        status: 'False',
        reason: role === 'Active' ? 'NoRight' : 'Fenced',
        message: `no right to run at epoch ${epoch}`,
      };
  }
}
