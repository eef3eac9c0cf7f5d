import { z } from 'zod';
import {
  cel,
  count,
  DAYS,
  date,
  dnsLabel,
  listSet,
  objectKeys,
  regionName,
  seconds,
  timeOfDay,
  timestamp,
  timeZone,
  zoneName,
} from './common.ts';
import { drillFields, zoneOfDrill } from './region-switch.ts';

const schedule = z.object({
  days: z.array(z.enum(DAYS)).min(1).max(7).meta(listSet).describe('Days of the week.'),
  start: timeOfDay.describe(
    'When, by the clocks of its time zone. A time that they skip is as much later; of one that comes twice the first counts.',
  ),
  timeZone: timeZone.describe('IANA time zone, for example `Europe/Berlin`.'),
  everyWeeks: count(52, 1).default(1).describe('Only in every n-th week.'),
  startDate: date
    .optional()
    .describe('No drill before this date, and weeks are counted from its own. Absent: from 5 January 1970, a Monday.'),
  startWithinSeconds: seconds(60, 43_200)
    .default(900)
    .describe('A drill that cannot begin so long after its time is left out.'),
});
export type DrillSchedule = z.infer<typeof schedule>;

export const scheduledDrill = z
  .object({
    name: dnsLabel(40).describe('Names its RegionSwitches, together with the group and the time.'),
    region: regionName.describe('The region that services leave, or whose zone is kept empty.'),
    ...drillFields,
    services: objectKeys(50)
      .optional()
      .describe('Only these ServiceInstances, each as `namespace/name`. Absent: all that are at home in the region.'),
    schedule: schedule.describe('When it begins.'),
    windowSeconds: seconds(60, 604_800)
      .default(14_400)
      .describe('So long after its time nothing more leaves the region, and what has left goes home.'),
    suspend: z.boolean().default(false).describe('While it is true its times pass without a drill.'),
  })
  .meta(cel(zoneOfDrill));
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

export const zoneRehearsal = z.object({
  region: regionName.describe('The region.'),
  zone: zoneName.describe('The zone that was kept empty.'),
  lastTime: timestamp.describe('When that was last tried.'),
  lastResult: z.enum(['Passed', 'Failed', 'Aborted']).describe('What came of it.'),
  lastBy: z.string().max(253).describe('The RegionSwitch that did it.'),
  provedTime: timestamp.optional().describe('When it last went well.'),
  provedBy: z.string().max(253).optional().describe('The RegionSwitch by which it went well.'),
});
export type ZoneRehearsal = z.infer<typeof zoneRehearsal>;

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
