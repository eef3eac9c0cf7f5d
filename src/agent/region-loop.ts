import { isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { Region } from '../api/region.ts';
import { RESOURCES } from '../api/resources.ts';
import type { NodeFacts } from '../decide/facts.ts';
import { reportStatus } from '../report/status.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { AgentContext } from './context.ts';

type ZoneStatus = NonNullable<NonNullable<Region['status']>['zones']>[number];

const LOOK_EVERY_MS = 10_000;

/** Reports the zones of the region as its nodes show them, and what it sees of its peers and of the transit centres. Only a change is written. */
export function createRegionLoop(context: AgentContext): Ticker {
  const { caches, client, clock, leadership, log, observer, region, sightings } = context;
  return new Ticker({
    clock,
    everyMs: LOOK_EVERY_MS,
    settleMs: 200,
    onError: (error) => log('warn', 'Region not reported', { region, error: String(error) }),
    async run(signal) {
      const object = caches.regions.store.get(region);
      if (!object || !leadership.isCertain() || !caches.nodes.reflector.synced) return;
      const zones = object.spec.zones.map((zone) => zoneStatus(zone, observer.nodeFacts()));
      const options = {
        client,
        resource: RESOURCES.region,
        store: caches.regions.store,
        now: isoTime(clock.now().wallMs),
        signal,
      };
      const peers = sightings.list();
      const seen = sightings.isWhole && { peers: peers.length > 0 ? peers : null };
      const transit = context.transit && { transitCentres: context.transit.list(object.status?.transitCentres) };
      const fields = { zones, agentVersion: context.version, ...seen, ...transit };
      await reportStatus(options, object, { conditions: regionConditions(zones), fields });
    },
  });
}

function zoneStatus(zone: string, facts: NodeFacts): ZoneStatus {
  const nodes = [...facts.values()].filter((node) => node.zone === zone);
  const readyNodes = nodes.filter(({ ready }) => ready).length;
  const state = nodes.length === 0 ? 'Empty' : readyNodes === 0 ? 'Lost' : 'Healthy';
  return { zone, nodes: nodes.length, readyNodes, state };
}

/** Conditions of a region, by its zones. */
export function regionConditions(zones: readonly ZoneStatus[]): ConditionState[] {
  const bad = zones.filter(({ state }) => state !== 'Healthy');
  const message = bad.map(({ zone, nodes }) => `zone ${zone}: none of ${nodes} nodes is ready`).join('; ');
  const isBad = bad.length > 0;
  return [
    {
      type: 'Ready',
      status: isBad ? 'False' : 'True',
      reason: isBad ? 'ZoneLost' : 'ZonesHealthy',
      message: isBad ? message : 'every zone has ready nodes',
    },
    { type: 'Reconciling', status: 'False', reason: 'AsDeclared', message: '' },
    // No agent can bring a zone back. Neither of the two would leave who waits (kstatus) without an explanation.
    {
      type: 'Stalled',
      status: isBad ? 'True' : 'False',
      reason: isBad ? 'ZoneLost' : 'AsDeclared',
      message: isBad ? message : '',
    },
  ];
}
