import { API_VERSION } from '../../api/common.ts';
import { LABELS, MANAGED_BY, STANDBY_SERVICE } from '../../api/labels.ts';
import type { ComponentOrder, RegionalService } from '../../api/regional-service.ts';
import { hashedName, joinName, labelValue } from '../name.ts';

/** The order that children are made from. */
export type Order = Pick<RegionalService, 'metadata' | 'spec'>;

export type Labels = Readonly<Record<string, string>>;

/** Metadata of everything that is made: never more than this, and nothing copied from the parent. */
export interface DesiredMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ownerReferences?: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller: boolean;
    readonly blockOwnerDeletion: boolean;
  }[];
}

/** Which part of a component an object is for, beside the component itself. */
export interface Part {
  readonly zone?: string;
  readonly pair?: number;
  readonly slot?: 'a' | 'b';
  /** Of a StatefulSet: gives its pods names of their own. */
  readonly headless?: true;
  /** Of the copy that runs while the region stands by. */
  readonly standby?: true;
  /** What leads readers to that copy. */
  readonly readOnly?: true;
}

/** Labels by which pods are selected: they never change under a living workload. */
export function selectorLabels(order: Order, component: ComponentOrder, part: Part = {}): Labels {
  const name = labelValue(order.metadata.name);
  return {
    ...(part.standby ? { [LABELS.service]: STANDBY_SERVICE, [LABELS.standbyOf]: name } : { [LABELS.service]: name }),
    [LABELS.component]: component.name,
    ...(part.zone !== undefined && { [LABELS.zone]: part.zone }),
    ...(part.pair !== undefined && { [LABELS.pair]: `${part.pair}` }),
    ...(part.slot !== undefined && { [LABELS.slot]: part.slot }),
  };
}

/**
 * All labels of an object: a fixed list. `app.kubernetes.io/instance` is not in it: an Argo CD that tracks by label takes what
 * has it for a part of the application of that name, and prunes it.
 */
export function objectLabels(order: Order, component: ComponentOrder, part: Part = {}): Labels {
  return {
    ...selectorLabels(order, component, part),
    [LABELS.serviceClass]: labelValue(order.spec.serviceClass),
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.partOf]: MANAGED_BY,
    'app.kubernetes.io/name': labelValue(order.spec.serviceClass),
    'app.kubernetes.io/component': component.name,
  };
}

/** Owned by the order, so that Kubernetes removes what is left when the order is gone. */
export function objectMetadata(order: Order, name: string, labels: Labels): DesiredMetadata {
  const { name: owner, namespace = 'default', uid } = order.metadata;
  const reference = { apiVersion: API_VERSION, kind: 'RegionalService', name: owner };
  const flags = { controller: true, blockOwnerDeletion: true };
  return {
    name,
    namespace,
    labels,
    ...(uid !== undefined && { ownerReferences: [{ ...reference, uid, ...flags }] }),
  };
}

/** Longest name of most objects, and of a StatefulSet, whose pods carry it with a hash of 11 characters as a label. */
const MAX_NAME = 63;
export const MAX_STATEFUL_SET_NAME = 52;

/**
 * `<service>-<component>[-<zone>|-<pair>[-<slot>]]`, with a hash when that is longer than `max`, or when it could be
 * read as a name of another component of the order (`web-a` beside `web`).
 */
export function childName(order: Order, component: ComponentOrder, part: Part = {}, max = MAX_NAME): string {
  const { zone, pair, slot, headless, standby, readOnly } = part;
  const kind = [standby && !readOnly ? 'standby' : undefined, readOnly ? 'ro' : undefined];
  const suffixes = [zone, pair?.toString(), slot, ...kind, headless ? 'headless' : undefined];
  const parts = [order.metadata.name, component.name, ...suffixes].filter((text) => text !== undefined);
  if (standby) return standbyName(order, component, parts, max);
  return isAmbiguous(order, component) ? hashedName(parts, max) : joinName(parts, max);
}

const isAmbiguous = ({ spec }: Order, component: ComponentOrder): boolean =>
  spec.components.some(({ name }) => component.name.startsWith(`${name}-`));

/** A zone may be called `standby` too: what stands by never has the name of what does not. */
function standbyName(order: Order, component: ComponentOrder, parts: readonly string[], max: number): string {
  const isTaken = component.zones.some(({ zone }) => zone === 'standby');
  const plain = joinName(parts, max);
  const isPlain = plain === parts.join('-') && !isTaken && !isAmbiguous(order, component);
  // Another identity than that of the same parts, which a zone of that name would give.
  return isPlain ? plain : hashedName(parts, max, [...parts, '']);
}
