import { z } from 'zod';
import {
  cel,
  count,
  country,
  dnsLabel,
  geography,
  host,
  ipAddress,
  listMap,
  listSet,
  regionName,
  seconds,
  timestamp,
  urlPath,
} from './common.ts';
import { reason } from './conditions.ts';

/** What comes in through a transit centre. The two fail apart. */
export const transitPath = z.enum(['Voice', 'Mpls']).describe('What the way in is for; the two fail apart.');
export type TransitPath = z.infer<typeof transitPath>;
/** As sentences name it. */
export const pathName = (path: TransitPath): string => ({ Voice: 'voice', Mpls: 'MPLS' })[path];

/** What an agent asks of a transit centre, and what counts as an answer. */
export const transitProbe = z
  .object({
    name: dnsLabel(20).describe('Name of the probe.'),
    path: transitPath,
    type: z
      .enum(['Tcp', 'Tls', 'Http', 'Https', 'SipOptions'])
      .describe(
        '`Tcp`: a connection. `Tls`: a handshake. `Http`, `Https`: a status below 400. `SipOptions`: any final answer.',
      ),
    host: host.describe('Who is asked.'),
    port: count(65_535, 1).describe('The port that is asked.'),
    transport: z.enum(['UDP', 'TCP']).optional().describe('Of SipOptions. Absent: `UDP`.'),
    urlPath: urlPath.optional().describe('Of Http and Https: the path that is asked. Absent: `/`.'),
    serverName: host.optional().describe('Of Tls and Https: the name in the certificate. Absent: not looked at.'),
  })
  .describe('A question that every region asks of the transit centre.')
  .meta(
    cel(
      {
        rule: "!has(self.transport) || self.type == 'SipOptions'",
        message: 'transport is only for probes of type SipOptions: leave it out',
      },
      {
        rule: "!has(self.urlPath) || self.type in ['Http', 'Https']",
        message: 'urlPath is only for probes of type Http or Https: leave it out',
      },
      {
        rule: "!has(self.serverName) || self.type in ['Tls', 'Https']",
        message: 'serverName is only for probes of type Tls or Https: leave it out',
      },
    ),
  );
export type TransitProbe = z.infer<typeof transitProbe>;

export const transitProbes = z.array(transitProbe).max(8).meta(listMap('name'));

/** Of a centre: where its own questions come from. */
export const asksFrom = z
  .array(ipAddress)
  .min(1)
  .max(8)
  .meta(listSet)
  .describe(
    'Addresses that its own SIP OPTIONS to the regions come from, beside those that its SipOptions probes name as addresses.',
  );

export const transitCentre = z
  .object({
    name: dnsLabel(20).describe('Name of the transit centre.'),
    geography,
    country,
    pair: dnsLabel(20).describe('Transit centres with the same pair stand in for each other; at most two.'),
    state: z.enum(['Active', 'Pending']).default('Active').describe('`Pending`: announced; takes no traffic yet.'),
    use: z.enum(['General', 'Special']).default('General').describe('`Special`: only tenants that name it use it.'),
    regions: z
      .array(regionName)
      .min(1)
      .max(16)
      .meta(listSet)
      .describe('The regions that it serves, the best one first.'),
    voice: z
      .object({
        targets: z
          .array(host)
          .min(1)
          .max(8)
          .meta(listSet)
          .describe('Where callers of this centre enter: hosts or addresses.'),
        port: count(65_535, 1).default(5061).describe('The port of the SIP service.'),
        calls: count(2_000_000_000, 1).optional().describe('Most calls at once. Absent: not limited.'),
      })
      .optional()
      .describe('Carriers come in here. Absent: no voice.'),
    mpls: z.boolean().default(false).describe('Whether private networks of customers come in here.'),
    probes: transitProbes
      .default([])
      .describe('What the regions of the group ask of it. Without any, nothing is known.'),
    asksFrom: asksFrom.optional(),
  })
  .meta(
    cel(
      {
        rule: 'has(self.voice) || self.mpls',
        message: 'the transit centre has neither voice nor mpls: say what comes in through it',
      },
      {
        rule: "has(self.voice) || self.probes.all(p, p.path != 'Voice')",
        message: 'a probe asks for the path Voice of a transit centre without voice: add voice, or take the probe out',
      },
      {
        rule: "self.mpls || self.probes.all(p, p.path != 'Mpls')",
        message: 'a probe asks for the path Mpls of a transit centre without mpls: set mpls, or take the probe out',
      },
    ),
  );
export type TransitCentre = z.infer<typeof transitCentre>;

export const transitPolicy = z.object({
  mode: z.enum(['Automatic', 'Manual']).default('Automatic').describe('Whether voice ingress moves by itself.'),
  acrossPairs: z
    .boolean()
    .default(false)
    .describe('Whether it may move to another pair of the geography when a whole pair is lost.'),
  probeIntervalSeconds: seconds(1, 300).default(5).describe('How often each region asks each centre.'),
  failureThreshold: count(20, 1).default(3).describe('So many questions in a row without an answer make a link lost.'),
  recoveryThreshold: count(20, 1).default(2).describe('So many answers in a row make it well again.'),
  stableForSeconds: seconds(0, 86_400)
    .default(300)
    .describe(
      'How long a centre must be well before its ingress returns; doubles with each loss within a day, up to eight times.',
    ),
  flapping: z
    .object({
      changes: count(100, 1).default(6).describe('How often a path may change within the window.'),
      windowSeconds: seconds(1, 86_400).default(600).describe('How far back changes are counted.'),
    })
    .prefault({})
    .describe('A centre that changes more often flaps: nothing returns to it.'),
});
export type TransitPolicy = z.infer<typeof transitPolicy>;

const pathStatus = z.object({
  state: z
    .enum(['Up', 'Degraded', 'Lost', 'Flapping', 'Unknown', 'Pending'])
    .describe('What it looks like from all regions; the reason says why. Only `Lost` makes callers move.'),
  reason,
  message: z.string().max(512).describe('Who sees what, in a sentence for people.'),
  since: timestamp.describe('When `state` last changed.'),
  everUp: z
    .boolean()
    .optional()
    .describe('Whether it was ever seen up. What was not is never taken for lost: its probes may be wrong.'),
});
export type PathStatus = z.infer<typeof pathStatus>;

const ingressStatus = z.object({
  servedBy: dnsLabel(20).describe('Through which transit centre callers of this one come in now.'),
  since: timestamp.describe('Since when.'),
  reason: reason.describe('Why there.'),
  losses: count(1000).optional().describe('How often in a row, within a day each, its callers had to leave it.'),
  lastLossTime: timestamp.optional().describe('When they last had to.'),
});
export type IngressStatus = z.infer<typeof ingressStatus>;

const ingressHold = z.object({
  wanted: z.enum(['Move', 'Return']).describe('What is wanted and held.'),
  to: dnsLabel(20).optional().describe('Where callers would go; absent: nowhere.'),
  reason,
  message: z.string().max(1024).describe('Why it is held.'),
  until: timestamp.optional().describe('When it is looked at again, where only time is missing.'),
  endsWhen: z.string().max(256).optional().describe('What ends it otherwise.'),
});
export type IngressHold = z.infer<typeof ingressHold>;

/** `IUGroup.status.transitCentres`: what the hub makes of the matrix. */
export const transitCentreStatus = z.object({
  name: dnsLabel(20).describe('The transit centre.'),
  voice: pathStatus.optional().describe('The way in for voice. Absent: it has none.'),
  mpls: pathStatus.optional().describe('The way in for private networks. Absent: it has none.'),
  ingress: ingressStatus.optional().describe('Who serves its callers. Absent: it has none yet.'),
  hold: ingressHold.optional().describe('What keeps its callers where they are. Absent: nothing.'),
});
export type TransitCentreStatus = z.infer<typeof transitCentreStatus>;
