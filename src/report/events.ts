import type { ConditionState, Reason } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { Assignment, HoldStatus, ServiceInstance } from '../api/service-instance.ts';
import type { Tenant } from '../api/tenant.ts';
import type { EventNote } from '../kube/event-recorder.ts';
import type { KubeObject } from '../kube/object.ts';
import { describeHold } from './hold.ts';

/** One function for each event. They tell people what happened; whatever matters stands in the status too. */

const about = ({ apiVersion, kind, metadata }: KubeObject): EventNote['regarding'] => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
});

const note = (
  regarding: KubeObject,
  type: EventNote['type'],
  what: { readonly reason: Reason; readonly action: string; readonly text: string },
): EventNote => ({ regarding: about(regarding), type, reason: what.reason, action: what.action, note: what.text });

export const regionLost = (group: IUGroup, region: string, because: string): EventNote =>
  note(group, 'Warning', { reason: 'RegionLost', action: 'Diagnose', text: `Region ${region} is lost: ${because}` });

export const regionTroubled = (group: IUGroup, region: string, reason: Reason, because: string): EventNote =>
  note(group, 'Warning', { reason, action: 'Diagnose', text: `Region ${region}: ${because}` });

export const regionRecovered = (group: IUGroup, region: string): EventNote =>
  note(group, 'Normal', { reason: 'RegionHealthy', action: 'Diagnose', text: `Region ${region} is healthy again` });

export const drillStarted = (group: IUGroup, drill: string, regionSwitch: string): EventNote =>
  note(group, 'Normal', {
    reason: 'DrillStarted',
    action: 'Drill',
    text: `Drill ${drill} begins as RegionSwitch ${regionSwitch}`,
  });

export const drillSkipped = (group: IUGroup, drill: string, because: string): EventNote =>
  note(group, 'Warning', { reason: 'DrillSkipped', action: 'Drill', text: `Drill ${drill} is left out: ${because}` });

export const requestMade = (group: IUGroup, regionSwitch: string): EventNote =>
  note(group, 'Normal', {
    reason: 'RequestMade',
    action: 'Request',
    text: `The annotation made RegionSwitch ${regionSwitch}`,
  });

export const requestChanged = (group: IUGroup, change: string, regionSwitch: string): EventNote =>
  note(group, 'Normal', {
    reason: 'RequestMade',
    action: 'Request',
    text: `The annotation changed RegionSwitch ${regionSwitch}: ${change}`,
  });

export const requestRefused = (group: IUGroup, because: string): EventNote =>
  note(group, 'Warning', {
    reason: 'RequestInvalid',
    action: 'Request',
    text: `The annotation does nothing: ${because}`,
  });

/** Once for each thing that it waits for. */
export const hubFollows = (group: IUGroup, reason: Reason, because: string): EventNote =>
  note(group, 'Warning', { reason, action: 'Inherit', text: `This hub does not act yet: ${because}` });

export const hubInherited = (group: IUGroup): EventNote =>
  note(group, 'Normal', {
    reason: 'HubInherited',
    action: 'Inherit',
    text: 'This hub goes on from what the regions know, in place of the one before',
  });

export const moved = (instance: ServiceInstance, from: string, next: Assignment): EventNote =>
  note(instance, next.reason === 'FailedOver' || next.reason === 'RegionSick' ? 'Warning' : 'Normal', {
    reason: next.reason,
    action: 'RecordIntent',
    text: `Moves from region ${from} to ${next.activeRegion} at epoch ${next.epoch}${next.regionSwitch === undefined ? '' : `, by RegionSwitch ${next.regionSwitch}`}`,
  });

export const successorLost = (instance: ServiceInstance, region: string, { activeRegion, epoch }: Assignment) =>
  note(instance, 'Warning', {
    reason: 'SuccessorLost',
    action: 'RecordIntent',
    text: `Region ${region} is lost, and is no successor of region ${activeRegion} from epoch ${epoch} on: without the hub its promise is not needed`,
  });

export const successorBack = (instance: ServiceInstance, region: string, { activeRegion, epoch }: Assignment) =>
  note(instance, 'Normal', {
    reason: 'SuccessorBack',
    action: 'RecordIntent',
    text: `Region ${region} is back, and a successor of region ${activeRegion} again from epoch ${epoch} on`,
  });

export const modeChanged = (instance: ServiceInstance, { activeRegion, epoch, mode }: Assignment): EventNote =>
  note(instance, 'Normal', {
    reason: 'ModeChanged',
    action: 'RecordIntent',
    text: `Its mode is ${mode} from epoch ${epoch} on; region ${activeRegion} goes on`,
  });

export const held = (instance: ServiceInstance, { reason, wanted, ...hold }: HoldStatus): EventNote =>
  note(instance, 'Warning', { reason, action: 'Hold', text: `${wanted} is held: ${describeHold(hold)}` });

export const tenantWarned = (tenant: Tenant, reason: Reason, text: string): EventNote =>
  note(tenant, 'Warning', { reason, action: 'Plan', text });

export const tenantMoves = (tenant: Tenant, text: string): EventNote =>
  note(tenant, 'Normal', { reason: 'Moving', action: 'Move', text });

export const freezeExpired = (freeze: RegionSwitch): EventNote =>
  note(freeze, 'Warning', {
    reason: 'FreezeExpired',
    action: 'Unfreeze',
    text: `The freeze ended at ${freeze.spec.expiresAt}: what moves by itself moves again`,
  });

export const notCovered = (object: RegionSwitch, { message, reason }: ConditionState): EventNote =>
  note(object, 'Warning', { reason, action: 'Scope', text: `Not all that is named by tenant is in scope: ${message}` });

export const dependencyTimedOut = (
  instance: ServiceInstance,
  region: string,
  blockers: readonly string[],
  seconds: number,
): EventNote =>
  note(instance, 'Warning', {
    reason: 'DependencyTimeout',
    action: 'Promote',
    text: `Region ${region} runs it although ${blockers.slice(0, 3).join(', ')} did not get ready there in ${seconds} s`,
  });

export function fenced(order: RegionalService, lacksGate: boolean): EventNote {
  const { epoch, role } = order.spec;
  const stopped = (reason: Reason, why: string) => ({
    reason,
    action: 'Fence',
    text: `Stopped at epoch ${epoch}: ${why}`,
  });
  if (role === 'Standby') return note(order, 'Normal', stopped('Fenced', 'ordered to stand by'));
  return note(
    order,
    'Warning',
    lacksGate ? stopped('GateNotSet', 'the agents have no gate for it') : stopped('NoRight', 'no right to run'),
  );
}

export const slotPromoted = (order: RegionalService, component: string, pair: number, because: string): EventNote =>
  note(order, 'Warning', {
    reason: 'SlotPromoted',
    action: 'PromoteSlot',
    text: `${component}, pair ${pair}: ${because}`,
  });

export const spreadRepaired = (order: RegionalService, because: string): EventNote =>
  note(order, 'Normal', { reason: 'SpreadRepaired', action: 'Evict', text: because });

export const zoneReleased = (order: RegionalService, because: string): EventNote =>
  note(order, 'Warning', { reason: 'ZoneReleased', action: 'Drill', text: because });

export const zoneDrillHeld = (object: RegionSwitch, reason: Reason, because: string): EventNote =>
  note(object, 'Warning', { reason, action: 'Drill', text: because });

/** For what is told of a group in sentences of their own. */
export const groupNote = (
  group: IUGroup,
  type: EventNote['type'],
  reason: Reason,
  action: string,
  text: string,
): EventNote => note(group, type, { reason, action, text });
