import type { ComponentOrder } from '../../api/regional-service.ts';
import { isJsonObject, type JsonObject } from './merge-patch.ts';
import type { Order } from './object.ts';
import type { DesiredContainer, DesiredPodSpec } from './pod.ts';

/** Where the gate comes from and whom it asks: the same for all services of a region. */
export interface GateSource {
  /** By digest. Its folder `/switchback-gate` holds all that the gate needs, see `ENTRY`. */
  readonly image: string;
  /** `ImageVolume`: the image is mounted. `InitContainer`: a container of the image copies the folder first. */
  readonly delivery: 'ImageVolume' | 'InitContainer';
  /** Where agents answer, `https://host:port`. */
  readonly agents: readonly string[];
  /** What the certificates of agents carry, where it is not the host. */
  readonly serverName?: string;
}

export interface GateSettings extends GateSource {
  readonly askEveryMs: number;
}

/** The Secret of the client certificate, in each namespace that holds a service with gates. */
export const GATE_SECRET = 'switchback-gate';

const FOLDER = '/switchback-gate';
/** Belongs to the gate: mounts of the overrides at this path or below would be mounts over it, so they are dropped. */
const ROOT = '/switchback';
/** The root of the image, or what stands for it: the folder has the same path below it in both deliveries. */
const IMAGE_PATH = `${ROOT}/image`;
const TLS_PATH = `${ROOT}/tls`;
const FILES = `${IMAGE_PATH}${FOLDER}`;
/** A Node that runs in any container (linked statically), and the program. */
const ENTRY = [`${FILES}/node`, `${FILES}/src/main.ts`, 'gate'];

const FILES_VOLUME = 'switchback-gate-files';
const TLS_VOLUME = 'switchback-gate-tls';
const COPIER = 'switchback-gate';

/** Whether a gate stands in front of the processes of the component. */
export const needsGate = ({ spec }: Order, { writeBearing }: ComponentOrder): boolean =>
  spec.fencing === 'Gate' && writeBearing;

/** Whether the order cannot be run as it says, because the region has no settings for the gates that it asks for. */
export const lacksGate = (order: Order, gate: GateSettings | undefined): boolean =>
  gate === undefined && order.spec.components.some((component) => needsGate(order, component));

export interface Gated {
  readonly order: Order;
  readonly component: ComponentOrder;
  readonly gate: GateSettings;
  /** The container of the component as the operator makes it. */
  readonly own: DesiredContainer;
}

/**
 * The pod with a gate in front of the container that is named after the component. Overrides are merged before, so they
 * cannot take it away:
 * - Where they replace the list of containers, the gate stands in front of theirs of that name, with their command if
 *   they have one; where they have none of that name, the operator's own is put back. Their other containers are started
 *   by the kubelet as ever, right or no right: they are their owner's affair.
 * - The process namespace stays that of the container (no `shareProcessNamespace`, no `hostPID`): the gate is its first
 *   process, and when that ends the kernel ends all others.
 * - `lifecycle.postStart` is dropped: the kubelet would start it beside the gate, before there is a right.
 * - Nothing is mounted over the files and the certificate of the gate.
 */
export function withGate(spec: DesiredPodSpec, gated: Gated): DesiredPodSpec {
  const { shareProcessNamespace: _shared, hostPID: _host, ...rest } = spec;
  const { component, gate, own } = gated;
  const isGated = ({ name }: DesiredContainer): boolean => name === component.name;
  const containers = spec.containers.some(isGated) ? spec.containers : [own, ...spec.containers];
  const copies = gate.delivery === 'InitContainer';
  const initContainers = withOurs(copies ? [buildCopier(gated)] : [], spec['initContainers']);
  return {
    ...rest,
    ...(initContainers.length > 0 && { initContainers }),
    containers: containers.map((container) => (isGated(container) ? gateContainer(container, gated) : container)),
    volumes: withOurs(volumesOf(gate), spec['volumes']),
  };
}

type Named = JsonObject & { readonly name: string };

/** Ours first, then those of the overrides that have other names. */
function withOurs(ours: readonly Named[], theirs: unknown): readonly JsonObject[] {
  const names: readonly unknown[] = ours.map(({ name }) => name);
  const others = Array.isArray(theirs) ? theirs.filter(isJsonObject) : [];
  return [...ours, ...others.filter(({ name }) => !names.includes(name))];
}

const volumesOf = ({ delivery, image }: GateSettings): readonly Named[] => [
  { name: FILES_VOLUME, ...(delivery === 'ImageVolume' ? { image: { reference: image } } : { emptyDir: {} }) },
  { name: TLS_VOLUME, secret: { secretName: GATE_SECRET } },
];

/** Copies with the Node of the image: it need hold no shell and no other program. */
const buildCopier = ({ gate, own }: Gated): Named => ({
  name: COPIER,
  image: gate.image,
  command: [`${FOLDER}/node`, '-e', `require('node:fs').cpSync('${FOLDER}', '${FILES}', { recursive: true })`],
  resources: { requests: { cpu: '10m', memory: '64Mi' } },
  securityContext: own['securityContext'],
  volumeMounts: [{ name: FILES_VOLUME, mountPath: IMAGE_PATH }],
});

function gateContainer(container: DesiredContainer, gated: Gated): DesiredContainer {
  const { args: _args, command: _command, lifecycle, readinessProbe, volumeMounts, ...rest } = container;
  const probe = readinessProbe ?? probeOf(container);
  return {
    ...rest,
    command: [...gateCommand(gated), ...commandOf(container, gated.component)],
    ...(isJsonObject(lifecycle) && withoutPostStart(lifecycle)),
    ...(probe !== undefined && { readinessProbe: probe }),
    volumeMounts: [
      { name: FILES_VOLUME, mountPath: IMAGE_PATH, readOnly: true },
      { name: TLS_VOLUME, mountPath: TLS_PATH, readOnly: true },
      ...(Array.isArray(volumeMounts) ? volumeMounts.filter((mount) => !isOverGate(mount)) : []),
    ],
  };
}

function gateCommand({ component, gate, order }: Gated): readonly string[] {
  const { name, namespace = 'default' } = order.metadata;
  return [
    ...ENTRY,
    '--service',
    `${namespace}/${name}`,
    ...gate.agents.flatMap((url) => ['--agent', url]),
    ...(gate.serverName === undefined ? [] : ['--server-name', gate.serverName]),
    '--ca',
    `${TLS_PATH}/ca.crt`,
    '--cert',
    `${TLS_PATH}/tls.crt`,
    '--key',
    `${TLS_PATH}/tls.key`,
    // As long as the kubelet would give it: the stop budget counts on it.
    '--grace-seconds',
    `${component.template.terminationGracePeriodSeconds}`,
    '--ask-every-seconds',
    `${gate.askEveryMs / 1000}`,
    '--',
  ];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * What the gate starts. Arguments go with their command, as the kubelet has it: those of the template are not for a
 * command of the overrides. Without any command the gate ends with what is wrong, and nothing is started.
 */
function commandOf({ args, command }: DesiredContainer, { template }: ComponentOrder): readonly unknown[] {
  const theirs = listOf(command);
  return theirs.length > 0
    ? [...theirs, ...listOf(args)]
    : [...(template.command ?? []), ...listOf(args ?? template.args)];
}

/** A container without a probe is ready when it runs, and this one runs while it waits for its right. */
function probeOf({ ports }: DesiredContainer): JsonObject | undefined {
  const isTcp = ({ protocol = 'TCP' }: JsonObject): boolean => protocol === 'TCP';
  const port = listOf(ports).filter(isJsonObject).find(isTcp)?.['containerPort'];
  return port === undefined ? undefined : { tcpSocket: { port }, periodSeconds: 1 };
}

function withoutPostStart({ postStart: _dropped, ...lifecycle }: JsonObject): JsonObject {
  return Object.keys(lifecycle).length === 0 ? {} : { lifecycle };
}

function isOverGate(mount: unknown): boolean {
  const path = isJsonObject(mount) ? mount['mountPath'] : undefined;
  return typeof path === 'string' && `${path}/`.replaceAll(/\/+/g, '/').startsWith(`${ROOT}/`);
}
