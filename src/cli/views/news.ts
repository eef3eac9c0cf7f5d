import type { IUGroup } from '../../api/iu-group.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import type { Delta } from '../../kube/store.ts';
import type { Style } from '../terminal.ts';

type Updated<T extends KubeObject> = Extract<Delta<T>, { readonly type: 'updated' }>;

/** One line of the watch. */
export interface News {
  readonly text: string;
  readonly style?: Style;
}

const styleOf = (state: string): Style => (state === 'Healthy' ? 'green' : state === 'Lost' ? 'red' : 'yellow');

/** Regions whose state, or the reason of it, is another one. What was there at the beginning is said once. */
export function groupNews(delta: Delta<IUGroup>): News[] {
  if (delta.type === 'deleted') return [{ text: `IU group ${delta.object.metadata.name} was deleted`, style: 'red' }];
  const before = delta.type === 'updated' ? delta.old.status?.regions : undefined;
  return (delta.object.status?.regions ?? []).flatMap(({ region, state, reason = '' }) => {
    const old = before?.find((entry) => entry.region === region);
    if (old?.state === state && old.reason === reason) return [];
    const from = old ? `${old.state} → ` : '';
    return [{ text: `region ${region}: ${from}${state} (${reason})`, style: styleOf(state) }];
  });
}

function movedNews(name: string, { old, object }: Updated<ServiceInstance>): News[] {
  const [now, before] = [object.status?.assignment, old.status?.assignment];
  if (!now || now.activeRegion === before?.activeRegion) return [];
  const way = `${before ? `${before.activeRegion} → ` : ''}${now.activeRegion}`;
  return [{ text: `${name}: ${way} at epoch ${now.epoch} (${now.reason})`, style: 'cyan' }];
}

function phaseNews(name: string, { old, object }: Updated<ServiceInstance>): News[] {
  return (object.status?.placements ?? []).flatMap(({ phase, region }) => {
    const was = old.status?.placements?.find((entry) => entry.region === region)?.phase;
    return phase === was ? [] : [{ text: `${name} in ${region}: ${was === undefined ? '' : `${was} → `}${phase}` }];
  });
}

function holdNews(name: string, { old, object }: Updated<ServiceInstance>): News[] {
  const { hold } = object.status ?? {};
  if (!hold || hold.reason === old.status?.hold?.reason) return [];
  const until = hold.until === undefined ? '' : ` until ${hold.until}`;
  return [{ text: `${name}: ${hold.wanted} is held (${hold.reason})${until}`, style: 'yellow' }];
}

/** Services that are assigned anew, change their phase somewhere, or are held. Nothing of those that stay as they are. */
export function instanceNews(delta: Delta<ServiceInstance>): News[] {
  if (delta.type !== 'updated') return [];
  const name = keyOf(delta.object);
  return [...movedNews(name, delta), ...phaseNews(name, delta), ...holdNews(name, delta)];
}

function beginning({ metadata, spec }: RegionSwitch): News {
  const reason = spec.reason === undefined ? '' : `: ${spec.reason}`;
  const region = spec.region === undefined ? '' : ` ${spec.region}`;
  return {
    text: `switch ${metadata.name}: ${spec.type}${region} (${spec.trigger ?? 'Manual'})${reason}`,
    style: 'bold',
  };
}

function stepNews(name: string, now: RegionSwitch['status'], before: RegionSwitch['status']): News[] {
  return (now?.steps ?? []).flatMap((step): News[] => {
    const was = before?.steps?.find((one) => one.name === step.name);
    const isNews = step.state !== 'Pending' && (was?.state !== step.state || was.done !== step.done);
    if (!isNews) return [];
    const text = `switch ${name}: ${step.name} ${step.state} ${step.done}/${step.total}`;
    return [step.state === 'Done' ? { text, style: 'green' } : { text }];
  });
}

function ending({ metadata, status }: RegionSwitch): News {
  const message = status?.conditions?.find(({ type }) => type === 'Ready')?.message;
  return { text: `switch ${metadata.name} ended${message ? `: ${message}` : ''}`, style: 'bold' };
}

/** Switches that begin, their steps, and their end. What is over when the watch begins is no news. */
export function switchNews(delta: Delta<RegionSwitch>): News[] {
  if (delta.type === 'deleted') return [];
  const { object } = delta;
  const hasEnded = object.status?.endTime !== undefined;
  if (delta.type === 'added') {
    return hasEnded ? [] : [beginning(object), ...stepNews(object.metadata.name, object.status, undefined)];
  }
  const { old } = delta;
  const ended = hasEnded && old.status?.endTime === undefined ? [ending(object)] : [];
  return [...stepNews(object.metadata.name, object.status, old.status), ...ended];
}
