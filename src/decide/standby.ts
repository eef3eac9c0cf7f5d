import type { ComponentOrder, RegionalService, StandbyStatus } from '../api/regional-service.ts';
import type { Component, ServiceClass, StandbySection } from '../api/service-class.ts';
import { isServing, type NodeFacts, type PodFact } from './facts.ts';

/**
 * What runs of a service in a region that stands by: `Cold` nothing, `Warm` and `ReadOnly` a small copy that writes
 * nothing. The copy needs no right and is no part of the authority protocol: it is made of workloads of its own
 * (`desired/standby.ts`), and neither starts, stops nor confirms anything of what does need one.
 */

const TEMPLATE_AS_IT_IS: StandbySection = { instances: 1 };

/**
 * Whether a section may be run of a component. The API servers refuse it otherwise; it is asked again wherever
 * something is made from it, because a writer that runs on standby is the one thing that must not be.
 */
export const writesNothing = ({ writeBearing }: Pick<Component, 'writeBearing'>, section: StandbySection): boolean =>
  !writeBearing || [section.command, section.args, section.env].some((list) => list !== undefined && list.length > 0);

/** How a component runs on standby, at most as large as it would be if it were active; undefined: not at all. */
export function standbyFor(
  component: Component,
  { crossRegion }: Pick<ServiceClass['spec'], 'crossRegion'>,
  planned: number,
): StandbySection | undefined {
  if (crossRegion.mode !== 'Backup' || crossRegion.standby === 'Cold') return undefined;
  const section = component.standby ?? TEMPLATE_AS_IT_IS;
  const instances = Math.min(section.instances, planned);
  return instances > 0 && writesNothing(component, section) ? { ...section, instances } : undefined;
}

/** Instances that run in a region while it stands by. */
export const countStandby = (components: readonly ComponentOrder[]): number =>
  components.reduce((sum, { standby }) => sum + (standby?.instances ?? 0), 0);

/**
 * What is done about the copy of one service in its region:
 * - `Run`: it is made as ordered;
 * - `Keep`: what runs of it goes on, nothing is started;
 * - `Remove`: it goes.
 */
export type StandbyAction = 'Run' | 'Keep' | 'Remove';

type Order = Pick<RegionalService, 'metadata' | 'spec' | 'status'>;

const isConfirmed = ({ spec, status }: Order): boolean => (status?.standbyEpoch ?? 0) >= spec.epoch;

/** By what the region has said of this very epoch: what it said of an earlier one is over. */
const isActiveHere = ({ spec, status }: Order): boolean => status?.phase === 'Active' && status.epoch === spec.epoch;

/**
 * A region that was active begins to stand by only when its stop is confirmed. A region that is promoted goes on serving
 * reads until its active side carries the load: never fewer are up because of a promotion. Both fit, because a region
 * reserves its standby and all that may move in (`region-capacity.ts`).
 */
export function decideStandby(order: Order): StandbyAction {
  if (!order.spec.standby || order.metadata.deletionTimestamp) return 'Remove';
  if (order.spec.role === 'Standby') return isConfirmed(order) ? 'Run' : 'Keep';
  return isActiveHere(order) ? 'Remove' : 'Keep';
}

/**
 * What of the copy is there, by the pods that really run; undefined where nothing of the kind is ordered, and where a
 * region that is to be active has none left.
 */
export function computeStandbyStatus(
  { spec }: Pick<RegionalService, 'spec'>,
  pods: readonly PodFact[],
  nodes: NodeFacts,
): StandbyStatus | undefined {
  if (!spec.standby || (spec.role === 'Active' && pods.length === 0)) return undefined;
  const ready = (name: string): number => pods.filter((pod) => pod.component === name && isServing(pod, nodes)).length;
  const components = spec.components.flatMap(({ name, standby }) =>
    standby && standby.instances > 0 ? [{ name, planned: standby.instances, ready: ready(name) }] : [],
  );
  return { mode: spec.standby, components };
}
