import type { ComponentOrder } from '../../api/regional-service.ts';
import { type GateSettings, needsGate } from './gate.ts';
import {
  childName,
  type DesiredMetadata,
  type Labels,
  MAX_STATEFUL_SET_NAME,
  type Order,
  objectLabels,
  objectMetadata,
  type Part,
  selectorLabels,
} from './object.ts';
import { buildPodTemplate, type DesiredPodTemplate } from './pod.ts';

interface WorkloadSpec {
  readonly replicas: number;
  readonly revisionHistoryLimit: number;
  readonly selector: { readonly matchLabels: Labels };
  readonly template: DesiredPodTemplate;
}

export interface DesiredDeployment {
  readonly apiVersion: 'apps/v1';
  readonly kind: 'Deployment';
  readonly metadata: DesiredMetadata;
  readonly spec: WorkloadSpec & {
    readonly strategy:
      | { readonly type: 'Recreate' }
      | {
          readonly type: 'RollingUpdate';
          readonly rollingUpdate: { readonly maxSurge: number; readonly maxUnavailable: number };
        };
  };
}

export interface DesiredStatefulSet {
  readonly apiVersion: 'apps/v1';
  readonly kind: 'StatefulSet';
  readonly metadata: DesiredMetadata;
  readonly spec: WorkloadSpec & {
    readonly serviceName: string;
    readonly podManagementPolicy: 'Parallel';
    readonly updateStrategy: { readonly type: 'RollingUpdate' };
  };
}

export type DesiredWorkload = DesiredDeployment | DesiredStatefulSet;

/** One workload of a component: its part, its size when it runs, and the zones that it may stand in. */
interface Piece {
  readonly part: Part;
  readonly instances: number;
  readonly zones: readonly string[];
}

const REVISIONS = 2;

/** What has a zone of its own is at zero in one that is kept empty; what may stand in several may not in that one. */
function piecesOf(component: ComponentOrder, emptyZone: string | undefined): Piece[] {
  const sizeIn = (zone: string, instances: number): number => (zone === emptyZone ? 0 : instances);
  switch (component.layout) {
    case 'PerZone':
      return component.zones.map(({ zone, instances }) => ({
        part: { zone },
        instances: sizeIn(zone, instances),
        zones: [zone],
      }));
    case 'Spread':
      return [{ part: {}, instances: component.instances, zones: zonesWithout(component, emptyZone) }];
    case 'Pairs':
      return (component.pairs ?? []).flatMap(({ a, b }, pair) => [
        { part: { pair, slot: 'a' as const }, instances: sizeIn(a, 1), zones: [a] },
        { part: { pair, slot: 'b' as const }, instances: sizeIn(b, 1), zones: [b] },
      ]);
  }
}

/** Never none at all. */
function zonesWithout({ zones }: ComponentOrder, emptyZone: string | undefined): string[] {
  const all = zones.map(({ zone }) => zone);
  const rest = all.filter((zone) => zone !== emptyZone);
  return rest.length > 0 ? rest : all;
}

/**
 * A slot, and a single instance that writes, must not run twice even during an upgrade: the old one ends first. Of all
 * others a new one is ready before an old one goes.
 */
function strategyOf({ layout, pattern, writeBearing }: ComponentOrder): DesiredDeployment['spec']['strategy'] {
  const alone = layout === 'Pairs' || (pattern === 'A' && writeBearing);
  return alone ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
}

/** What the workloads of an order have in common. */
interface WorkloadState {
  /** Not running means present with 0 replicas. */
  readonly running: boolean;
  /** Undefined where the region has none. */
  readonly gate: GateSettings | undefined;
  /** The zone in which nothing of it stands now, for a drill; absent: none. */
  readonly emptyZone?: string | undefined;
}

export const workloadName = (order: Order, component: ComponentOrder, part: Part): string =>
  childName(order, component, part, component.template.workload === 'StatefulSet' ? MAX_STATEFUL_SET_NAME : undefined);

export function buildWorkload(
  order: Order,
  component: ComponentOrder,
  piece: Piece,
  state: WorkloadState,
): DesiredWorkload {
  const { part, instances } = piece;
  const stateful = component.template.workload === 'StatefulSet';
  const name = workloadName(order, component, part);
  const metadata = objectMetadata(order, name, objectLabels(order, component, part));
  const spec: WorkloadSpec = {
    replicas: state.running ? instances : 0,
    revisionHistoryLimit: REVISIONS,
    selector: { matchLabels: selectorLabels(order, component, part) },
    template: buildPodTemplate(order, component, piece, needsGate(order, component) ? state.gate : undefined),
  };
  if (!stateful) {
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { ...spec, strategy: strategyOf(component) } };
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      ...spec,
      serviceName: childName(order, component, { ...(part.standby && { standby: true }), headless: true }),
      // Instances back each other up, so none waits for another.
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
    },
  };
}

/**
 * The workloads of a component: one for each zone (`PerZone`), one that may stand in all of them (`Spread`), one for
 * each slot (`Pairs`; both slots run, the Service selects one). None where a gate is needed and the region has none:
 * then there is nothing that anybody could start without it.
 */
export function computeWorkloads(order: Order, component: ComponentOrder, state: WorkloadState): DesiredWorkload[] {
  if (needsGate(order, component) && !state.gate) return [];
  return piecesOf(component, state.emptyZone).map((piece) => buildWorkload(order, component, piece, state));
}
