import { API_VERSION, isoTime } from '../api/common.ts';
import {
  type RegionSwitch,
  type RegionSwitchInput,
  type RegionSwitchSpec,
  regionSwitch,
} from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { CommandError, EXIT } from './exit.ts';

export type Wanted = RegionSwitchInput;

/** `20260301-141503`: as part of a name, new each second. */
export const stampOf = (wallMs: number): string => isoTime(wallMs).replaceAll(/[-:Z]/g, '').replace('T', '-');

/** `evacuate-us-east-20260301-141503`. */
export function nameFor({ type, region }: Wanted, wallMs: number): string {
  return [type.toLowerCase(), region, stampOf(wallMs)].filter((part) => part !== undefined).join('-');
}

/**
 * The object that a person could apply as well. What the schema refuses is said before it is sent; rules that compare fields
 * are the API server's.
 *
 * @throws CommandError when a field is not as its schema says
 */
export function buildSwitch(name: string, wanted: Wanted): RegionSwitch {
  const parsed = regionSwitch.spec.safeParse(wanted);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CommandError(`${issue?.path.join('.')}: ${issue?.message}`, EXIT.usage);
  }
  // Defaults are the API server's: what was not asked for is not sent.
  return { apiVersion: API_VERSION, kind: 'RegionSwitch', metadata: { name }, spec: wanted as RegionSwitchSpec };
}

/** Who the API server says that we are (`kubectl auth whoami`). */
export async function whoAmI(client: KubeClient): Promise<string> {
  interface Review extends KubeObject {
    readonly status?: { readonly userInfo?: { readonly username?: string } };
  }
  const resource: Resource<Review> = {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    namespaced: false,
  };
  const review: Review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { name: '' } };
  const { status } = await client.create(resource, review);
  return status?.userInfo?.username ?? 'unknown';
}

/** Adds to a switch what may be changed later. A write that was overtaken is refused by the API server. */
export const changeSwitch = (
  client: KubeClient,
  { metadata: { name, resourceVersion } }: RegionSwitch,
  spec: Partial<RegionSwitchSpec>,
): Promise<RegionSwitch> =>
  client.mergePatch(
    RESOURCES.regionSwitch,
    { name },
    { metadata: { resourceVersion }, spec },
    { fieldManager: 'kubectl-switchback' },
  );
