import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { IUGroup } from '../../src/api/iu-group.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { ServiceClass } from '../../src/api/service-class.ts';
import type { ServiceInstance } from '../../src/api/service-instance.ts';
import { SECRET, type Secret } from '../../src/kube/kinds.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';
import { aClass, aGroup, anInstance, IMAGE } from '../support/objects.ts';

/** What the users of the simulated world have declared: few services with few pods, so that a history is cheap. */

export const REGIONS = ['east', 'west', 'north'] as const;
export type RegionName = (typeof REGIONS)[number];
export const HUB = 'hub';
export const GROUP = 'planet';

const APART = { crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice' } };
const EVERYWHERE = { crossRegion: { mode: 'Active', fromTier: 'CrossRegionVoice' } };
/** What tells a process that it must not write: what is counted as active goes by this, and by no label. */
export const READ_ONLY = '--read-only';
const standingBy = (standby: 'Warm' | 'ReadOnly') => ({
  crossRegion: { ...APART.crossRegion, standby },
});
type ComponentInput = Readonly<Record<string, unknown>> & { readonly template?: Readonly<Record<string, unknown>> };
const onStandby = (component: ComponentInput) => [{ ...component, standby: { args: [READ_ONLY] } }];
const ONE = [{ pattern: 'A' }];
const ONE_NAMED = [{ pattern: 'A', template: { workload: 'StatefulSet' } }];

/** A data store that Jobs hand over. */
const LEDGER = {
  name: 'ledger',
  pattern: 'A-B',
  crossRegion: true,
  driver: 'Hook',
  hooks: { demote: { image: IMAGE }, promote: { image: IMAGE }, verify: { image: IMAGE } },
};
/** The service whose data store it is. */
export const STORED = 'vault';

/** Services of which at most one region may run anything at any instant. */
export const BACKUPS: Readonly<Record<string, readonly RegionName[]>> = {
  /** Three regions: successors and third parties matter. */
  trunk: ['east', 'west', 'north'],
  /** Two regions, and a StatefulSet. */
  vault: ['east', 'west'],
  /** Stands by warm. */
  draft: ['east', 'west'],
  /** Serves reads where it stands by; a StatefulSet, at home in another region than the others. */
  book: ['west', 'east', 'north'],
  /** Lives in one region with `vault`, and is promoted after it and after `trunk`. */
  ledger: ['east', 'west'],
  /** Stays in its region at first: its class gets other modes. */
  shift: ['east', 'west', 'north'],
};

const { ledger, shift, ...rest } = BACKUPS;
/** Those of them that go where they go without asking any other one. */
export const INDEPENDENT = rest;

/** Of those, the ones of which a copy that writes nothing runs in every region that stands by. */
export const COPIED: ReadonlySet<string> = new Set(['draft', 'book']);
/** Services that must live in one region: users edit them together. */
export const TOGETHER: readonly (readonly string[])[] = [['vault', 'ledger']];

export const backupKey = (name: string): string => `${SYSTEM_NAMESPACE}/${name}`;

/** What may hold up a side that is no longer to run: `Gate` for all services that run in one region, or for none. */
export type FencedBy = 'Agent' | 'Gate';

/** Whether the service that can have a data store has it: see `STORED`. */
export const hasStores = (fencing: FencedBy): boolean => fencing === 'Agent';

const COMMAND = { command: ['serve'] };
const gated = (components: readonly ComponentInput[]) => ({
  fencing: 'Gate',
  components: components.map((component) => ({ ...component, template: { ...component.template, ...COMMAND } })),
});

/** In a world with gates all of them have one, and none has a data store: pods of hooks have no gate. */
const classes = (fencing: FencedBy, isChanging: boolean): ServiceClass[] => {
  const run = (components: readonly ComponentInput[]) => (fencing === 'Gate' ? gated(components) : { components });
  const stores = hasStores(fencing) ? { dataStores: [LEDGER] } : {};
  return [
    aClass('trunk', { ...APART, ...run(ONE) }),
    aClass('vault', { ...APART, ...run(ONE_NAMED), ...stores }),
    aClass('draft', { ...standingBy('Warm'), ...run(onStandby({ pattern: 'A' })) }),
    aClass('book', {
      ...standingBy('ReadOnly'),
      ...run(onStandby({ pattern: 'A', template: { workload: 'StatefulSet', args: ['--serve'] } })),
    }),
    aClass('ledger', {
      ...APART,
      ...run(ONE),
      requires: [{ serviceClass: 'vault', colocated: true }, { serviceClass: 'trunk' }],
    }),
    aClass('web', { ...EVERYWHERE, components: [{ pattern: 'A-A' }] }),
    aClass('desk', { components: [{ pattern: 'A-B' }] }),
    ...(isChanging ? [aClass('shift', { components: ONE })] : []),
  ];
};

function instanceOf(name: string, regions: readonly string[]): ServiceInstance {
  const [primaryRegion, ...secondaryRegions] = regions;
  return anInstance(name, {
    iuGroupRef: { name: GROUP },
    serviceClassRef: { name },
    primaryRegion,
    secondaryRegions,
    agents: 10,
  });
}

/** A history is short: what came and went in it must be able to be steady again before its end. */
const FLAPPING = { changes: 6, windowSeconds: 60 };

/** `more`: fields of the group's spec, for example `failover`. */
const group = ({ failover, ...more }: Readonly<Record<string, unknown>>): IUGroup =>
  aGroup(
    GROUP,
    REGIONS.map((region) => ({ region, credentials: { secretName: region } })),
    {
      switchback: { stableForSeconds: 8, damping: { maxStableForSeconds: 30 } },
      failover: { flapping: FLAPPING, ...(typeof failover === 'object' ? failover : {}) },
      ...more,
    },
  );

const secretOf = (region: RegionName): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: region, namespace: SYSTEM_NAMESPACE },
  data: { kubeconfig: Buffer.from(region).toString('base64') },
});

/** Places of each service, the primary region first. */
export const SERVICES: Readonly<Record<string, readonly string[]>> = {
  ...INDEPENDENT,
  web: ['east', 'west'],
  desk: ['west'],
};
export const WITH_LEDGER: typeof SERVICES = { ...SERVICES, ledger: ledger ?? [] };
export const WITH_SHIFT: typeof SERVICES = { trunk: REGIONS, shift: shift ?? [] };

export interface Declared {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** Everything that is declared at the start of a history, in the order in which a user would apply it. */
export function declaredObjects(
  groupSpec: Readonly<Record<string, unknown>>,
  services = SERVICES,
  fencing: FencedBy = 'Agent',
): readonly Declared[] {
  const instances = Object.entries(services).map(([name, regions]) => instanceOf(name, regions));
  return [
    ...REGIONS.map((region) => ({ resource: SECRET, object: secretOf(region) })),
    { resource: RESOURCES.iuGroup, object: group(groupSpec) },
    ...classes(fencing, 'shift' in services).map((object) => ({ resource: RESOURCES.serviceClass, object })),
    ...instances.map((object) => ({ resource: RESOURCES.serviceInstance, object })),
  ];
}
