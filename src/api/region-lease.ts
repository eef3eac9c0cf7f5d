import { z } from 'zod';
import { boundedRecord, cel, count, epoch, listAtomic, regionName } from './common.ts';
import { type ApiObject, defineKind } from './definition.ts';

const nonce = z.string().min(1).max(128);

/** What an agent sees of another region. No time stands with it: the heartbeat that brings it is its age. */
export const peerSighting = z.object({
  region: regionName.describe('The other region.'),
  state: z
    .enum(['Reachable', 'NoHeartbeat', 'Unreachable'])
    .describe(
      '`Reachable`: its API server answers this region, and its agent beats. `NoHeartbeat`: no agent beats. `Unreachable`: no answer.',
    ),
  withoutRight: z.boolean().optional().describe('What that region says of itself; absent: nothing.'),
});
export type PeerSighting = z.infer<typeof peerSighting>;
export type PeerState = PeerSighting['state'];

const agentPart = z.object({
  nonce: nonce.describe('Made by the agent that leads, never used again: a right counts from before it was sent.'),
  withoutRight: z
    .boolean()
    .optional()
    .describe('Whether an active/backup service that is to be active here stands still for want of a right to run it.'),
  peers: z
    .array(peerSighting)
    .max(15)
    .meta(listAtomic)
    .optional()
    .describe('What this agent sees of the regions that it shares active/backup services with.'),
});

const hubPart = z
  .object({
    nonce: nonce.describe('The nonce that is acknowledged.'),
    term: count(2_000_000_000).describe('Term of the hub leader that acknowledges.'),
    by: z.string().min(1).max(256).optional().describe('The process that has this term here; no other one may use it.'),
    record: z
      .string()
      .max(128)
      .optional()
      .describe(
        'Uid and resource version of the election record that the hub led by when it last acknowledged: which hub it is, and how far it had come. A hub that was made anew, or restored, cannot know it.',
      ),
    seized: z
      .boolean()
      .optional()
      .describe(
        'Whether the term was only left here, by a hub that takes over from another one, and nothing acknowledged under it yet: `record` is that of the other hub.',
      ),
    grants: boundedRecord(z.string().max(320), epoch, 5000).describe(
      '`namespace/name` of a RegionalService → the epoch that it may run at.',
    ),
  })
  .meta(
    cel(
      {
        rule: 'self.term >= oldSelf.term',
        message: 'term never falls: this acknowledgement comes from an older hub leader',
      },
      {
        rule: 'self.term > oldSelf.term || !has(oldSelf.by) || (has(self.by) && self.by == oldSelf.by)',
        message: 'a term belongs to one hub process: another one has this term here already',
      },
    ),
  );

const promise = z.object({
  nonce: nonce.describe('The nonce of that region that is answered.'),
  services: z
    .array(z.object({ name: z.string().min(3).max(320).describe('`namespace/name` of a RegionalService.'), epoch }))
    .max(5000)
    .meta(listAtomic)
    .describe('What is not started here for one `wait`, each at the epoch at which that region runs it.'),
});
export type LeasePromise = z.infer<typeof promise>;

const spec = z
  .object({
    agent: agentPart.optional().describe('The part of the agent: what it asks with.'),
    hub: hubPart.optional().describe('The part of the hub: what it answers.'),
    promises: boundedRecord(regionName, promise, 15)
      .optional()
      .describe('The part of the agent for its peers: what it lets a region that the hub does not answer run on with.'),
  })
  .meta(
    cel({
      rule: '!has(oldSelf.hub) || has(self.hub)',
      message: 'hub cannot be removed: its term would be forgotten',
    }),
  );

/** Small and rewritten at each heartbeat, so that `Region` is not. The agent and the hub own their parts. */
export const regionLease = defineKind({
  kind: 'RegionLease',
  plural: 'regionleases',
  singular: 'regionlease',
  shortNames: ['rlease'],
  namespaced: false,
  livesIn: 'region',
  description: 'How a region proves its right to run: the agent asks with a nonce, the hub acknowledges it.',
  spec,
  columns: [
    { name: 'Nonce', type: 'string', jsonPath: '.spec.agent.nonce', description: 'Asked', priority: 1 },
    { name: 'Acknowledged', type: 'string', jsonPath: '.spec.hub.nonce', description: 'Answered', priority: 1 },
    { name: 'Term', type: 'integer', jsonPath: '.spec.hub.term', description: 'Term of the hub' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
});
export type RegionLeaseSpec = z.infer<typeof spec>;
export type HubMark = z.infer<typeof hubPart>;
export type RegionLease = ApiObject<RegionLeaseSpec, never>;
