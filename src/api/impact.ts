import { z } from 'zod';
import { count, listAtomic, listMap, timestamp } from './common.ts';
import { functionality } from './service-class.ts';
import { transitPath } from './transit-centre.ts';

/**
 * What people feel of a failure, as codes with parameters: one closed list. The rules of `decide/impact` give them, and
 * `decide/impact/effects.ts` has how bad each is, how long it lasts and its sentence.
 */
export const EFFECTS = {
  Reconnects: 'Desktops reconnect by themselves, and phones register at the other side.',
  PhoneMoves: 'The phone registers through another transit centre; nothing has to be entered again.',
  PhoneOut: 'No transit centre is left that the phone could register through.',
  CutOff: 'No way in is left to what runs on.',
  LogsInAgain: 'Representatives are logged in at the other side by themselves.',
  PhonesRegister: 'Phones register at the other side; those of `services` do not.',
  VoiceChannelWarning: 'The desktop may show that the voice channel is out of service.',
  LoggedOutThenIn: 'Sessions end; people log in again by another way.',
  FeedReconnects: 'Clients of the data feed connect again by another way.',
  LoggedOut: 'Representatives are logged out until the failure is over.',
  LoggedOutUntilStarted: 'Representatives are logged out until the service was started elsewhere.',
  SessionsEnd: 'Administration sessions on the lost back-end end.',
  AdministratorsLoggedOut: 'Supervisors and administrators are logged out and recover at their next login.',
  DataDelayed: 'Data comes later; nothing is lost.',
  NothingWorks: 'Nothing of it works until the failure is over.',
  WithoutServices: 'It works without some services until the failure is over.',
  StartsCold: 'It is away until it was started elsewhere, from nothing.',
  StartsWarm: 'It is away for a moment, until its warm copy elsewhere was promoted.',
  ApprovalBringsBack: 'It is back sooner if a person approves its promotion.',
  NotExecuted: 'Callbacks are not executed until the failure is over.',
  CallbacksWait: 'Callbacks wait for the primary transit centre, through which they dial.',
  CallbacksDelayed: 'Callers are called back later.',
  NoAccess: 'What was fed cannot be reached until the failure is over.',
  NoChanges: 'No changes can be made until the failure is over.',
  MinimalChanges: 'Only minimal changes can be made, where the warm copy stands.',
  ReadOnly: 'It can be read elsewhere, and is written again once it was promoted there.',
  NoRealTime: 'No real-time tools until the failure is over.',
  LimitedView: 'Other regions show a limited view.',
  MergedLater: 'Nothing is lost: data is collected elsewhere and merged later.',
  ActiveCallsLost: 'Active calls are lost.',
  ActiveCallsDropped: 'Callers are cut off in their active calls.',
  NewCallsQueue: 'New calls come in elsewhere, through the IVR, and queue until representatives are ready.',
  NewCallsNotRouted: 'New calls are answered elsewhere, but reach no representative.',
  NewCallsNotTaken: 'New calls are not taken.',
  CallsElsewhereUntouched: 'Calls that are in other regions already go on.',
  IvrOnly: 'Callers are answered, and reach no representative.',
  CannotCall: 'Callers reach nobody.',
  StoredUnavailable: 'What is stored in the region cannot be had until the failure is over.',
  StoredElsewhere: 'What is stored in other regions can be had there.',
  StoredAvailable: 'What is stored can be had.',
  MessagesInProgressLost: 'Messages that are just being recorded are lost.',
  RecoveredOnNextCall: 'The next call puts it right.',
  NoMessages: 'Messages can be neither left nor heard.',
  NoWork: 'Representatives get no work of these services.',
  ChannelsUnavailable: 'Customers cannot use these channels.',
  MailCut: 'Mail does not reach the mail server of the customer.',
  NoCampaigns: 'No campaigns run until the failure is over.',
  NoNewCallsOut: 'No new outbound calls until the primary transit centre is back.',
  ShortBreak: 'It is away for a moment, while it is moved.',
  CallsFinishFirst: 'Active calls go on to their end, new ones go elsewhere.',
  ReconnectsAfterCall: 'Desktops and phones go elsewhere when their call has ended.',
} as const;
export type EffectCode = keyof typeof EFFECTS;

const codes = Object.keys(EFFECTS) as [EffectCode, ...EffectCode[]];
// Names are plain text here: they are written by the operator alone, and a rule for each would be asked thousands of times.
const name = (max: number) => z.string().min(1).max(max);
const names = z.array(name(63)).max(64).meta(listAtomic);

const effect = z.object({
  code: z.enum(codes).describe('What is felt, as one word of a closed list.'),
  services: names.optional().describe('Service classes that it is about. Absent: all of the functionality.'),
  regions: z.array(name(40)).max(16).meta(listAtomic).optional().describe('Where, or where to.'),
  centre: name(20).optional().describe('The transit centre that it is about, or through which it goes on.'),
  via: z.enum(['Internet']).optional().describe('Instead of a transit centre.'),
  assumed: z.boolean().optional().describe('Only if what it is about sat in the lost zone, which is not known here.'),
});
export type Effect = Readonly<z.infer<typeof effect>>;

const MOST_EFFECTS = 8;
const felt = (who: string) =>
  z.array(effect).max(MOST_EFFECTS).meta(listAtomic).optional().describe(`What ${who} feel. Absent: nothing.`);
const audiences = {
  operations: felt('operations'),
  representative: felt('representatives'),
  customer: felt('customers who call or write'),
};

export const impactRow = z.object({ functionality, ...audiences });
export type ImpactRow = z.infer<typeof impactRow>;

/** Of many tenants: the worst that any of them feels. */
const groupImpactRow = z.object({
  functionality,
  tenants: count(2_000_000_000).describe('Tenants that feel anything of it.'),
  ...audiences,
});
export type GroupImpactRow = z.infer<typeof groupImpactRow>;
export const groupImpact = z
  .array(groupImpactRow)
  .max(12)
  .meta(listMap('functionality'))
  .describe('What people would feel, by functionality: the worst for any tenant. What nobody feels is left out.');

const failure = z
  .object({
    kind: z
      .enum(['Zone', 'Region', 'TransitCentre', 'Services'])
      .describe('What failed. `Services`: services that are not ready, without any of the others.'),
    region: name(40).optional().describe('The region, or that of the zone.'),
    zone: name(40).optional().describe('The zone.'),
    centre: name(20).optional().describe('The transit centre.'),
    paths: z
      .array(transitPath)
      .max(2)
      .meta(listAtomic)
      .optional()
      .describe('What does not come in through it any more.'),
    services: names.optional().describe('Service classes that are not ready.'),
  })
  .describe('What failed.');
export type FailureStatus = Readonly<z.infer<typeof failure>>;

/** Failures at once of which a tenant is told. */
export const MOST_FAILURES = 4;
const tenantImpactEntry = z.object({
  failure,
  since: timestamp.describe('Since when the tenant feels it.'),
  rows: z
    .array(impactRow)
    .max(12)
    .meta(listMap('functionality'))
    .describe('What is felt now, by functionality. What nobody feels is left out.'),
});
export type TenantImpactEntry = z.infer<typeof tenantImpactEntry>;
export const tenantImpact = z
  .array(tenantImpactEntry)
  .max(MOST_FAILURES)
  .meta(listAtomic)
  .describe('What is felt now, by failure, the worst first. Absent: nothing.');
