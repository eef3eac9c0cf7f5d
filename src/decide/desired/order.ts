import { API_VERSION } from '../../api/common.ts';
import { FENCE_FINALIZER, LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { ComponentOrder, KeptEmpty, RegionalService } from '../../api/regional-service.ts';
import type { ServiceClass } from '../../api/service-class.ts';
import type { Assignment, ServiceInstance } from '../../api/service-instance.ts';
import { regionsOf } from '../assignment.ts';
import { computeHandOver, type RegionSaid } from '../hand-over.ts';
import { inForce } from '../mode-change.ts';

/**
 * What one region is told about one service:
 * - `Apply`: the order that must stand there;
 * - `Delete`: the region has no place for it any more, and is known to be stopped;
 * - `Keep`: what stands there is left as it is for now, although it has no place: look again;
 * - `Wait`: an order must stand there, but only when none stands in the regions that are named;
 * - `None`: nothing stands there and nothing has to.
 */
export type RegionalOrder =
  | { readonly kind: 'Apply'; readonly object: RegionalService }
  | { readonly kind: 'Delete' }
  | { readonly kind: 'Keep' }
  | { readonly kind: 'Wait'; readonly for: readonly string[] }
  | { readonly kind: 'None' };

export interface OrderInput {
  readonly instance: ServiceInstance;
  readonly serviceClass: ServiceClass;
  readonly assignment: Assignment;
  readonly region: string;
  /** Planned for this region; undefined when the plan was refused: then what stands there is left as it is. */
  readonly components: readonly ComponentOrder[] | undefined;
  /** The order that stands in the region now. */
  readonly present: RegionalService | undefined;
  /** Other regions that hold an order for the service, or may hold one. */
  readonly elsewhere: readonly string[];
  /** Whether the plan leaves the region out: then nothing runs there on standby either. */
  readonly placeless?: boolean;
  /** Of a service that serves in several regions: whether it still needs this one, which has no place. Absent: no. */
  readonly isStillServing?: boolean;
  /** Whether every other region of the service has confirmed that it stands by at the epoch of the assignment. */
  readonly othersStandBy: boolean;
  /** Whether the region has been given the right for the epoch of the assignment. */
  readonly hasRight?: boolean;
  /** The zone of the region that a drill keeps empty; absent: none. */
  readonly keptEmpty?: KeptEmpty | undefined;
  /** What every region of the service has said of it; asked for only where it has data stores that are handed over. */
  readonly said: readonly RegionSaid[];
}

/**
 * Whether the region has an order: it has a place, something may still run there, or the history names it. While it
 * does, no promotion can do without the confirmation of that region (`canPromote`), so it is asked for one although no
 * order may ever have reached it, and what it has confirmed is kept.
 */
function isConcerned(input: OrderInput): boolean {
  const { assignment, instance, present, region, serviceClass } = input;
  const mode = serviceClass.spec.crossRegion.mode;
  // Where it was decided to be: the primary region, as soon as that can have it.
  if (mode === 'None') return region === assignment.activeRegion;
  if (regionsOf(instance).includes(region)) return true;
  if (mode === 'Active') return false;
  if (assignment.history.some((entry) => entry.region === region)) return true;
  return present !== undefined && (present.status?.standbyEpoch ?? 0) < assignment.epoch;
}

/**
 * A service that is active in one region only has no right to wait for: where its primary region was changed, the new
 * one is told nothing before every other one is known to hold no order.
 */
const mustWait = ({ elsewhere, present, serviceClass }: OrderInput): boolean =>
  serviceClass.spec.crossRegion.mode === 'None' && present === undefined && elsewhere.length > 0;

/**
 * What runs without a right becomes what needs one only when it has it: until then its order stays as it is. Nobody else
 * is promoted meanwhile, because the history says that it may be running, in favour of none.
 */
const mustHaveRight = ({ assignment, hasRight, present, region, serviceClass }: OrderInput): boolean =>
  serviceClass.spec.crossRegion.mode === 'Backup' &&
  region === assignment.activeRegion &&
  present?.spec.mode === 'None' &&
  !hasRight;

/** An order of the other protocol is not rewritten: it ends, with all that belongs to it, and a new one is made. */
const isOfOtherProtocol = ({ present, serviceClass }: OrderInput): boolean => {
  const modes = [present?.spec.mode, serviceClass.spec.crossRegion.mode];
  return modes.includes('Active') && modes.includes('Backup');
};

/**
 * Made from an assignment that this hub does not know: it was restored, and is about to adopt it. Until then it is not for
 * this one to say, by the mode of a class that may be another one by now, that the region has no place.
 */
const isAhead = ({ assignment, present }: OrderInput): boolean => (present?.spec.epoch ?? 0) > assignment.epoch;

/** Only the region that is to run it asks; what was once told stays, because it stays true. */
function othersStandbyEpoch({ assignment, othersStandBy, present, serviceClass }: OrderInput, isActive: boolean) {
  const isBackup = serviceClass.spec.crossRegion.mode === 'Backup';
  if (isBackup && isActive && othersStandBy) return { othersStandbyEpoch: assignment.epoch };
  const told = present?.spec.othersStandbyEpoch;
  return told === undefined ? {} : { othersStandbyEpoch: told };
}

function standbyIn({ placeless, serviceClass }: OrderInput): Pick<RegionalService['spec'], 'standby'> {
  const { mode, standby } = serviceClass.spec.crossRegion;
  return mode !== 'Backup' || placeless || standby === 'Cold' ? {} : { standby };
}

/**
 * Said only where a secondary region shows less. The pods of the primary region are told nothing, so that a class that
 * begins to show something elsewhere starts none of them anew.
 */
function viewIn({ instance, region, serviceClass }: OrderInput): Pick<RegionalService['spec'], 'view'> {
  const { mode, view } = serviceClass.spec.crossRegion;
  return mode === 'None' || view === 'Full' || region === instance.spec.primaryRegion ? {} : { view };
}

/** Data stores that this operator hands over. Without any of them the order says nothing about it. */
function handOverOf({ assignment, present, region, said, serviceClass }: OrderInput) {
  const { crossRegion, dataStores = [] } = serviceClass.spec;
  const stores = dataStores.flatMap(({ driver, hooks, name }) =>
    driver === 'None' ? [] : [{ name, driver, ...(hooks ? { hooks } : {}) }],
  );
  if (crossRegion.mode !== 'Backup' || stores.length === 0) return {};
  const { activeSinceEpoch, beganIn, cameFrom, handOver, tokens } = computeHandOver(region, assignment, said, present);
  const objective = crossRegion.objectives?.dataLossSeconds;
  return {
    activeSinceEpoch,
    ...(cameFrom === undefined ? {} : { cameFrom }),
    ...(beganIn === undefined ? {} : { beganIn }),
    ...(handOver === undefined ? {} : { handOver }),
    dataStores: stores.map((store) => {
      const promotionToken = tokens.get(store.name);
      return {
        ...store,
        ...(promotionToken === undefined ? {} : { promotionToken }),
        ...(objective === undefined ? {} : { lossObjectiveSeconds: objective }),
      };
    }),
  };
}

/** What becomes of an order where the service has no place any more. */
function withoutPlace({ isStillServing, present, serviceClass }: OrderInput): RegionalOrder {
  if (!present) return { kind: 'None' };
  const isNeeded = isStillServing === true && serviceClass.spec.crossRegion.mode === 'Active';
  return { kind: isNeeded && !present.metadata.deletionTimestamp ? 'Keep' : 'Delete' };
}

export function computeOrder(asked: OrderInput): RegionalOrder {
  const input = { ...asked, serviceClass: inForce(asked.serviceClass, asked.assignment) };
  const { assignment, instance, present, region, serviceClass } = input;
  if (isAhead(input)) return { kind: 'Wait', for: ['the assignment that the order there was made from'] };
  if (!isConcerned(input)) return withoutPlace(input);
  if (isOfOtherProtocol(input)) return { kind: 'Delete' };
  if (mustHaveRight(input)) return { kind: 'Wait', for: [`the right of ${region} at epoch ${assignment.epoch}`] };
  if (mustWait(input)) return { kind: 'Wait', for: input.elsewhere };
  const components = input.components ?? present?.spec.components;
  if (!components) return { kind: 'None' };
  const mode = serviceClass.spec.crossRegion.mode;
  const isActive = mode !== 'Backup' || region === assignment.activeRegion;
  const { name, namespace = '' } = instance.metadata;
  const { fencing } = serviceClass.spec;
  return {
    kind: 'Apply',
    object: {
      apiVersion: API_VERSION,
      kind: 'RegionalService',
      metadata: {
        name,
        namespace,
        labels: {
          [LABELS.managedBy]: MANAGED_BY,
          [LABELS.serviceClass]: instance.spec.serviceClassRef.name,
          [LABELS.iuGroup]: instance.spec.iuGroupRef.name,
        },
        finalizers: [FENCE_FINALIZER],
      },
      spec: {
        serviceClass: instance.spec.serviceClassRef.name,
        mode,
        role: isActive ? 'Active' : 'Standby',
        epoch: assignment.epoch,
        activeRegion: assignment.activeRegion,
        successors: assignment.successors,
        onHubLoss: assignment.onHubLoss,
        ...othersStandbyEpoch(input, isActive),
        ...(fencing ? { fencing } : {}),
        ...standbyIn(input),
        ...viewIn(input),
        components: [...components],
        ...(isActive && input.keptEmpty ? { keptEmpty: input.keptEmpty } : {}),
        ...handOverOf(input),
      },
    },
  };
}
