import type { IUGroup } from '../api/iu-group.ts';
import { type LinkState, linkState, type TransitSighting } from '../api/transit-link.ts';
import { freshMs } from '../decide/evidence.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import type { Row } from '../decide/transit/matrix.ts';
import type { HubContext } from './context.ts';
import { regionsOfGroup } from './region-links.ts';

/** Bound of the field: a region is asked for no more. */
const MOST_CENTRES = 32;
const STATES: ReadonlySet<unknown> = new Set(linkState.options);

/** What the regions of a group say of its transit centres, and whose word is of now. */
export function transitRows(context: HubContext, group: IUGroup): Row[] {
  const { heartbeatMs } = computeProtocolTiming(group.spec.timings);
  return regionsOfGroup(context.links, group).map((region): Row => {
    const presence = presenceOf(context, region, freshMs(heartbeatMs));
    return { region, presence, links: presence === 'Heard' ? linksOf(context, region) : new Map() };
  });
}

/**
 * A report is as fresh as the heartbeat of its region, and as the cache that holds it. What has only just come back may
 * still show what it found before it went.
 */
function presenceOf({ diagnoses, links }: HubContext, region: string, withinMs: number): Row['presence'] {
  const { reason, state } = diagnoses.get(region) ?? {};
  if (state === 'Lost') return 'Lost';
  const link = links.get(region);
  const heartbeatAgeMs = link?.evidence(true).sinceHeartbeatMs ?? Number.POSITIVE_INFINITY;
  const isFresh = link?.regions.reflector.fresh === true && heartbeatAgeMs < withinMs;
  return state === 'Healthy' && reason !== 'Recovering' && isFresh ? 'Heard' : 'Silent';
}

/** A region is untrusted: of what breaks the schema nothing is known. */
function linksOf({ links }: HubContext, region: string): Row['links'] {
  const said: unknown = links.get(region)?.regions.store.get(region)?.status?.transitCentres;
  const list = Array.isArray(said) ? said.slice(0, MOST_CENTRES).filter(isLink) : [];
  return new Map(list.map(({ mpls, name, voice }) => [name, { Voice: stateOf(voice), Mpls: stateOf(mpls) }]));
}

const isLink = (item: unknown): item is TransitSighting =>
  typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string';
const stateOf = (state: LinkState | undefined): LinkState =>
  state !== undefined && STATES.has(state) ? state : 'Unknown';
