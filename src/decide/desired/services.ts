import { FENCED, LABELS } from '../../api/labels.ts';
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

export interface DesiredService {
  readonly apiVersion: 'v1';
  readonly kind: 'Service';
  readonly metadata: DesiredMetadata;
  readonly spec: {
    /** Present for a headless service, and for one without ports, which Kubernetes allows only headless. */
    readonly clusterIP?: 'None';
    readonly selector: Labels;
    readonly ports?: readonly {
      readonly name: string;
      readonly port: number;
      readonly protocol: string;
      readonly targetPort: string;
    }[];
  };
}

/** What a component's Services select: everything, one slot of each pair, or nothing. */
export interface Selection {
  readonly running: boolean;
  /** The selected slot of each pair; a pair that is not there has none selected. */
  readonly slots: readonly ('a' | 'b')[];
}

/** A selector with a value that no pod carries. An empty selector would keep the endpoints that it had. */
const fenced = (selector: Labels): Labels => ({ ...selector, [LABELS.slot]: FENCED });

export function buildService(order: Order, component: ComponentOrder, part: Part, selector: Labels): DesiredService {
  const ports = (component.template.ports ?? []).map(({ name, port, protocol }) => ({
    name,
    port,
    protocol,
    targetPort: name,
  }));
  const metadata = objectMetadata(order, childName(order, component, part), objectLabels(order, component, part));
  const headless = part.headless || ports.length === 0;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ...(headless && { clusterIP: 'None' }), selector, ...(ports.length > 0 && { ports }) },
  };
}

function serving(order: Order, component: ComponentOrder, { running, slots }: Selection): DesiredService[] {
  if (component.layout !== 'Pairs') {
    const selector = selectorLabels(order, component);
    return [buildService(order, component, {}, running ? selector : fenced(selector))];
  }
  return (component.pairs ?? []).map((_, pair) => {
    const slot = running ? slots[pair] : undefined;
    const selector = selectorLabels(order, component, { pair, ...(slot && { slot }) });
    return buildService(order, component, { pair }, slot ? selector : fenced(selector));
  });
}

/**
 * The Services of a component: one, or one for each pair, which selects one slot; for a StatefulSet a headless one too.
 * While the component does not run they select nothing.
 */
export function computeServices(order: Order, component: ComponentOrder, selection: Selection): DesiredService[] {
  const services = serving(order, component, selection);
  if (component.template.workload !== 'StatefulSet') return services;
  const selector = selectorLabels(order, component);
  const part = { headless: true } as const;
  return [...services, buildService(order, component, part, selection.running ? selector : fenced(selector))];
}
