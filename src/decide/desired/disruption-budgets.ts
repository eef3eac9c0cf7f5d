import type { ComponentOrder } from '../../api/regional-service.ts';
import {
  childName,
  type DesiredMetadata,
  type Labels,
  type Order,
  objectLabels,
  objectMetadata,
  type Part,
  selectorLabels,
} from './object.ts';

export interface DesiredDisruptionBudget {
  readonly apiVersion: 'policy/v1';
  readonly kind: 'PodDisruptionBudget';
  readonly metadata: DesiredMetadata;
  readonly spec: {
    readonly minAvailable: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly unhealthyPodEvictionPolicy: 'AlwaysAllow';
  };
}

function buildBudget(order: Order, component: ComponentOrder, part: Part, least: number): DesiredDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: objectMetadata(order, childName(order, component, part), objectLabels(order, component, part)),
    spec: {
      minAvailable: least,
      selector: { matchLabels: selectorLabels(order, component, part) },
      // A pod that serves nobody must not keep a node from being drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

/**
 * No eviction leaves a component with fewer than it needs, nor a pair with neither slot. A single instance has no
 * budget: with one, its node could never be drained.
 */
export function computeDisruptionBudgets(order: Order, component: ComponentOrder): DesiredDisruptionBudget[] {
  if (component.layout === 'Pairs') {
    return (component.pairs ?? []).map((_, pair) => buildBudget(order, component, { pair }, 1));
  }
  return component.instances > component.needed ? [buildBudget(order, component, {}, component.needed)] : [];
}
