import { API_VERSION } from '../../src/api/common.ts';
import { type ScheduledDrill, scheduledDrill } from '../../src/api/drill-schedule.ts';
import { type IUGroup, iuGroup } from '../../src/api/iu-group.ts';
import { type RegionSwitch, regionSwitch } from '../../src/api/region-switch.ts';
import { type ComponentOrder, type RegionalService, regionalService } from '../../src/api/regional-service.ts';
import { type Component, type ServiceClass, serviceClass } from '../../src/api/service-class.ts';
import {
  type Assignment,
  type AssignmentEntry,
  type ServiceInstance,
  serviceInstance,
} from '../../src/api/service-instance.ts';
import { type Tenant, tenant } from '../../src/api/tenant.ts';
import { type TransitCentre, transitCentre } from '../../src/api/transit-centre.ts';
import type { GateSettings } from '../../src/decide/desired/gate.ts';
import type { NodeFact, PodFact } from '../../src/decide/facts.ts';
import type { ServiceProgress } from '../../src/report/switch.ts';

/**
 * Builders of valid objects for tests: each goes through its schema, so that defaults are the real ones, and takes only
 * what the test is about.
 */

type Input = Readonly<Record<string, unknown>>;

export const IMAGE = `registry.example/placeholder@sha256:${'0'.repeat(64)}`;

const unit = (region: string, more: Input = {}) => ({
  name: `iu-${region}`,
  region,
  geography: 'US',
  country: 'US',
  zones: [`${region}-a`, `${region}-b`],
  credentials: { secretName: region },
  ...more,
});

/** A group with a unit for each name; an object gives a unit fields of its own. */
export function aGroup(
  name: string,
  units: readonly (string | ({ region: string } & Input))[],
  more: Input = {},
): IUGroup {
  const infrastructureUnits = units.map((u) => (typeof u === 'string' ? unit(u) : unit(u.region, u)));
  const spec = iuGroup.spec.parse({ infrastructureUnits, ...more });
  return { apiVersion: API_VERSION, kind: 'IUGroup', metadata: { name }, spec };
}

type ComponentInput = Input & { readonly template?: Input };

const componentInput = ({ template, ...more }: ComponentInput): Input => ({
  name: 'main',
  pattern: 'N+1',
  template: { image: IMAGE, ports: [{ name: 'http', port: 8080 }], ...template },
  ...more,
});

/** A service class; by default one pool that stays in its region. */
export function aClass(name: string, more: Input & { components?: readonly ComponentInput[] } = {}): ServiceClass {
  const { components = [{}], ...rest } = more;
  const spec = serviceClass.spec.parse({
    displayName: name,
    functionality: 'CallRouting',
    fencing: 'Agent',
    components: components.map((c) => componentInput(c)),
    ...rest,
  });
  return { apiVersion: API_VERSION, kind: 'ServiceClass', metadata: { name }, spec };
}

export const aBackup = (fromTier = 'CrossRegionVoice'): Input => ({ crossRegion: { mode: 'Backup', fromTier } });
export const anActive = (fromTier = 'CrossRegionVoice'): Input => ({ crossRegion: { mode: 'Active', fromTier } });

export function aComponent(more: ComponentInput = {}): Component {
  const [component] = aClass('any', { components: [more] }).spec.components;
  if (!component) throw new Error('a class has a component');
  return component;
}

/** A tenant of `namespace/name`; by default 100 agents of tier CrossRegionVoice from us-east to us-west. */
export function aTenant(key: string, more: Input = {}): Tenant {
  const [namespace = '', name = ''] = key.split('/');
  const spec = tenant.spec.parse({
    iuGroupRef: { name: 'americas' },
    primaryRegion: 'us-east',
    secondaryRegions: ['us-west'],
    tier: 'CrossRegionVoice',
    agents: 100,
    ...more,
  });
  return { apiVersion: API_VERSION, kind: 'Tenant', metadata: { name, namespace }, spec };
}

export function anInstance(name: string, more: Input = {}): ServiceInstance {
  const spec = serviceInstance.spec.parse({
    iuGroupRef: { name: 'americas' },
    serviceClassRef: { name: 'voice-mail' },
    primaryRegion: 'us-east',
    secondaryRegions: ['us-west'],
    agents: 1000,
    ...more,
  });
  return { apiVersion: API_VERSION, kind: 'ServiceInstance', metadata: { name, namespace: 'switchback-system' }, spec };
}

/** What a person asks for in group `americas`; by default to leave region east. */
export function aSwitch(name: string, more: Input = {}): RegionSwitch {
  const wanted = { iuGroupRef: { name: 'americas' }, type: 'Evacuate', region: 'east', reason: 'maintenance', ...more };
  const metadata = { name, uid: `uid-${name}`, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion: API_VERSION, kind: 'RegionSwitch', metadata, spec: regionSwitch.spec.parse(wanted) };
}

/** A drill of the calendar; by default of region east, each Sunday at two in the night in UTC. */
export function aDrill(
  name: string,
  { schedule, ...more }: Input & { readonly schedule?: Input } = {},
): ScheduledDrill {
  const when = { days: ['Sun'], start: '02:00', timeZone: 'UTC', ...schedule };
  return scheduledDrill.parse({ name, region: 'east', kind: 'Region', schedule: when, ...more });
}

/** What is ordered of one component; by default a pool of two. */
export function anOrderedComponent(more: Input = {}): ComponentOrder {
  const { template } = aComponent();
  const pool = {
    name: 'main',
    pattern: 'N+1',
    layout: 'Spread',
    needed: 1,
    instances: 2,
    zones: [],
    writeBearing: false,
  };
  const [component] = regionalService.spec.shape.components.parse([{ ...pool, template, ...more }]);
  if (!component) throw new Error('an order has a component');
  return component;
}

export function anOrder(name: string, components: readonly ComponentOrder[], more: Input = {}): RegionalService {
  const spec = regionalService.spec.parse({
    serviceClass: 'voice-mail',
    mode: 'Backup',
    role: 'Active',
    epoch: 1,
    activeRegion: 'us-east',
    successors: ['us-west'],
    onHubLoss: 'Fence',
    fencing: 'Agent',
    components,
    ...more,
  });
  const metadata = { name, namespace: 'switchback-system', uid: '7d3e' };
  return { apiVersion: API_VERSION, kind: 'RegionalService', metadata, spec };
}

/** A transit centre with voice that serves some regions, and a probe for each way in. */
export function aTransitCentre(
  name: string,
  regions: readonly string[],
  { calls, ...more }: Input & { readonly calls?: number } = {},
): TransitCentre {
  const host = `${name}.example.com`;
  const mpls = more['mpls'] === true ? [{ name: 'mpls', path: 'Mpls', type: 'Tcp', host, port: 179 }] : [];
  return transitCentre.parse({
    name,
    geography: 'US',
    country: 'US',
    pair: 'us',
    regions,
    voice: { targets: [host], ...(calls !== undefined && { calls }) },
    probes: [{ name: 'sip', path: 'Voice', type: 'SipOptions', host, port: 5060 }, ...mpls],
    ...more,
  });
}

/** What gates are made from. */
export const aGate = (more: Partial<GateSettings> = {}): GateSettings => ({
  image: IMAGE,
  delivery: 'InitContainer',
  agents: ['https://agents.test:8443'],
  askEveryMs: 1000,
  ...more,
});

/** A pod that has served for an hour, on node `node-<zone>`. */
export function aPod(name: string, more: Partial<PodFact> & { zone?: string } = {}): PodFact {
  const { zone = 'a', ...facts } = more;
  return {
    name,
    uid: `uid-${name}`,
    component: 'main',
    node: `node-${zone}`,
    ready: true,
    readinessAgeMs: 3_600_000,
    terminating: false,
    ended: false,
    started: true,
    mayHaveServed: true,
    ...facts,
  };
}

/** Nodes `node-<zone>`, ready for an hour unless said otherwise. */
export function nodesIn(zones: readonly string[], changes: Readonly<Record<string, Partial<NodeFact>>> = {}) {
  const nodes = zones.map((zone): [string, NodeFact] => {
    const name = `node-${zone}`;
    return [name, { name, zone, ready: true, readinessAgeMs: 3_600_000, schedulable: true, ...changes[zone] }];
  });
  return new Map(nodes);
}

/**
 * An assignment told as its history, oldest first: `2 west>east,north` is epoch 2, active in west, with two successors;
 * `hold` behind it sets `onHubLoss`. The last entry is the present one.
 */
export function anAssignment(...entries: readonly string[]): Assignment {
  const history = entries.map(readEntry);
  const last = history.at(-1);
  if (!last) throw new Error('an assignment has a present entry');
  const { epoch, onHubLoss, region: activeRegion, successors } = last;
  return { epoch, activeRegion, successors, onHubLoss, reason: 'Assigned', since: '2026-01-01T00:00:00Z', history };
}

function readEntry(text: string): AssignmentEntry {
  const [, epoch, region = '', successors = '', hold] = /^(\d+) ([^>\s]+)>(\S*)( hold)?$/.exec(text) ?? [];
  if (epoch === undefined) throw new Error(`not an entry: ${text}`);
  return {
    epoch: Number(epoch),
    region,
    successors: successors === '' ? [] : successors.split(','),
    onHubLoss: hold ? 'Hold' : 'Fence',
  };
}

/** A service that is moved from east to west at epoch 2, and has got no further than the decision. */
export const aProgress = (more: Pick<ServiceProgress, 'decidedAt'> & Partial<ServiceProgress>): ServiceProgress => ({
  name: 'ns/mail',
  from: 'east',
  to: 'west',
  epoch: 2,
  lastSignAt: undefined,
  promotedAt: undefined,
  readyAt: undefined,
  trafficMoved: false,
  cleanedUp: false,
  protected: false,
  superseded: false,
  ...more,
});
