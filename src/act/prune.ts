import type { Children } from '../decide/desired/children.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifPresent } from '../kube/errors.ts';
import { DEPLOYMENT, SERVICE, STATEFUL_SET } from '../kube/kinds.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import type { ServicePicture } from '../observe/service-picture.ts';

/** Deletes workloads and Services of a service that its order does not name any more: a component or zone that went. */
export async function pruneChildren(
  client: KubeClient,
  picture: Pick<ServicePicture, 'deployments' | 'statefulSets' | 'services'>,
  children: Pick<Children, 'workloads' | 'services'>,
  signal: AbortSignal,
): Promise<void> {
  const wanted = new Set(
    [...children.workloads, ...children.services].map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  );
  const remove = async (resource: Resource, { metadata }: KubeObject): Promise<void> => {
    if (wanted.has(`${resource.kind}/${metadata.name}`) || metadata.deletionTimestamp) return;
    const { name, namespace = '', uid } = metadata;
    const options = { signal, ...(uid ? { preconditions: { uid } } : {}) };
    await ifPresent(client.delete(resource, { name, namespace }, options));
  };
  await Promise.all([
    ...picture.deployments.map((object) => remove(DEPLOYMENT, object)),
    ...picture.statefulSets.map((object) => remove(STATEFUL_SET, object)),
    ...picture.services.map((object) => remove(SERVICE, object)),
  ]);
}
