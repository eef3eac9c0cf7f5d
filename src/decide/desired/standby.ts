import { LABELS, STANDBY_SERVICE } from '../../api/labels.ts';
import type { ComponentOrder } from '../../api/regional-service.ts';
import type { PodTemplate, StandbySection } from '../../api/service-class.ts';
import { writesNothing } from '../standby.ts';
import { composePatches, isJsonObject, type JsonObject } from './merge-patch.ts';
import { type Order, selectorLabels } from './object.ts';
import type { DesiredContainer, DesiredPodSpec } from './pod.ts';
import { buildService, type DesiredService } from './services.ts';
import { buildWorkload, type DesiredWorkload, workloadName } from './workloads.ts';

const PART = { standby: true } as const;

export interface StandbyChildren {
  readonly workloads: readonly DesiredWorkload[];
  readonly services: readonly DesiredService[];
}

type StandbyComponent = ComponentOrder & { readonly standby: StandbySection };

const runsOnStandby = (component: ComponentOrder): component is StandbyComponent =>
  component.standby !== undefined && component.standby.instances > 0 && writesNothing(component, component.standby);

export const standbyComponents = ({ spec }: Order): StandbyComponent[] =>
  spec.standby ? spec.components.filter(runsOnStandby).toSorted((x, y) => (x.name < y.name ? -1 : 1)) : [];

/**
 * The copy of a service that runs while its region stands by: one workload for each component, and with `ReadOnly` a
 * Service for each that has ports. All of it has names and labels of its own. None of it carries the name of the service
 * in the label that fences, budgets and the Services of the active side select by, so none of these can mean it; and
 * what it selects itself no active pod carries.
 */
export function computeStandby(order: Order): StandbyChildren {
  const components = standbyComponents(order);
  return {
    workloads: components.map((component) => buildStandby(order, component)),
    services: components.flatMap((component) => servicesOf(order, component)),
  };
}

function buildStandby(order: Order, component: StandbyComponent): DesiredWorkload {
  const { standby, template, zones, writeBearing } = component;
  const small: ComponentOrder = {
    ...component,
    layout: 'Spread',
    // It writes nothing, so no gate stands in front of it.
    writeBearing: false,
    template: standbyTemplate(template, standby, writeBearing),
  };
  const piece = { part: PART, instances: standby.instances, zones: zones.map(({ zone }) => zone) };
  const workload = buildWorkload(order, small, piece, { running: true, gate: undefined });
  const pod = workload.spec.template;
  const spec = withSection(pod.spec, component, small.template);
  const withPod = { ...pod, spec };
  return workload.kind === 'Deployment'
    ? { ...workload, spec: { ...workload.spec, template: withPod } }
    : { ...workload, spec: { ...workload.spec, template: withPod } };
}

type Env = NonNullable<PodTemplate['env']>;

const mergeEnv = (base: Env = [], over: Env = []): Env => [
  ...base.filter(({ name }) => !over.some((one) => one.name === name)),
  ...over,
];

/** The template with the section over it. Arguments go with their command, as the kubelet has it. */
function standbyTemplate(template: PodTemplate, section: StandbySection, writeBearing: boolean): PodTemplate {
  const { args: _args, command: _command, overrides, ...rest } = template;
  const isOwnCommand = section.command !== undefined && section.command.length > 0;
  const command = isOwnCommand ? section.command : template.command;
  const args = section.args ?? (isOwnCommand ? undefined : template.args);
  const merged = overridesOf(overrides, section, writeBearing);
  return {
    ...rest,
    ...(command && { command }),
    ...(args && { args }),
    env: mergeEnv(template.env, section.env),
    ...((section.resources ?? template.resources) && { resources: section.resources ?? template.resources }),
    ...(merged && { overrides: merged }),
  };
}

/**
 * What the overrides of a write-bearing component start beside it, or in its place, was written for the active side: it
 * runs on standby only where the section says so itself.
 */
function overridesOf(theirs: JsonObject | undefined, section: StandbySection, writeBearing: boolean) {
  const { containers, initContainers, ...others } = theirs ?? {};
  const kept = writeBearing ? others : (theirs ?? {});
  const merged = section.overrides ? composePatches(kept, section.overrides) : kept;
  return Object.keys(merged).length > 0 ? { ...merged } : undefined;
}

const named = (list: unknown): readonly JsonObject[] => (Array.isArray(list) ? list.filter(isJsonObject) : []);

/** Overrides replace whole containers: what the section says of the component's own one stands above them. */
function withSection(spec: DesiredPodSpec, { name, standby }: StandbyComponent, template: PodTemplate): DesiredPodSpec {
  const filled = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;
  const over = (container: DesiredContainer): DesiredContainer => {
    const { args, command, env, ...rest } = container;
    const theirs = named(env).filter((one) => !standby.env?.some((own) => own.name === one['name']));
    const own = (standby.env ?? []).map((one) => (one.value === '' ? { name: one.name } : one));
    const merged = [...theirs, ...own];
    const isCommand = filled(standby.command);
    const isArgs = isCommand || filled(standby.args);
    return {
      ...rest,
      ...(isCommand ? { command: template.command } : command !== undefined && { command }),
      ...(isArgs ? filled(template.args) && { args: template.args } : args !== undefined && { args }),
      ...(merged.length > 0 && { env: merged }),
    };
  };
  return { ...spec, containers: spec.containers.map((one) => (one.name === name ? over(one) : one)) };
}

function servicesOf(order: Order, component: StandbyComponent): DesiredService[] {
  const hasPorts = (component.template.ports ?? []).length > 0;
  const readers = order.spec.standby === 'ReadOnly' && hasPorts;
  const headless = component.template.workload === 'StatefulSet';
  const selector = selectorLabels(order, component, PART);
  return [
    ...(readers ? [buildService(order, component, { ...PART, readOnly: true }, selector)] : []),
    ...(headless ? [buildService(order, component, { ...PART, headless: true }, selector)] : []),
  ];
}

/** A pod as far as its owner is told from it. */
interface OwnedPod {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
}

/**
 * Tells pods that are certain to be of the copy from all others: by both labels, and by the workload that made them,
 * which must be one that the order names. Whatever it does not know is none.
 */
export function standbyPodsOf(order: Order): (pod: OwnedPod) => boolean {
  const { name } = order.metadata;
  const components = standbyComponents(order);
  const namesOf = (kind: 'Deployment' | 'StatefulSet'): ReadonlySet<string> =>
    new Set(
      components
        .filter(({ template }) => template.workload === kind)
        .map((component) => workloadName(order, component, PART)),
    );
  const [deployments, statefulSets] = [namesOf('Deployment'), namesOf('StatefulSet')];
  return ({ metadata: { labels = {}, ownerReferences = [] } }) => {
    if (labels[LABELS.service] !== STANDBY_SERVICE || labels[LABELS.standbyOf] !== name) return false;
    const owner = ownerReferences.find(({ controller }) => controller === true);
    if (owner?.kind === 'StatefulSet') return statefulSets.has(owner.name);
    // `<deployment>-<hash>` is what the Deployment controller calls its replica sets.
    return owner?.kind === 'ReplicaSet' && deployments.has(owner.name.replace(/-[^-]+$/, ''));
  };
}
