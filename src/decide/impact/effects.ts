import type { Effect, EffectCode, FailureStatus } from '../../api/impact.ts';
import { pathName } from '../../api/transit-centre.ts';
import type { Failure } from './facts.ts';

export interface EffectFacts {
  /** How bad it is: 1 is good to know, from 5 on something is not there. */
  readonly rank: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  /** `Moment`: it is over when what moves has moved. `Failure`: it lasts until the failure is over. */
  readonly lasts: 'Moment' | 'Failure';
  /** Without a full stop. */
  readonly sentence: (effect: Effect, until: string) => string;
}

const list = (names: readonly string[] = []): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
const services = (effect: Effect): string => list(effect.services);
const regions = (effect: Effect): string => list(effect.regions);
const are = (effect: Effect): string => ((effect.services?.length ?? 0) > 1 ? 'are' : 'is');
/** Where it goes on. */
function by({ centre, regions: names, via }: Effect): string {
  if (via) return 'over the internet';
  return centre === undefined ? `in ${list(names)}` : `through transit centre ${centre}`;
}
/** By which transit centre: that of a region, or a named one. */
const entrance = (effect: Effect): string =>
  effect.regions ? `by the transit centre of ${regions(effect)}` : by(effect);
/** Where it was. */
const of = ({ centre, regions: names }: Effect): string =>
  centre === undefined ? `in ${list(names)}` : `through transit centre ${centre}`;
const ifThere = ({ assumed }: Effect): string => (assumed ? ' if it ran in that zone' : '');

const moment = (rank: EffectFacts['rank'], sentence: EffectFacts['sentence']): EffectFacts => ({
  rank,
  lasts: 'Moment',
  sentence,
});
const lasting = (rank: EffectFacts['rank'], sentence: EffectFacts['sentence']): EffectFacts => ({
  rank,
  lasts: 'Failure',
  sentence,
});

/** Of every code: how bad it is, how long it lasts and how it reads. */
export const EFFECT_FACTS: Readonly<Record<EffectCode, EffectFacts>> = {
  Reconnects: moment(2, (e) => `desktops reconnect by themselves and phones register again ${by(e)}`),
  PhoneMoves: moment(1, (e) => `phones register again ${by(e)} by themselves, and nobody enters a password`),
  PhoneOut: lasting(6, (_, until) => `phones cannot register until ${until}`),
  CutOff: lasting(7, (_, until) => `no way in is left until ${until}`),
  LogsInAgain: moment(2, (e) => `representatives are logged in again ${by(e)} by themselves`),
  PhonesRegister: moment(2, (e) =>
    e.services ? `SIP phones register ${by(e)}; those of ${services(e)} do not` : `phones register ${by(e)}`,
  ),
  VoiceChannelWarning: moment(1, () => 'the desktop may warn that its voice channel is out of service'),
  LoggedOutThenIn: moment(3, (e) => `people are logged out and log in again ${by(e)}`),
  FeedReconnects: moment(2, (e) => `clients of the feed connect again ${by(e)}`),
  LoggedOut: lasting(6, (e, until) => `logged out of ${services(e)} until ${until}`),
  LoggedOutUntilStarted: moment(4, (e) => `logged out until ${services(e)} was started in ${regions(e)}`),
  SessionsEnd: moment(2, (e) => `sessions of ${services(e)} end${ifThere(e)}, and people log in again`),
  AdministratorsLoggedOut: moment(
    2,
    (e) => `supervisors and administrators are logged out of ${services(e)}${ifThere(e)}, until they log in again`,
  ),
  DataDelayed: moment(2, (e) => `data of ${services(e)} comes later${ifThere(e)}; nothing is lost`),
  NothingWorks: lasting(7, (_, until) => `nothing works until ${until}`),
  WithoutServices: lasting(5, (e, until) => `${services(e)} ${are(e)} missing until ${until}`),
  StartsCold: moment(4, (e) => `${services(e)} ${are(e)} away until started in ${regions(e)} from nothing`),
  StartsWarm: moment(3, (e) => `${services(e)} ${are(e)} away for a moment, until promoted in ${regions(e)}`),
  ApprovalBringsBack: lasting(1, (e) => `a person may bring ${services(e)} back in ${regions(e)} by an approval`),
  NotExecuted: lasting(6, (e, until) => `no callbacks of ${services(e)} are made until ${until}`),
  CallbacksWait: lasting(4, (e, until) => `callbacks of ${services(e)} wait until ${until}`),
  CallbacksDelayed: lasting(4, () => 'callbacks come later'),
  NoAccess: lasting(6, (_, until) => `nothing can be fetched until ${until}`),
  NoChanges: lasting(6, (_, until) => `no changes can be made until ${until}`),
  MinimalChanges: lasting(
    3,
    (e) => `only minimal changes, as in base data, can be made in ${services(e)} in ${regions(e)}`,
  ),
  ReadOnly: moment(3, (e) => `${services(e)} can be read in ${regions(e)}, and changed once promoted there`),
  NoRealTime: lasting(6, (_, until) => `there are no real-time tools until ${until}`),
  LimitedView: lasting(3, (e) => `a limited view of ${services(e)} is shown in ${regions(e)}`),
  MergedLater: lasting(
    1,
    (e) => `nothing is lost: data of ${services(e)} is collected in ${regions(e)} and merged later`,
  ),
  ActiveCallsLost: moment(3, (e) => `active calls ${of(e)} are lost`),
  ActiveCallsDropped: moment(3, (e) => `active calls ${of(e)} are cut off`),
  NewCallsQueue: moment(
    2,
    (e) => `new calls enter ${entrance(e)}, hear the IVR and queue until representatives are ready`,
  ),
  NewCallsNotRouted: lasting(5, (e, until) =>
    [
      e.regions ? `new calls are answered in ${regions(e)}` : 'new calls are answered',
      ` but reach no representative until ${until}: ${services(e)} ${are(e)} missing`,
    ].join(''),
  ),
  NewCallsNotTaken: lasting(7, (_, until) => `new calls are not taken until ${until}`),
  CallsElsewhereUntouched: moment(1, (e) => `calls that are in ${regions(e)} already go on`),
  IvrOnly: lasting(5, (_, until) => `callers hear the IVR and reach no representative until ${until}`),
  CannotCall: lasting(7, (_, until) => `callers reach nobody until ${until}`),
  StoredUnavailable: lasting(
    5,
    (e, until) => `what ${services(e)} stored in ${regions(e)} cannot be had until ${until}`,
  ),
  StoredElsewhere: lasting(1, (e) => `what is stored in ${regions(e)} can be had there`),
  StoredAvailable: moment(1, (e) => `what is stored in ${regions(e)} can be had`),
  MessagesInProgressLost: moment(3, (e) => `messages that are being recorded ${of(e)} are lost`),
  RecoveredOnNextCall: moment(2, () => 'the next call puts it right'),
  NoMessages: lasting(6, (_, until) => `messages can be neither left nor heard until ${until}`),
  NoWork: lasting(5, (e, until) => `no work comes from ${services(e)} until ${until}`),
  ChannelsUnavailable: lasting(6, (e, until) => `${services(e)} cannot be used until ${until}`),
  MailCut: lasting(
    5,
    (e, until) => `mail of ${services(e)} does not reach the mail server of the customer until ${until}`,
  ),
  NoCampaigns: lasting(6, (_, until) => `no campaigns run until ${until}`),
  NoNewCallsOut: lasting(5, (e, until) => `no new calls of ${services(e)} go out until ${until}`),
  ShortBreak: moment(2, (e) => `${services(e)} ${are(e)} away for a moment, when moved to ${regions(e)}`),
  CallsFinishFirst: moment(1, (e) => `active calls go on to their end, and new ones enter in ${regions(e)}`),
  ReconnectsAfterCall: moment(1, (e) => `desktops and phones go to ${regions(e)} when their call has ended`),
};

/** What ends it, in words. */
export function endOf(failure: Failure | FailureStatus): string {
  const { centre = '', region = '', zone = '' } = failure as FailureStatus;
  switch (failure.kind) {
    case 'Region':
      return `region ${region} is back`;
    case 'Zone':
      return `zone ${zone} is back`;
    case 'TransitCentre':
      return `transit centre ${centre} is back`;
    case 'Services':
      return 'it is ready again';
    case 'PlannedSwitch':
      return `it is home in ${region} again`;
  }
}

/** A code in words. */
export const describeEffect = (effect: Effect, failure: Failure | FailureStatus): string =>
  EFFECT_FACTS[effect.code].sentence(effect, endOf(failure));

/** A cell in words; `-` for no impact. */
export const describeCell = (effects: readonly Effect[], failure: Failure | FailureStatus): string =>
  effects.length === 0 ? '-' : effects.map((each) => describeEffect(each, failure)).join('; ');

/** What failed, in words. */
export function describeFailure(failure: Failure | FailureStatus): string {
  const { centre = '', paths = [], region = '', services: names = [], zone = '' } = failure as FailureStatus;
  switch (failure.kind) {
    case 'Region':
      return `region ${region} is lost`;
    case 'Zone':
      return `zone ${zone} of region ${region} is lost`;
    case 'TransitCentre':
      return `transit centre ${centre} is lost for ${paths.map(pathName).join(' and ')}`;
    case 'Services':
      return `${list(names)} ${names.length > 1 ? 'are' : 'is'} not ready`;
    case 'PlannedSwitch':
      return `region ${region} is left by a planned switch`;
  }
}

/** How bad a cell is: 0 for no impact. */
export const rankOf = (effects: readonly Effect[]): number =>
  Math.max(0, ...effects.map(({ code }) => EFFECT_FACTS[code].rank));
