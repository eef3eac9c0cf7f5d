import { FENCED, LABELS } from '../../../src/api/labels.ts';
import { RESOURCES } from '../../../src/api/resources.ts';
import { DNS_ENDPOINT } from '../../../src/hub/traffic.ts';
import {
  DEPLOYMENT,
  NAMESPACE,
  POD,
  POD_DISRUPTION_BUDGET,
  REPLICA_SET,
  SERVICE,
  STATEFUL_SET,
} from '../../../src/kube/kinds.ts';
import { type KubeObject, keyOf, type Resource } from '../../../src/kube/object.ts';
import { HUB } from '../catalogue.ts';
import type { World } from '../world.ts';

/**
 * Everything that stands in the storages and runs on the nodes, in sorted lines, without what may differ between two
 * ways to the same end: epochs, names with a time in them, versions, times, and which of two equal slots serves.
 */
export function stateOf(world: World): string[] {
  const lines = [...hubLines(world)];
  for (const region of world.regions.keys())
    lines.push(...regionLines(world, region).map((line) => `${region}: ${line}`));
  return lines.sort();
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
const conditionsOf = (status: { readonly conditions?: readonly Condition[] | undefined } | undefined): string =>
  (status?.conditions ?? [])
    .map((condition) => `${condition.type}=${condition.status}`)
    .sort()
    .join(' ');
const finalizersOf = ({ metadata }: KubeObject): string => (metadata.finalizers ?? []).join(',') || 'none';
const lifeOf = ({ metadata }: KubeObject): string => (metadata.deletionTimestamp ? ' DELETING' : '');

function hubLines(world: World): string[] {
  return [...instanceLines(world), ...switchLines(world), ...groupLines(world)];
}

function* instanceLines(world: World): Iterable<string> {
  for (const instance of world.kind(HUB, RESOURCES.serviceInstance).list()) {
    const { assignment, placements, weights } = instance.status ?? {};
    yield `instance ${keyOf(instance)}${lifeOf(instance)} in ${assignment?.activeRegion}, then ${assignment?.successors}` +
      ` (${assignment?.onHubLoss}), finalizers ${finalizersOf(instance)}: ${conditionsOf(instance.status)}`;
    for (const { region, role } of placements ?? []) yield `placement ${keyOf(instance)} ${role} in ${region}`;
    for (const { region, weight } of weights ?? []) yield `weight ${keyOf(instance)} ${region} ${weight}`;
  }
}

function* switchLines(world: World): Iterable<string> {
  for (const object of world.kind(HUB, RESOURCES.regionSwitch).list()) {
    const { endTime, servicesTotal = 0 } = object.status ?? {};
    const { abort, region, trigger, type } = object.spec;
    const name = trigger === 'Manual' ? object.metadata.name : 'record';
    // Chance: how far a switch had come when a person aborted it, and whether a record ends before the old side is back.
    const facts = object.status?.conditions?.filter(({ type: fact }) => fact !== 'CleanedUp');
    const reached = abort ? 'aborted' : `${servicesTotal} services: ${conditionsOf({ conditions: facts })}`;
    yield `switch ${name} ${type} ${region} ${endTime ? 'ended' : 'OPEN'}, ${reached}`;
  }
}

function* groupLines(world: World): Iterable<string> {
  for (const tenant of world.kind(HUB, RESOURCES.tenant).list()) {
    yield `tenant ${keyOf(tenant)} finalizers ${finalizersOf(tenant)}: ${conditionsOf(tenant.status)}`;
  }
  for (const group of world.kind(HUB, RESOURCES.iuGroup).list()) {
    yield `group ${keyOf(group)}: ${conditionsOf(group.status)}`;
    for (const region of group.status?.regions ?? []) yield `group says ${region.region} is ${region.state}`;
  }
  for (const { spec, ...object } of world.kind(HUB, DNS_ENDPOINT).list()) {
    const endpoints = spec?.endpoints?.map(({ dnsName, targets }) => `${dnsName}>${targets}`) ?? [];
    yield `traffic ${keyOf(object)}: ${endpoints.sort().join(' ')}`;
  }
}

function regionLines(world: World, region: string): string[] {
  return [...orderLines(world, region), ...workloadLines(world, region), ...runningLines(world, region)];
}

function* orderLines(world: World, region: string): Iterable<string> {
  for (const order of world.kind(region, RESOURCES.regionalService).list()) {
    const { activeRegion, epoch, mode, role, successors } = order.spec;
    const { grantedEpoch, phase, standbyEpoch } = order.status ?? {};
    const instance = world.kind(HUB, RESOURCES.serviceInstance).get(keyOf(order));
    const isNewest = instance?.status?.assignment?.epoch === epoch ? 'the newest' : 'an OLD';
    const proof = mode === 'Backup' ? (role === 'Active' ? grantedEpoch : standbyEpoch) === epoch : 'needless';
    yield `order ${keyOf(order)}${lifeOf(order)} ${role} of ${isNewest} epoch, active in ${activeRegion}, then ${successors}, ` +
      `finalizers ${finalizersOf(order)}, ${phase}, proof ${proof}: ${conditionsOf(order.status)}`;
  }
  const lease = world.kind(region, RESOURCES.regionLease).get(region);
  for (const [name, epoch] of Object.entries(lease?.spec.hub?.grants ?? {})) {
    const assignment = world.kind(HUB, RESOURCES.serviceInstance).get(name)?.status?.assignment;
    yield `right to run ${name} at ${assignment?.epoch === epoch ? 'the newest' : 'an OLD'} epoch`;
  }
}

interface WorkloadShape extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

function* workloadLines(world: World, region: string): Iterable<string> {
  const workloads: readonly Resource<WorkloadShape>[] = [DEPLOYMENT, STATEFUL_SET];
  for (const resource of workloads) {
    for (const object of world.kind(region, resource).list()) {
      const { spec, status } = object;
      yield `${resource.kind} ${keyOf(object)}${lifeOf(object)}: ${status?.readyReplicas ?? 0} of ${spec?.replicas}`;
    }
  }
  for (const service of world.kind(region, SERVICE).list()) {
    const slot = service.spec?.selector?.[LABELS.slot];
    yield `Service ${keyOf(service)}: ${slot === FENCED ? 'closed' : slot === undefined ? 'open' : 'open to one slot'}`;
  }
  for (const resource of [POD_DISRUPTION_BUDGET, NAMESPACE, RESOURCES.region] as readonly Resource[]) {
    for (const object of world.kind(region, resource).list()) {
      yield `${resource.kind} ${keyOf(object)}${lifeOf(object)} finalizers ${finalizersOf(object)}`;
    }
  }
}

function* runningLines(world: World, region: string): Iterable<string> {
  const growing = world
    .kind(region, REPLICA_SET)
    .list()
    .filter(({ spec }) => (spec?.replicas ?? 0) > 0);
  const counted: readonly (readonly [string, readonly string[]])[] = [
    ['runs', (world.regions.get(region)?.cluster.running() ?? []).map(({ labels }) => labels[LABELS.service] ?? '?')],
    ['pods', world.kind(region, POD).list().map(serviceOf)],
    ['replica sets', growing.map(serviceOf)],
  ];
  for (const [what, services] of counted) {
    for (const [service, each] of Map.groupBy(services, (name) => name)) yield `${what} of ${service}: ${each.length}`;
  }
}

const serviceOf = ({ metadata }: KubeObject): string => metadata.labels?.[LABELS.service] ?? '?';

/** What one state has and the other lacks, in words; empty when they are the same. */
export function differencesOf(expected: readonly string[], found: readonly string[]): string[] {
  const [wanted, there] = [countOf(expected), countOf(found)];
  const lines: string[] = [];
  for (const [line, count] of wanted) if ((there.get(line) ?? 0) < count) lines.push(`missing: ${line}`);
  for (const [line, count] of there) if ((wanted.get(line) ?? 0) < count) lines.push(`too much: ${line}`);
  return lines;
}

const countOf = (lines: readonly string[]): Map<string, number> =>
  new Map([...Map.groupBy(lines, (line) => line)].map(([line, each]) => [line, each.length]));
