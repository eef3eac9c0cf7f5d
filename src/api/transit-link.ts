import { z } from 'zod';
import { count, dnsLabel, listMap, seconds } from './common.ts';
import { asksFrom, transitProbes } from './transit-centre.ts';

/** What a region is told of the transit centres of its group. */
export const transitOrders = z
  .object({
    intervalSeconds: seconds(1, 300).describe('How often each question is asked.'),
    failureThreshold: count(20, 1).describe('So many questions in a row without an answer make a link lost.'),
    recoveryThreshold: count(20, 1).describe('So many answers in a row make it well again.'),
    centres: z
      .array(
        z.object({
          name: dnsLabel(20).describe('Name of the transit centre.'),
          probes: transitProbes.describe('What is asked of it.'),
          asksFrom: asksFrom.optional(),
        }),
      )
      .max(32)
      .meta(listMap('name'))
      .describe('The centres that are asked.'),
  })
  .describe('What the agent asks of the transit centres of the group. Absent: nothing.');
export type TransitOrders = z.infer<typeof transitOrders>;

export const linkState = z.enum(['Up', 'Partial', 'OneWay', 'Down', 'Unknown']);
export type LinkState = z.infer<typeof linkState>;

/** What the agent of a region sees of a transit centre: the two links between them. */
export const transitSighting = z.object({
  name: dnsLabel(20).describe('Name of the transit centre.'),
  voice: linkState
    .optional()
    .describe(
      'The link for voice. `Partial`: some questions or probes go without an answer. `OneWay`: only the questions of one side reach the other. `Unknown`: it cannot be asked. Absent: nothing is asked.',
    ),
  mpls: linkState.optional().describe('The link for private networks; as `voice`.'),
  message: z.string().max(512).describe('What is seen, in words.'),
});
export type TransitSighting = z.infer<typeof transitSighting>;
