import { isoTime } from '../api/common.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { ServiceClass } from '../api/service-class.ts';
import type { ServiceInstance } from '../api/service-instance.ts';
import { involvedRegions, type RegionEpochs, rebuildAssignment } from '../decide/assignment.ts';
import type { RegionState } from '../decide/diagnosis.ts';
import type { AssignedService, InstanceView, RegionView } from '../decide/instance-view.ts';
import { checkRegion, type RegionQuestion, type RegionRefusal } from '../decide/regions.ts';
import { keyOf } from '../kube/object.ts';
import type { HubContext } from './context.ts';

/**
 * What is known of a service, as the decision wants it: the same for the loop that moves services and for the one that
 * says what a move would be. What concerns all services of the group at once is added by the caller.
 */
export function viewOf(
  context: HubContext,
  group: IUGroup,
  serviceClass: ServiceClass,
  instance: ServiceInstance,
): Omit<InstanceView, 'hubIsolated' | 'failingOver' | 'restraints'> {
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  const limits = [{ of: `the tenants of ${instance.metadata.name}`, countries: instance.spec.countries }];
  const regions = new Map<string, RegionView>();
  for (const region of involvedRegions(instance, assignment)) {
    const link = context.links.get(region);
    regions.set(region, {
      state: context.diagnoses.get(region)?.state ?? 'Unknown',
      healthyForMs: link?.healthyForMs ?? 0,
      synced: link?.synced ?? false,
      ...epochsIn(context, key, region),
      refusal: refusalOf({ group, limits }, region),
    });
  }
  const now = context.clock.now().wallMs;
  return {
    mode: serviceClass.spec.crossRegion.mode,
    primary: instance.spec.primaryRegion,
    secondaries: instance.spec.secondaryRegions,
    assignment,
    rebuilt: rebuildAssignment(
      ordersIn(context, group, key).map(({ spec }) => spec),
      isoTime(now),
      assignment,
    ),
    assignedForMs: assignment ? now - Date.parse(assignment.since) : 0,
    regions,
    policy: {
      failover: group.spec.failover.mode,
      switchback: group.spec.switchback.mode,
      promotion: serviceClass.spec.crossRegion.promotion,
      onHubLoss: group.spec.failover.onHubLoss,
      coolDownMs: group.spec.failover.coolDownSeconds * 1000,
      stableForMs: group.spec.switchback.stableForSeconds * 1000,
    },
  };
}

/** Undefined for a service that was never assigned. */
export function assignedService(context: HubContext, instance: ServiceInstance): AssignedService | undefined {
  const key = keyOf(instance);
  const assignment = context.assignments.get(key);
  return assignment && { assignment, grantedEpoch: epochsIn(context, key, assignment.activeRegion).grantedEpoch };
}

/** Orders for a service in all regions of its group: the spec may have changed since they were given. */
const ordersIn = (context: HubContext, group: IUGroup, key: string): RegionalService[] =>
  group.spec.infrastructureUnits.flatMap(({ region }) => context.links.get(region)?.services.store.get(key) ?? []);

/** What a region has said of a service. */
export function epochsIn(context: Pick<HubContext, 'links'>, key: string, region: string): RegionEpochs {
  const status = context.links.get(region)?.services.store.get(key)?.status;
  return { standbyEpoch: status?.standbyEpoch ?? 0, grantedEpoch: status?.grantedEpoch ?? 0 };
}

function refusalOf(question: RegionQuestion, region: string): RegionRefusal | undefined {
  const answer = checkRegion(question, region);
  return answer.ok ? undefined : answer;
}

/** Whether a region serves a service now, as far as can be seen. */
export const isServing = (state: RegionState | undefined, order: RegionalService | undefined): boolean =>
  state === 'Healthy' && order?.status?.phase === 'Active';
