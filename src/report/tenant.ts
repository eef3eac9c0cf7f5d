import type { ConditionState } from '../api/conditions.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { ServiceRow } from '../decide/tenant-services.ts';

/** A service of a tenant that is on its way, and what it waits for. */
export interface Move {
  readonly service: string;
  readonly message: string;
}

/** What is known of instances. */
interface Knowledge {
  instanceOf(key: string): ServiceInstance | undefined;
  /** Whether it is active elsewhere than at home because its home was changed. */
  isOnItsWay(instance: ServiceInstance): boolean;
}

const availableOf = (instance: ServiceInstance | undefined) =>
  instance?.status?.conditions?.find(({ type }) => type === 'Available');

/** What a service of a tenant waits for; undefined: it is where it belongs. */
export function moveOf(row: Pick<ServiceRow, 'service' | 'instance' | 'movingTo'>, known: Knowledge) {
  const { instance, movingTo, service } = row;
  if (movingTo === undefined) return moveInPlace(service, known.instanceOf(instance), known);
  const { reason = 'NotObserved' } = availableOf(known.instanceOf(movingTo)) ?? {};
  return { service, message: `${service} stays with ${instance} until ${movingTo} is available (${reason})` };
}

/** Of an instance whose regions were changed. */
function moveInPlace(service: string, instance: ServiceInstance | undefined, known: Knowledge): Move | undefined {
  const available = availableOf(instance);
  if (available?.reason === 'Moving') return { service, message: `${service}: ${available.message}` };
  if (!instance || !known.isOnItsWay(instance)) return undefined;
  const { assignment, hold } = instance.status ?? {};
  const until = hold?.until === undefined ? '' : ` until ${hold.until}`;
  const why = hold ? ` (${hold.reason}${until})` : '';
  const message = `${service} stays in region ${assignment?.activeRegion} until it may go to ${instance.spec.primaryRegion}${why}`;
  return { service, message };
}

export interface TenantFacts {
  /** What the plan says: whole, or what somebody has to change. */
  readonly planned: Omit<ConditionState, 'type'>;
  /** What serves the tenant now. */
  readonly rows: readonly Pick<ServiceRow, 'service' | 'instance'>[];
  /** Those of them that do not serve. */
  readonly missing: readonly string[];
  readonly moves: readonly Move[];
}

const NAMED = 3;
const AS_DECLARED = { status: 'False', reason: 'AsDeclared', message: '' } as const;

function availability({ missing, planned, rows }: TenantFacts): Omit<ConditionState, 'type'> {
  if (rows.length === 0 && planned.status !== 'True') return { ...planned, status: 'False' };
  if (missing.length === 0) return { status: 'True', reason: 'AsDeclared', message: 'every service is served' };
  const message = `${missing.length} of ${rows.length} services are not available: ${missing.slice(0, NAMED).join(', ')}`;
  return { status: 'False', reason: 'WaitingForRegions', message };
}

function movement({ moves, rows }: TenantFacts): Omit<ConditionState, 'type'> | undefined {
  if (moves.length === 0) return undefined;
  const named = moves.slice(0, NAMED).map(({ message }) => message);
  const more = moves.length > NAMED ? `; and ${moves.length - NAMED} more` : '';
  const message = `${moves.length} of ${rows.length} services move: ${named.join('; ')}${more}`;
  return { status: 'False', reason: 'Moving', message };
}

/**
 * A plan that is whole is only as good as what carries it out. Of one that is not nothing more happens until somebody
 * changes something; what served the tenant before goes on.
 */
export function tenantConditions(facts: TenantFacts): ConditionState[] {
  const { planned } = facts;
  const available = availability(facts);
  if (planned.status !== 'True') {
    return [
      { ...planned, type: 'Ready' },
      { ...AS_DECLARED, type: 'Reconciling' },
      { ...planned, type: 'Stalled', status: 'True' },
      { ...available, type: 'Available' },
    ];
  }
  const stalled: ConditionState = { ...AS_DECLARED, type: 'Stalled' };
  const moving = movement(facts);
  const late = available.status === 'True' ? undefined : available;
  const work = moving ?? late;
  if (!work) {
    return [
      { ...planned, type: 'Ready' },
      { ...AS_DECLARED, type: 'Reconciling' },
      stalled,
      { ...available, type: 'Available' },
    ];
  }
  return [
    { ...work, type: 'Ready', status: 'False' },
    { ...work, type: 'Reconciling', status: 'True', ...(moving ? {} : { reason: 'Progressing' }) },
    stalled,
    { ...available, type: 'Available' },
  ];
}
