import { z } from 'zod';
import { cel, count, dnsLabel, listSet, objectKey, regionName, seconds, timestamp } from './common.ts';
import { drillFields } from './region-switch.ts';

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** A string whose form a CEL rule explains. */
const formed = (max: number, expression: RegExp, hint: string) =>
  z
    .string()
    .max(max)
    .regex(expression, hint)
    .meta(cel({ rule: `self.matches(r'${expression.source}')`, message: hint }));

const schedule = z.object({
  days: z.array(z.enum(WEEKDAYS)).min(1).max(7).meta(listSet).describe('Days of the week.'),
  time: formed(5, /^([01][0-9]|2[0-3]):[0-5][0-9]$/, "must be a time of day, for example '02:30'").describe(
    'When, on a clock in the time zone. A time that the change to summer time leaves out is taken an hour later.',
  ),
  timeZone: formed(
    64,
    /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/,
    "must be a time zone of the IANA database, for example 'Europe/Berlin' or 'UTC'",
  ).describe('IANA time zone.'),
  everyWeeks: count(52, 1).default(1).describe('Only in every n-th week.'),
  startDate: formed(10, /^[0-9]{4}-[01][0-9]-[0-3][0-9]$/, "must be a date, for example '2026-03-01'")
    .optional()
    .describe('No drill before this date, and weeks are counted from its own. Absent: from 5 January 1970, a Monday.'),
  startWithinSeconds: seconds(60, 43_200)
    .default(900)
    .describe('A drill that cannot begin so long after its time is left out.'),
});
export type DrillSchedule = z.infer<typeof schedule>;

export const scheduledDrill = z.object({
  name: dnsLabel(40).describe('Names its RegionSwitches, together with the group and the time.'),
  region: regionName.describe('The region that services leave.'),
  ...drillFields,
  services: z
    .array(objectKey)
    .min(1)
    .max(50)
    .meta(listSet)
    .optional()
    .describe('Only these ServiceInstances, each as `namespace/name`. Absent: all that are at home in the region.'),
  schedule: schedule.describe('When it begins.'),
  windowSeconds: seconds(60, 604_800)
    .default(14_400)
    .describe('So long after its time nothing more leaves the region, and what has left goes home.'),
  suspend: z.boolean().default(false).describe('While it is true its times pass without a drill.'),
});
export type ScheduledDrill = z.infer<typeof scheduledDrill>;

export const drillEntry = z.object({
  name: dnsLabel(40).describe('Name of the drill.'),
  seenTime: timestamp.describe('When the operator first saw it. Times before are not made up for.'),
  lastTime: timestamp.optional().describe('The last of its times that something was decided about.'),
  lastOutcome: z.enum(['Started', 'Skipped']).optional().describe('What was decided.'),
  regionSwitch: z.string().max(253).optional().describe('The RegionSwitch that was made for it.'),
  message: z.string().max(512).optional().describe('Why it was left out, or what it waits for.'),
  nextTime: timestamp
    .optional()
    .describe('Its next time. Absent: none within two years, or the time zone is not known.'),
});
export type DrillEntry = z.infer<typeof drillEntry>;

export const rehearsal = z.object({
  from: regionName.describe('The region that services left.'),
  to: regionName.describe('The region that they went to.'),
  lastTime: timestamp.describe('When that was last tried, or done in earnest.'),
  lastResult: z.enum(['Passed', 'Failed', 'Aborted']).describe('What came of it.'),
  lastBy: z.string().max(253).describe('The RegionSwitch that did it.'),
  provedTime: timestamp.optional().describe('When it last went well.'),
  provedBy: z.string().max(253).optional().describe('The RegionSwitch by which it went well.'),
});
export type Rehearsal = z.infer<typeof rehearsal>;
