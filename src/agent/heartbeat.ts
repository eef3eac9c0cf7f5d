import { API_VERSION } from '../api/common.ts';
import type { RegionLease } from '../api/region-lease.ts';
import { RESOURCES } from '../api/resources.ts';
import { NotFoundError } from '../kube/errors.ts';
import { Ticker } from '../runtime/ticker.ts';
import type { AgentContext } from './context.ts';
import { isWithoutRight } from './without-right.ts';

/**
 * Asks for the right to run: writes a new nonce each heartbeat. The nonce is made, and its time taken, right before it
 * is sent. A lost or late write costs nothing but time: its nonce is never answered, or the answer ends early. With it goes
 * what the region says of itself and of its peers: a sign of life is how fresh that is.
 */
export function createHeartbeat(context: AgentContext, everyMs: number): Ticker {
  const { client, leadership, log, region } = context;
  // Longer than a heartbeat: an API server that is slow must not cost the rights that a late answer would still give.
  const options = { lane: 'control', timeoutMs: 2 * everyMs } as const;
  const ticker = new Ticker({
    clock: context.clock,
    everyMs,
    atRate: true,
    onError: (error) => log('warn', 'Heartbeat failed', { region, error: String(error) }),
    async run(signal) {
      if (!leadership.isCertain()) {
        // The next renewal ends the lapse. A heartbeat that is left out is a third of a right, so it is only put off.
        if (leadership.hasDuty) context.clock.setTimer(everyMs / 20, () => ticker.poke());
        return;
      }
      const withoutRight = isWithoutRight(context);
      const agent = { peers: context.sightings.list(), nonce: context.authority.ask() };
      try {
        const written = await client.mergePatch(
          RESOURCES.regionLease,
          { name: region },
          // What is not known must not stand there as what the leader before has known.
          { spec: { agent: { ...agent, withoutRight: withoutRight ?? null } } },
          { ...options, signal },
        );
        context.caches.leases.store.apply(written);
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        const spec = { agent: { ...agent, ...(withoutRight === undefined ? {} : { withoutRight }) } };
        const lease: RegionLease = { apiVersion: API_VERSION, kind: 'RegionLease', metadata: { name: region }, spec };
        context.caches.leases.store.apply(await client.create(RESOURCES.regionLease, lease, { ...options, signal }));
      }
    },
  });
  return ticker;
}
