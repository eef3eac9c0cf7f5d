import type { Reason } from '../api/conditions.ts';
import type { PlannedService } from '../api/region-switch.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Assignment } from '../api/service-instance.ts';
import { canSpareZone } from './kept-empty.ts';
import { covers, type SwitchRequest } from './manual-switch.ts';

export interface ZoneQuestion {
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  readonly scope: Pick<SwitchRequest, 'services' | 'tenants'>;
  readonly assignment: Assignment | undefined;
  /** What stands in the region for it. */
  readonly order: RegionalService | undefined;
  /** So long a service may serve nobody. */
  readonly mostSeconds: number;
  /** Why no service may begin now; undefined: nothing is in the way. */
  readonly obstacle: { readonly reason: Reason; readonly message: string } | undefined;
}

/** Whether it runs in the region by what is ordered and decided: what stands by has nothing in any zone. */
export function runsIn({ assignment, order, region }: Pick<ZoneQuestion, 'assignment' | 'order' | 'region'>): boolean {
  if (!order || order.metadata.deletionTimestamp || order.spec.role !== 'Active') return false;
  return order.spec.mode !== 'Backup' || assignment?.activeRegion === region;
}

/** Whether what really runs is all that was ordered, by the word of its region on this very order. */
export function isRedundant({ metadata, status }: RegionalService): boolean {
  const said = status?.conditions?.find(({ type }) => type === 'RedundancyMet');
  return said?.status === 'True' && said.observedGeneration === metadata.generation;
}

/** The first thing that is missing; in the order in which people would look. */
function lack(order: RegionalService): { readonly reason: Reason; readonly message: string } | undefined {
  const { spec, status } = order;
  if (status?.phase !== 'Active') return { reason: 'AwaitingReadiness', message: 'it is not active and ready here' };
  if (!isRedundant(order)) {
    const said = status.conditions?.find(({ type }) => type === 'RedundancyMet');
    const isOld = said?.status === 'True';
    const message = isOld || !said ? 'its region has not said yet whether its redundancy is met' : `${said.message}`;
    if (isOld || !said) return { reason: 'NotObserved', message };
    // What a region says is untrusted: only a reason that it may have.
    return { reason: said.reason === 'SpreadViolated' ? 'SpreadViolated' : 'InstancesMissing', message };
  }
  const short = spec.components.find(({ instances, name }) => {
    const ready = status.components?.find((component) => component.name === name)?.ready ?? 0;
    return ready < instances;
  });
  return short && { reason: 'InstancesMissing', message: `${short.name}: not all of ${short.instances} are ready` };
}

/** What a zone drill makes of a service that it has not begun with; undefined: it does not concern it. */
export function answerForZone(question: ZoneQuestion): PlannedService | undefined {
  const { name, obstacle, order, region, scope, zone } = question;
  if (!order || !runsIn(question)) return undefined;
  const sparing = canSpareZone(order.spec.components, zone);
  if (sparing.kind === 'Untouched') return undefined;
  const stays = (reason: Reason, message: string): PlannedService => ({
    name,
    verdict: 'Stays',
    from: region,
    reason,
    message: message.slice(0, 512),
  });
  if (!covers(scope, name)) return leftOut(question, stays);
  if (sparing.kind === 'No') return stays('NotWithoutZone', sparing.message);
  const slow = slowToStop(order, question);
  if (slow !== undefined) return stays('NotWithoutZone', slow);
  const held = obstacle ?? lack(order);
  if (!held) return { name, verdict: 'Empties', from: region };
  return { name, verdict: 'Held', from: region, reason: held.reason, message: held.message.slice(0, 512) };
}

/** The other slot of a pair serves when the old one is gone: a rehearsal must not wait for that for longer than it may. */
function slowToStop({ spec }: RegionalService, { mostSeconds, zone }: ZoneQuestion): string | undefined {
  const slow = spec.components.find(
    ({ layout, pairs = [], template }) =>
      layout === 'Pairs' &&
      pairs.some(({ a, b }) => a === zone || b === zone) &&
      template.terminationGracePeriodSeconds > mostSeconds,
  );
  if (!slow) return undefined;
  const grace = slow.template.terminationGracePeriodSeconds;
  return `${slow.name}: a slot may take ${grace} s to stop, and its pair serves nobody meanwhile: raise drill.abortAfterSeconds above that`;
}

/** Told of what serves a tenant that is named: with others, it stays for all of them. */
function leftOut(
  { name, scope: { services, tenants } }: ZoneQuestion,
  stays: (reason: Reason, message: string) => PlannedService,
): PlannedService | undefined {
  if (!tenants || services?.has(name) === false) return undefined;
  const sharedWith = tenants.shared.get(name);
  if (sharedWith !== undefined) {
    const message = `it also serves ${sharedWith} tenants that are not named, and leaves the zone for all or for none`;
    return { ...stays('SharedWithOthers', message), sharedWith };
  }
  return services ? stays('NotOfTenant', 'it serves none of the tenants that are named') : undefined;
}
