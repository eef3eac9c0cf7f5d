import { z } from 'zod';
import { count, DAYS, listAtomic, listSet, seconds, timeOfDay, timeZone } from './common.ts';

const switchbackWindow = z.object({
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .max(7)
    .meta(listSet)
    .default([...DAYS])
    .describe('Days of the week on which the window opens, in its time zone.'),
  start: timeOfDay.describe(
    'When it opens, by the clocks of its time zone. A time that they skip is as much later; of one that comes twice the first counts.',
  ),
  durationSeconds: seconds(60, 86_400).describe('How long it stays open, whatever the clocks are set to meanwhile.'),
  timeZone: timeZone.describe('IANA time zone, for example `Europe/Berlin`.'),
});
export type SwitchbackWindow = z.infer<typeof switchbackWindow>;

const damping = z
  .object({
    windowSeconds: seconds(0, 604_800)
      .default(3600)
      .describe(
        'A failover counts on when the service had been home for less than that; else it is a first one again.',
      ),
    maxStableForSeconds: seconds(1, 604_800)
      .default(3600)
      .describe('The stable time is never made longer than that. Not more than `stableForSeconds`: no damping.'),
  })
  .describe('Of a region that comes and goes: each failover of a service from it in a row doubles its stable time.');

export const switchbackPolicy = z.object({
  mode: z
    .enum(['Automatic', 'Approval', 'Manual'])
    .default('Automatic')
    .describe(
      'Whether services go home by themselves when their primary region is back. `Approval`: the operator says when all is ready, and a person makes a RegionSwitch of type Switchback. `Manual`: the same without being told.',
    ),
  stableForSeconds: seconds(1, 604_800)
    .default(300)
    .describe('How long the primary region must have been healthy before anything goes home.'),
  windows: z
    .array(switchbackWindow)
    .min(1)
    .max(16)
    .meta(listAtomic)
    .optional()
    .describe('Services begin to go home only while one of them is open. Absent: at any time.'),
  maxConcurrentServices: count(100_000, 1)
    .optional()
    .describe(
      'So many services of the group go home at a time; each counts until it is ready there. Those that must live in one region go as one: all must fit, or nothing else may be on its way. Absent: all.',
    ),
  damping: damping.prefault({}),
});
