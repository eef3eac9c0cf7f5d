import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifPresent } from '../kube/errors.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { CommandError, EXIT } from './exit.ts';

/** What the hub's API server says, read once. */
export interface Picture {
  readonly groups: readonly IUGroup[];
  readonly classes: readonly ServiceClass[];
  readonly instances: readonly ServiceInstance[];
  readonly switches: readonly RegionSwitch[];
}

/** In the order of their keys. */
export const byKey = <T extends { metadata: { name: string; namespace?: string } }>(items: readonly T[]): T[] =>
  items.toSorted((x, y) => (keyOf(x) < keyOf(y) ? -1 : 1));

/** Everything but the tenants: there may be 10,000 of them. Rejects with the errors of the client. */
export async function readPicture(client: KubeClient): Promise<Picture> {
  const [groups, classes, instances, switches] = await Promise.all([
    listOf(client, RESOURCES.iuGroup),
    listOf(client, RESOURCES.serviceClass),
    listOf(client, RESOURCES.serviceInstance),
    listOf(client, RESOURCES.regionSwitch),
  ]);
  return { groups, classes, instances, switches };
}

const listOf = async <T extends KubeObject>(client: KubeClient, resource: Resource<T>): Promise<T[]> =>
  byKey((await client.list(resource)).items);

/** The groups alone. Rejects with the errors of the client. */
export const readGroups = async (client: KubeClient): Promise<Pick<Picture, 'groups'>> => ({
  groups: await listOf(client, RESOURCES.iuGroup),
});

/** @throws CommandError when there is none of that name */
export async function readSwitch(client: KubeClient, name: string): Promise<RegionSwitch> {
  const found = await ifPresent(client.read(RESOURCES.regionSwitch, { name }));
  if (!found) throw new CommandError(`there is no RegionSwitch ${name}`);
  return found;
}

/** Instances of a group. */
export const instancesOf = ({ instances }: Pick<Picture, 'instances'>, group: string): readonly ServiceInstance[] =>
  instances.filter(({ spec }) => spec.iuGroupRef.name === group);

/**
 * The group that is meant: the named one, or the only one there is.
 *
 * @throws CommandError when there is none of that name, or several and none was named
 */
export function chooseGroup({ groups }: Pick<Picture, 'groups'>, name: string | undefined): IUGroup {
  const names = groups.map(({ metadata }) => metadata.name).join(', ');
  if (name !== undefined) {
    const group = groups.find(({ metadata }) => metadata.name === name);
    if (group) return group;
    throw new CommandError(
      `there is no IU group ${name}; there ${groups.length === 1 ? 'is' : 'are'} ${names || 'none'}`,
    );
  }
  const [group, ...others] = groups;
  if (!group) throw new CommandError('there is no IU group on this cluster: is it the hub? (--context)');
  if (others.length > 0) throw new CommandError(`say which group with --group: ${names}`, EXIT.usage);
  return group;
}

/** @throws CommandError when the group has no such region */
export function requireRegion(group: IUGroup, region: string): void {
  const regions = group.spec.infrastructureUnits.map((unit) => unit.region);
  if (regions.includes(region)) return;
  throw new CommandError(
    `IU group ${group.metadata.name} has no region ${region}; it has ${regions.join(', ')}`,
    EXIT.usage,
  );
}

/** `namespace/name`, or a name that only one object has. @throws CommandError when none or several are meant */
export function chooseByName<T extends { metadata: { name: string; namespace?: string } }>(
  kind: string,
  objects: readonly T[],
  asked: string,
): T {
  const found = objects.filter((object) => keyOf(object) === asked || object.metadata.name === asked);
  const exact = found.find((object) => keyOf(object) === asked);
  const [first, ...others] = found;
  if (exact) return exact;
  if (first && others.length === 0) return first;
  if (!first) throw new CommandError(`there is no ${kind} ${asked}`);
  throw new CommandError(`${asked} may be ${found.map(keyOf).join(' or ')}: say which`, EXIT.usage);
}
