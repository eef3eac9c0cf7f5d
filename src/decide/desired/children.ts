import type { Slot } from '../slot.ts';
import { computeDisruptionBudgets, type DesiredDisruptionBudget } from './disruption-budgets.ts';
import { type GateSettings, lacksGate } from './gate.ts';
import type { Order } from './object.ts';
import { computeServices, type DesiredService } from './services.ts';
import { computeWorkloads, type DesiredWorkload } from './workloads.ts';

export interface ChildrenState {
  /** Whether the service may run here now. When not, everything is present, at 0 and selecting nothing. */
  readonly running: boolean;
  /** Selected slots by component, by pair, as `chooseSlot` said. A pair without one selects nothing. */
  readonly selected: ReadonlyMap<string, readonly Slot[]>;
  /** What the gates of the region are made from; undefined where it has none. */
  readonly gate: GateSettings | undefined;
  /** The zone in which nothing of it stands now, for a drill; absent: none. */
  readonly emptyZone?: string | undefined;
}

export interface Children {
  readonly workloads: readonly DesiredWorkload[];
  readonly services: readonly DesiredService[];
  readonly pdbs: readonly DesiredDisruptionBudget[];
}

/**
 * Everything that an order wants in its region. Names are unique for each kind, at most 63 characters and independent of
 * the order of the components. No field is given that the API server would store otherwise. Nothing of an order runs
 * that asks for gates where the region has none.
 */
export function computeChildren(order: Order, { emptyZone, gate, selected, ...state }: ChildrenState): Children {
  const running = state.running && !lacksGate(order, gate);
  const components = order.spec.components.toSorted((x, y) => (x.name < y.name ? -1 : 1));
  return {
    workloads: components.flatMap((component) => computeWorkloads(order, component, { running, gate, emptyZone })),
    services: components.flatMap((component) =>
      computeServices(order, component, { running, slots: selected.get(component.name) ?? [] }),
    ),
    pdbs: components.flatMap((component) => computeDisruptionBudgets(order, component)),
  };
}
