import type { Condition } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { lookMs } from '../decide/diagnosis.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import type { HubContext } from './context.ts';

const LOOK_AGAIN_MS = 250;

interface Reported {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
}

/**
 * A hub that has just begun to lead has seen nothing yet, which is not the same as nothing being there. What the leader
 * before it reported stands until every region of the group is known to be well, or would have shown by now what it is:
 * so a restart says nothing new, and writes nothing.
 *
 * @returns what the loop of `object` answers instead of a report; undefined when it shall report. What was never
 *   reported does not wait.
 */
export function whileSettling(
  context: HubContext,
  group: IUGroup | undefined,
  object: Reported,
): { readonly requeueAfterMs: number } | undefined {
  if (!group || object.status?.conditions === undefined) return undefined;
  const failureThresholdMs = group.spec.failover.failureThresholdSeconds * 1000;
  const { heartbeatMs } = computeProtocolTiming(group.spec.timings);
  if (context.leadership.sinceMs() > lookMs({ failureThresholdMs, heartbeatMs })) return undefined;
  const isPlanned = context.assignments.loaded && context.capacities.has(group.metadata.name);
  const areWell = group.spec.infrastructureUnits.every(({ region }) => isWell(context, region));
  return isPlanned && areWell ? undefined : { requeueAfterMs: LOOK_AGAIN_MS };
}

const isWell = ({ diagnoses, links }: HubContext, region: string): boolean =>
  diagnoses.get(region)?.state === 'Healthy' && links.get(region)?.synced === true;
