import { GROUP, SYSTEM_NAMESPACE } from '../api/common.ts';
import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import { RESOURCES } from '../api/resources.ts';
import type { KubeClient } from '../kube/client.ts';
import { ifPresent } from '../kube/errors.ts';
import { LEASE, type Lease } from '../kube/kinds.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import type { Clock } from '../runtime/clock.ts';
import { inRegion } from './regions.ts';
import type { Check } from './views/validate.ts';

/** Above that, times that persons write and read (expiry, windows) do not mean the same to all. */
const MOST_SKEW_MS = 2000;

const check = (subject: Check['subject'], what: string, result: Check['result'], message = ''): Check => ({
  subject,
  what,
  result,
  message,
});
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface AccessReview extends KubeObject {
  readonly spec: { readonly resourceAttributes: Readonly<Record<string, string>> };
  readonly status?: { readonly allowed?: boolean };
}
const ACCESS: Resource<AccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** Verbs and kinds, and which commands are of no use without them. */
const WANTED: readonly (readonly [verb: string, resource: string, needed: Check['result'], forWhat: string])[] = [
  ...['iugroups', 'serviceclasses', 'serviceinstances', 'regionswitches', 'tenants'].map(
    (resource) => ['list', resource, 'Failed', 'every command'] as const,
  ),
  ['create', 'regionswitches', 'Warning', 'failover, evacuate, switchback, freeze, drill, plan'],
  ['patch', 'regionswitches', 'Warning', 'approve, abort, pause, resume'],
  ['delete', 'regionswitches', 'Warning', 'plan'],
  ['patch', 'iugroups', 'Warning', 'restore-hub --confirm-stopped'],
];

/** Asks the API server what the person who calls may do; nothing is tried. */
export const checkPermissions = (client: KubeClient): Promise<readonly Check[]> =>
  Promise.all(
    WANTED.map(async ([verb, resource, needed, forWhat]) => {
      const what = `${verb} ${resource}`;
      const spec = { resourceAttributes: { group: GROUP, verb, resource } };
      try {
        const apiVersion = 'authorization.k8s.io/v1';
        const review: AccessReview = { apiVersion, kind: 'SelfSubjectAccessReview', metadata: { name: '' }, spec };
        const { status } = await client.create(ACCESS, review);
        return status?.allowed
          ? check('permissions', what, 'Ok')
          : check('permissions', what, needed, `not allowed: needed for ${forWhat}`);
      } catch (error) {
        return check('permissions', what, 'Skipped', messageOf(error));
      }
    }),
  );

/** What the hub has found with its own credentials, as the group tells it. */
export function checkGroup({ metadata: { name }, spec, status }: IUGroup): readonly Check[] {
  const ofRegions = spec.infrastructureUnits.map(({ region }) => {
    const seen = status?.regions?.find((entry) => entry.region === region);
    if (!seen) return check('credentials', region, 'Failed', 'the hub has not looked yet: does it run?');
    const result = seen.state === 'Healthy' ? 'Ok' : seen.reason?.startsWith('Credentials') ? 'Failed' : 'Warning';
    return check('credentials', region, result, seen.state === 'Healthy' ? '' : `${seen.reason}: ${seen.message}`);
  });
  const ofPlugins = checkPlugins(spec.infrastructureUnits, name, status);
  const stated = (['CapacityReserved', 'SurvivesRegionLoss'] as const).map((type) => {
    const condition = status?.conditions?.find((known) => known.type === type);
    if (!condition) return check('capacity', `${type} of ${name}`, 'Failed', 'the hub has not said yet');
    const result = condition.status === 'True' ? 'Ok' : condition.status === 'False' ? 'Failed' : 'Warning';
    return check('capacity', `${type} of ${name}`, result, condition.message);
  });
  return [...ofRegions, ...ofPlugins, ...stated];
}

/** Plugins run in the pod of the hub, with its identity: here nobody can run them, so what the hub says of them counts. */
function checkPlugins(
  units: readonly InfrastructureUnit[],
  group: string,
  status: IUGroup['status'],
): readonly Check[] {
  const named = units.flatMap(({ credentials: { clusterProfileRef }, region }) =>
    clusterProfileRef ? [{ ...clusterProfileRef, region }] : [],
  );
  if (named.length === 0) return [];
  const skipped = named.map(({ name, namespace, region }) =>
    check(
      'credentials',
      `plugin for ${region}`,
      'Skipped',
      `not run here: only the hub runs the plugin for ClusterProfile ${namespace}/${name}; what it found stands beside ${region} and CredentialsRenewed`,
    ),
  );
  const renewed = status?.conditions?.find(({ type }) => type === 'CredentialsRenewed');
  const what = `CredentialsRenewed of ${group}`;
  if (!renewed) return [...skipped, check('credentials', what, 'Failed', 'the hub has not said yet: does it run?')];
  const result = renewed.status === 'True' ? 'Ok' : 'Warning';
  return [
    ...skipped,
    check('credentials', what, result, result === 'Ok' ? '' : `${renewed.reason}: ${renewed.message}`),
  ];
}

/** How far the clock of who leads is from ours, at most: its last renewal was written at a time of its own. */
function judgeClock(where: string, { spec }: Lease, clock: Clock): readonly Check[] {
  const leads = `leader of ${where}`;
  const { holderIdentity, leaseDurationSeconds = 0, renewTime } = spec ?? {};
  if (!holderIdentity || renewTime === undefined) return [check('operator', leads, 'Failed', 'nobody leads')];
  const aheadMs = Date.parse(renewTime) - clock.now().wallMs;
  const skew = `clock of ${where}`;
  if (aheadMs > MOST_SKEW_MS) {
    const message = `${(aheadMs / 1000).toFixed(1)} s ahead of this one`;
    return [check('operator', leads, 'Ok', holderIdentity), check('clocks', skew, 'Failed', message)];
  }
  if (-aheadMs > leaseDurationSeconds * 1000 + MOST_SKEW_MS) {
    const message = `last renewed ${(-aheadMs / 1000).toFixed(0)} s ago by its own clock: nobody leads, or its clock is behind`;
    return [check('operator', leads, 'Failed', message), check('clocks', skew, 'Skipped', 'not known')];
  }
  return [check('operator', leads, 'Ok', holderIdentity), check('clocks', skew, 'Ok')];
}

/** Who leads at a site, and how its clock goes. */
export async function checkLeader(
  where: string,
  lease: string,
  client: KubeClient,
  clock: Clock,
): Promise<readonly Check[]> {
  try {
    const found = await ifPresent(client.read(LEASE, { namespace: SYSTEM_NAMESPACE, name: lease }));
    return found
      ? judgeClock(where, found, clock)
      : [check('operator', `leader of ${where}`, 'Failed', `there is no Lease ${SYSTEM_NAMESPACE}/${lease}`)];
  } catch (error) {
    return [check('operator', `leader of ${where}`, 'Skipped', messageOf(error))];
  }
}

/** A region by the context of its name: its kinds, its agent and its clock. Without such a context nothing is known. */
export async function checkRegion(
  region: string,
  connectTo: (region: string) => Promise<KubeClient>,
  clock: Clock,
): Promise<readonly Check[]> {
  try {
    return await inRegion(connectTo, region, async (client) => {
      await client.list(RESOURCES.regionLease);
      const leader = await checkLeader(region, 'switchback-agent', client, clock);
      return [check('credentials', `context ${region}`, 'Ok'), ...leader];
    });
  } catch (error) {
    return [check('credentials', `context ${region}`, 'Skipped', messageOf(error))];
  }
}
