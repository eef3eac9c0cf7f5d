import type { ComponentOrder } from '../../api/regional-service.ts';
import type { PodTemplate, View } from '../../api/service-class.ts';
import { type GateSettings, withGate } from './gate.ts';
import { isJsonObject, type JsonObject, mergePatch } from './merge-patch.ts';
import { type Labels, type Order, objectLabels, type Part, selectorLabels } from './object.ts';
import { canonicalQuantity } from './quantity.ts';

export interface DesiredContainer {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface DesiredPodSpec {
  readonly containers: readonly DesiredContainer[];
  readonly [field: string]: unknown;
}

export interface DesiredPodTemplate {
  readonly metadata: { readonly labels: Labels };
  readonly spec: DesiredPodSpec;
}

const ZONE_KEY = 'topology.kubernetes.io/zone';
const HOST_KEY = 'kubernetes.io/hostname';
/** How long a pod stays bound to a node that is not ready; the default of Kubernetes is 300 s. */
const NODE_LOST_TOLERATION_SECONDS = 30;

/** What the restricted Pod Security Standard asks for. */
export const POD_SECURITY = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
export const CONTAINER_SECURITY = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

const TOLERATIONS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: NODE_LOST_TOLERATION_SECONDS,
}));

/** The API server leaves empty lists and strings out, so they are not written either. */
const filled = <K extends string, T>(key: K, list: readonly T[] | undefined) =>
  list === undefined || list.length === 0 ? {} : { [key]: list };

type Quantities = NonNullable<NonNullable<PodTemplate['resources']>['requests']>;

function quantities(key: 'requests' | 'limits', { cpu, memory }: Quantities = {}) {
  const values = {
    ...(cpu !== undefined && { cpu: canonicalQuantity(cpu) }),
    ...(memory !== undefined && { memory: canonicalQuantity(memory) }),
  };
  return Object.keys(values).length === 0 ? {} : { [key]: values };
}

function buildContainer(name: string, template: PodTemplate): DesiredContainer {
  const { image, command, args, ports, env, resources } = template;
  return {
    name,
    image,
    ...filled('command', command),
    ...filled('args', args),
    ...filled(
      'ports',
      ports?.map(({ name, port, protocol }) => ({ name, containerPort: port, protocol })),
    ),
    ...filled(
      'env',
      env?.map(({ name, value }) => (value === '' ? { name } : { name, value })),
    ),
    resources: { ...quantities('requests', resources?.requests), ...quantities('limits', resources?.limits) },
    securityContext: CONTAINER_SECURITY,
  };
}

type Expression = JsonObject;
const zoneTerm = (zones: readonly string[]): Expression => ({ key: ZONE_KEY, operator: 'In', values: [...zones] });

/** The terms of a required node affinity are alternatives, so each of them must name the zones. */
function bindTerms(terms: unknown, zones: readonly string[]): JsonObject[] {
  const given = Array.isArray(terms) ? terms.filter(isJsonObject) : [];
  const list: readonly JsonObject[] = given.length > 0 ? given : [{}];
  return list.map((term) => {
    const others = Array.isArray(term['matchExpressions']) ? term['matchExpressions'] : [];
    return { ...term, matchExpressions: [zoneTerm(zones), ...others] };
  });
}

/** `affinity` of the overrides, bound to the zones. */
function bindToZones(affinity: unknown, zones: readonly string[]): JsonObject {
  const given = isJsonObject(affinity) ? affinity : {};
  const node = isJsonObject(given['nodeAffinity']) ? given['nodeAffinity'] : {};
  const required = node['requiredDuringSchedulingIgnoredDuringExecution'];
  const terms = isJsonObject(required) ? required['nodeSelectorTerms'] : undefined;
  return {
    ...given,
    nodeAffinity: {
      ...node,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: bindTerms(terms, zones) },
    },
  };
}

const spreadOver = (topologyKey: string, matchLabels: Labels) => ({
  maxSkew: 1,
  topologyKey,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels },
});

/** Ours first; those of the overrides follow, but for one that would stand in the place of ours (same key and mode). */
function constraintsOf(own: readonly ReturnType<typeof spreadOver>[], overrides: unknown): JsonObject[] {
  const further = Array.isArray(overrides) ? overrides.filter(isJsonObject) : [];
  const replaces = (theirs: JsonObject) =>
    own.some((o) => o.topologyKey === theirs['topologyKey'] && o.whenUnsatisfiable === theirs['whenUnsatisfiable']);
  return [...own, ...further.filter((constraint) => !replaces(constraint))];
}

const isContainer = (value: unknown): value is DesiredContainer =>
  isJsonObject(value) && typeof value['name'] === 'string';

/** The containers of the overrides if they are any, or else our own. */
function containersOf(merged: unknown, own: DesiredContainer): readonly DesiredContainer[] {
  const list = Array.isArray(merged) ? merged.filter(isContainer) : [];
  return list.length > 0 ? list : [own];
}

const VIEW_VARIABLE = 'SWITCHBACK_VIEW';

/** Overrides replace whole containers, so it is told after them. Where all is shown everywhere nobody is told anything. */
function withView(container: DesiredContainer, view: View | undefined): DesiredContainer {
  if (view === undefined) return container;
  const env = Array.isArray(container['env']) ? container['env'].filter(isJsonObject) : [];
  const others = env.filter(({ name }) => name !== VIEW_VARIABLE);
  return { ...container, env: [...others, { name: VIEW_VARIABLE, value: view }] };
}

/** Of which workload a pod is. */
interface Place {
  readonly part: Part;
  readonly zones: readonly string[];
}

/**
 * The pod template of one workload.
 *
 * `overrides` of the class are merged over it (JSON merge patch), but can't touch what redundancy and fencing stand on:
 * labels and selectors (they are no part of the pod spec), the zones (each alternative of a node affinity gets them, and
 * `nodeName`, which would go past the scheduler, is dropped), the spread and the grace period (the stop budget counts on
 * it). Nor can they touch the gate, where there is one (`gate.ts`).
 */
export function buildPodTemplate(
  order: Order,
  component: ComponentOrder,
  { part, zones }: Place,
  gate: GateSettings | undefined,
): DesiredPodTemplate {
  const { overrides = {}, terminationGracePeriodSeconds } = component.template;
  const container = buildContainer(component.name, component.template);
  const own = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
    tolerations: TOLERATIONS,
    containers: [container],
  };
  const { nodeName: _dropped, ...merged } = mergePatch(own, overrides);
  const selector = selectorLabels(order, component, part);
  const spreads = [...(zones.length > 1 ? [spreadOver(ZONE_KEY, selector)] : []), spreadOver(HOST_KEY, selector)];
  const spec = {
    ...merged,
    containers: containersOf(merged['containers'], container).map((one) =>
      one.name === component.name ? withView(one, order.spec.view) : one,
    ),
    affinity: bindToZones(merged['affinity'], zones),
    topologySpreadConstraints: constraintsOf(spreads, merged['topologySpreadConstraints']),
    terminationGracePeriodSeconds,
  };
  return {
    metadata: { labels: objectLabels(order, component, part) },
    spec: gate ? withGate(spec, { order, component, gate, own: container }) : spec,
  };
}
