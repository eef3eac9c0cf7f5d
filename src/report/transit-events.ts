import { isDeepStrictEqual } from 'node:util';
import type { IUGroup } from '../api/iu-group.ts';
import { type IngressHold, type PathStatus, pathName, type TransitCentreStatus } from '../api/transit-centre.ts';
import type { EventNote } from '../kube/event-recorder.ts';
import { groupNote } from './events.ts';
import { describeHold } from './hold.ts';

type Statuses = readonly TransitCentreStatus[] | undefined;

/** What is told of a path: that it is in trouble, and that it is well again. */
function pathEvent(group: IUGroup, what: string, before: PathStatus | undefined, after: PathStatus | undefined) {
  if (!after) return [];
  if (after.reason === 'ProbesSuspect' && before?.reason !== after.reason) {
    return [groupNote(group, 'Warning', after.reason, 'Diagnose', `The ${what} could not be judged: ${after.message}`)];
  }
  if (before?.state === after.state) return [];
  const wasTroubled = before !== undefined && ['Lost', 'Degraded', 'Flapping'].includes(before.state);
  if (after.state === 'Up') {
    return wasTroubled ? [groupNote(group, 'Normal', 'TransitUp', 'Diagnose', `The ${what} is up again`)] : [];
  }
  if (!['Lost', 'Degraded', 'Flapping'].includes(after.state)) return [];
  const text = `The ${what} was found ${after.state}: ${after.message}`;
  return [groupNote(group, 'Warning', after.reason, 'Diagnose', text)];
}

function ingressEvent(group: IUGroup, before: TransitCentreStatus | undefined, after: TransitCentreStatus) {
  const { ingress, name } = after;
  const from = before?.ingress?.servedBy;
  if (!ingress || from === undefined || from === ingress.servedBy) return [];
  if (ingress.servedBy === name) {
    const text = `Callers of ${name} returned to it from ${from}`;
    return [groupNote(group, 'Normal', 'IngressReturned', 'MoveIngress', text)];
  }
  const text = `Callers of ${name} were moved from ${from} to ${ingress.servedBy}: ${ingress.reason}`;
  return [groupNote(group, 'Warning', 'IngressMoved', 'MoveIngress', text)];
}

const gistOf = (hold: IngressHold | undefined) => [hold?.wanted, hold?.reason, hold?.to];

function holdEvent(group: IUGroup, before: TransitCentreStatus | undefined, { hold, name }: TransitCentreStatus) {
  if (!hold || isDeepStrictEqual(gistOf(before?.hold), gistOf(hold))) return [];
  const what = hold.wanted === 'Return' ? `The return of the callers of ${name}` : `A move of the callers of ${name}`;
  const type = hold.wanted === 'Return' ? 'Normal' : 'Warning';
  return [groupNote(group, type, hold.reason, 'Hold', `${what} was held: ${describeHold(hold)}`)];
}

/** What happened between two records, each told once: a restart reads the first of them and tells nothing again. */
export function transitEvents(group: IUGroup, before: Statuses, after: Statuses): EventNote[] {
  return (after ?? []).flatMap((entry) => {
    const known = before?.find(({ name }) => name === entry.name);
    return [
      ...pathEvent(group, `voice of transit centre ${entry.name}`, known?.voice, entry.voice),
      ...pathEvent(group, `MPLS of transit centre ${entry.name}`, known?.mpls, entry.mpls),
      ...ingressEvent(group, known, entry),
      ...holdEvent(group, known, entry),
    ];
  });
}

interface Uplink {
  readonly region: string;
  readonly path: 'Voice' | 'Mpls';
}

/** Of regions that reach nothing since the last look. */
export function uplinkEvents(group: IUGroup, before: readonly Uplink[], after: readonly Uplink[]): EventNote[] {
  const isNew = ({ path, region }: Uplink): boolean => !before.some((o) => o.region === region && o.path === path);
  return after.filter(isNew).map(({ path, region }) => {
    const text = `Region ${region} was found to reach the ${pathName(path)} of no transit centre: its own uplink is the suspect, and nothing moves`;
    return groupNote(group, 'Warning', 'RegionUplinkLost', 'Diagnose', text);
  });
}
