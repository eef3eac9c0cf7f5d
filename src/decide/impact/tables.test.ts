import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../hack/gen/catalogue.ts';
import { aGroup, aTenant, aTransitCentre } from '../../../test/support/objects.ts';
import type { Effect } from '../../api/impact.ts';
import { explainImpact } from './explain.ts';
import { AUDIENCES, type Cells, type Failure } from './facts.ts';

/**
 * The four tables of the domain, cell by cell, for a tenant of tier CrossRegionVoice with catalogue "today" that is at
 * home in us-east. Each line has what the domain says, in its own words, and the codes that say the same. A code reads
 * `Code(services) @regions ~transit centre`; `?` behind it: it is assumed that it sat in the lost zone.
 */
const TODAY = readCatalogue('today');
const centre = (name: string, regions: readonly string[]) => aTransitCentre(name, regions, { mpls: true });
const GROUP = aGroup('americas', ['us-east', 'us-west'], {
  transit: { centres: [centre('gtn-a', ['us-east', 'us-west']), centre('gtn-b', ['us-west', 'us-east'])] },
});

const told = ({ assumed, centre: at, code, regions, services, via }: Effect): string =>
  [
    `${code}${services ? `(${services.join(' ')})` : ''}`,
    ...(regions ? [`@${regions.join(' ')}`] : []),
    ...(at ? [`~${at}`] : []),
    ...(via ? [`by ${via}`] : []),
    ...(assumed ? ['?'] : []),
  ].join(' ');

type Line = readonly [says: string, ...codes: string[]];
type Row = readonly [operations: Line, representative: Line, customer: Line];
const NONE: Line = ['-'];

function tableOf(failure: Failure, more: Readonly<Record<string, unknown>> = {}, classes = TODAY) {
  const { table } = explainImpact({ group: GROUP, classes, tenant: aTenant('customers/crown', more), failure });
  const cellsOf = (row: Cells) => AUDIENCES.map((audience) => row[audience].map(told));
  return Object.fromEntries(table.rows.map((row) => [row.functionality, cellsOf(row)]));
}
const codesOf = (rows: Readonly<Record<string, Row>>) =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.map(([, ...codes]) => codes)]));

const ZONE: Failure = { kind: 'Zone', region: 'us-east', zone: 'us-east-a' };
const nothing: Row = [NONE, NONE, NONE];
/** In "today" two services have a single instance; the domain speaks of the uploader of one of them. */
const delayed: Line = [
  'delayed (if the uploader sat in the lost zone)',
  'DataDelayed(data-download historical-reporting) ?',
];

describe('a zone of the primary region is lost', () => {
  const expected: Readonly<Record<string, Row>> = {
    AgentLogin: nothing,
    Callback: nothing,
    HistoricalDataFeed: [delayed, NONE, NONE],
    Designer: nothing,
    CallRouting: nothing,
    Provisioning: [
      [
        'administration UI sessions on the lost back-end end, log in again; Agent Setup sessions unaffected',
        'SessionsEnd(platform-administration) ?',
      ],
      [
        'supervisors and administrators logged out, recover at next login',
        'AdministratorsLoggedOut(platform-administration) ?',
      ],
      NONE,
    ],
    Reporting: [delayed, NONE, NONE],
    RecordingPlayback: nothing,
    WorkforceManagement: nothing,
    Voicemail: nothing,
    Digital: nothing,
    Outbound: nothing,
  };

  it('is what the domain says', () => expect(tableOf(ZONE)).toEqual(codesOf(expected)));
});

const REGION: Failure = { kind: 'Region', region: 'us-east' };
const moves: Line = ['reconnects automatically, phone re-registers at the secondary', 'Reconnects @us-west'];
const dropped: Line = ['active calls dropped', 'ActiveCallsDropped @us-east'];

describe('the primary region is lost', () => {
  const expected: Readonly<Record<string, Row>> = {
    AgentLogin: [
      [
        're-login at the secondary by itself; SIP phones re-register',
        'LogsInAgain @us-west',
        // SIP phones only: WebRTC is not cross-region.
        'PhonesRegister(webrtc) @us-west',
      ],
      moves,
      dropped,
    ],
    Callback: [
      ['not executed until the primary is back', 'NotExecuted(callback-queue callback-web)'],
      moves,
      ['callbacks delayed', 'CallbacksDelayed(callback-queue callback-web)'],
    ],
    HistoricalDataFeed: [
      ['no access until the primary is back', 'NoAccess(data-download historical-reporting)'],
      moves,
      NONE,
    ],
    Designer: [['no changes until the primary is back', 'NoChanges(designer)'], moves, NONE],
    CallRouting: [
      [
        "active calls of the primary lost; new calls go to the secondary's transit centre, through IVR, and queue until agents are ready; calls already at the secondary untouched",
        'ActiveCallsLost @us-east',
        'NewCallsQueue @us-west',
        'CallsElsewhereUntouched @us-west',
      ],
      moves,
      dropped,
    ],
    Provisioning: [
      ['no changes until the primary is back', 'NoChanges(agent-setup platform-administration)'],
      moves,
      NONE,
    ],
    Reporting: [
      [
        'no real-time tools until the primary is back; nothing lost, collectors at the secondary go on, data merged later',
        'NoRealTime(interaction-analytics real-time-reporting)',
        'MergedLater(historical-reporting) @us-west',
      ],
      moves,
      NONE,
    ],
    RecordingPlayback: [
      [
        'recordings of the primary unavailable until it is back; those of the secondary through its regional UI',
        'StoredUnavailable(recording) @us-east',
        'StoredElsewhere @us-west',
      ],
      moves,
      NONE,
    ],
    WorkforceManagement: [
      [
        // The adapter waits for an approval: that stands in the domain's table of tiers.
        'nothing works until the primary is back',
        'NothingWorks(third-party-wfm workforce-management)',
        'ApprovalBringsBack(third-party-wfm) @us-west',
      ],
      ['logged out until the primary recovers', 'LoggedOut(third-party-wfm workforce-management)'],
      NONE,
    ],
    Voicemail: [
      [
        'messages stored in the primary unavailable until it is back; those of the secondary available',
        'StoredUnavailable(voice-mail) @us-east',
        'StoredElsewhere @us-west',
      ],
      moves,
      ['recovered on next call', 'RecoveredOnNextCall'],
    ],
    Digital: [
      ['nothing until the primary is back', 'NothingWorks(bots co-browse digital-routing iwd)'],
      ['default, but no chat or email work', 'Reconnects @us-west', 'NoWork(bots co-browse digital-routing iwd)'],
      // Tasks of IWD are no matter of customers.
      ['chat unavailable', 'ChannelsUnavailable(bots co-browse digital-routing)'],
    ],
    Outbound: [
      ['no campaigns until the primary is back', 'NoCampaigns(outbound)'],
      ['default, but no campaign work', 'Reconnects @us-west', 'NoWork(outbound)'],
      dropped,
    ],
  };

  it('is what the domain says', () => expect(tableOf(REGION)).toEqual(codesOf(expected)));
});

type Paths = Extract<Failure, { kind: 'TransitCentre' }>['paths'];
const lost = (...paths: Paths): Failure => ({ kind: 'TransitCentre', centre: 'gtn-a', paths });
const through: Line = ['active calls through it dropped', 'ActiveCallsDropped ~gtn-a'];
/** By whether gtn-a is the primary transit centre of the tenant. */
const PRIMARY = {};
const OTHER = { transitCentre: 'gtn-b' };
const ifPrimary = (isPrimary: boolean, ...codes: string[]): string[] => (isPrimary ? codes : []);

function bothLost(isPrimary: boolean): Readonly<Record<string, Row>> {
  const reconnects: Line = [
    'reconnects automatically, phone re-registers through the other transit centre',
    'Reconnects ~gtn-b',
  ];
  const logsIn: Line = ['logged out; log in again through the other transit centre', 'LoggedOutThenIn ~gtn-b'];
  return {
    AgentLogin: [
      ['re-login through the other transit centre; phones re-register', 'LogsInAgain ~gtn-b', 'PhonesRegister ~gtn-b'],
      reconnects,
      through,
    ],
    Callback: [
      [
        '- ; but if it was the primary transit centre, web callbacks wait until it is back',
        ...ifPrimary(isPrimary, 'CallbacksWait(callback-web)'),
      ],
      reconnects,
      NONE,
    ],
    HistoricalDataFeed: [['reconnect through the other transit centre', 'FeedReconnects ~gtn-b'], reconnects, NONE],
    Designer: [logsIn, reconnects, NONE],
    CallRouting: [
      [
        'active calls through it lost; new calls enter at the other one, through IVR, and queue until agents are ready',
        'ActiveCallsLost ~gtn-a',
        'NewCallsQueue ~gtn-b',
      ],
      reconnects,
      through,
    ],
    Provisioning: [logsIn, reconnects, NONE],
    Reporting: [logsIn, reconnects, NONE],
    RecordingPlayback: [
      [
        'recordings of the primary unavailable until it is back; others through the regional UI',
        'StoredUnavailable(recording) @us-east',
        'StoredElsewhere @us-west',
      ],
      reconnects,
      NONE,
    ],
    WorkforceManagement: [
      logsIn,
      ['logged out until the primary recovers', 'LoggedOut(third-party-wfm workforce-management)'],
      NONE,
    ],
    Voicemail: [
      [
        'messages being recorded through it lost; stored ones available from either region',
        'MessagesInProgressLost ~gtn-a',
        'StoredAvailable @us-east us-west',
      ],
      reconnects,
      ['recovered on next call', 'RecoveredOnNextCall'],
    ],
    Digital: [
      [
        "chat -; email cannot reach the customer's mail server (behind MPLS) until the primary transit centre is back",
        ...ifPrimary(isPrimary, 'MailCut(digital-routing)'),
      ],
      reconnects,
      NONE,
    ],
    Outbound: [
      [
        'logged out, log in again; active outbound calls through it lost; if it was the primary one, no new outbound calls until it is back',
        'LoggedOutThenIn ~gtn-b',
        'ActiveCallsLost ~gtn-a',
        ...ifPrimary(isPrimary, 'NoNewCallsOut(outbound)'),
      ],
      reconnects,
      through,
    ],
  };
}

describe('a transit centre is lost, voice and MPLS', () => {
  it.each([['Mpls'], ['Both']])('is what the domain says of the primary one, with connectivity %s', (connectivity) => {
    expect(tableOf(lost('Voice', 'Mpls'), { ...PRIMARY, connectivity })).toEqual(codesOf(bothLost(true)));
  });

  it.each([['Mpls'], ['Both']])('is what the domain says of another one, with connectivity %s', (connectivity) => {
    expect(tableOf(lost('Voice', 'Mpls'), { ...OTHER, connectivity })).toEqual(codesOf(bothLost(false)));
  });
});

function voiceLost(isPrimary: boolean, hasPrivateMail = true): Readonly<Record<string, Row>> {
  const registers: Line = [
    'reconnects automatically, normal once the phone has re-registered; no credentials to re-enter',
    'PhoneMoves ~gtn-b',
  ];
  const onlyPhone: Row = [NONE, registers, NONE];
  return {
    AgentLogin: [
      [
        'phone notices, a "voice channel out of service" warning may show, registration moves to the other transit centre, voice channel re-established',
        'VoiceChannelWarning',
        'PhonesRegister ~gtn-b',
      ],
      registers,
      through,
    ],
    Callback: [
      ['- ; web callbacks wait if it was the primary one', ...ifPrimary(isPrimary, 'CallbacksWait(callback-web)')],
      registers,
      NONE,
    ],
    HistoricalDataFeed: onlyPhone,
    Designer: onlyPhone,
    CallRouting: [['as above', 'ActiveCallsLost ~gtn-a', 'NewCallsQueue ~gtn-b'], registers, through],
    Provisioning: onlyPhone,
    Reporting: onlyPhone,
    RecordingPlayback: [["- (each region's own UI)"], registers, NONE],
    WorkforceManagement: nothing,
    Voicemail: [
      [
        'messages being recorded through it lost; stored ones available from either region',
        'MessagesInProgressLost ~gtn-a',
        'StoredAvailable @us-east us-west',
      ],
      registers,
      ['recovered on next call', 'RecoveredOnNextCall'],
    ],
    Digital: [
      ['chat -; email as above', ...ifPrimary(isPrimary && hasPrivateMail, 'MailCut(digital-routing)')],
      registers,
      NONE,
    ],
    Outbound: [
      [
        'active outbound calls through it lost; no new ones until it is back if it was the primary',
        'ActiveCallsLost ~gtn-a',
        ...ifPrimary(isPrimary, 'NoNewCallsOut(outbound)'),
      ],
      registers,
      through,
    ],
  };
}

describe('a transit centre is lost, voice only', () => {
  it.each([['Mpls'], ['Both']])('is what the domain says of the primary one, with connectivity %s', (connectivity) => {
    expect(tableOf(lost('Voice'), { ...PRIMARY, connectivity })).toEqual(codesOf(voiceLost(true)));
  });

  it('is what the domain says of another one', () => {
    expect(tableOf(lost('Voice'), OTHER)).toEqual(codesOf(voiceLost(false)));
  });
});

describe('who comes in over the internet', () => {
  it.each([
    ['the primary one', PRIMARY, true],
    ['another one', OTHER, false],
  ])('feels the loss of both paths of %s as that of voice alone', (_, more, isPrimary) => {
    const table = tableOf(lost('Voice', 'Mpls'), { ...more, connectivity: 'Internet' });
    expect(table).toEqual(codesOf(voiceLost(isPrimary, false)));
  });

  it('feels nothing of MPLS', () => {
    const table = tableOf(lost('Mpls'), { connectivity: 'Internet' });
    expect(Object.values(table).flat(2)).toEqual([]);
  });
});

/** What "next" changes in a table: cells as functionality and audience. */
function changed(failure: Failure, more: Readonly<Record<string, unknown>> = {}): Record<string, string[]> {
  const before = tableOf(failure, more);
  const after = tableOf(failure, more, readCatalogue('next'));
  const cells = Object.entries(after).flatMap(([name, row]) =>
    row.map((codes, i): [string, string[], string[]] => [`${name} ${AUDIENCES[i]}`, codes, before[name]?.[i] ?? []]),
  );
  return Object.fromEntries(cells.filter(([, x, y]) => x.join() !== y.join()).map(([name, codes]) => [name, codes]));
}

describe('with catalogue "next"', () => {
  it('less is felt of a lost region', () => {
    expect(changed(REGION)).toEqual({
      // WebRTC: Active, as voice today.
      'AgentLogin operations': ['LogsInAgain @us-west', 'PhonesRegister @us-west'],
      // Callback: Active, with an active backup region.
      'Callback operations': [],
      'Callback customer': [],
      // GCXI/GIM: cold standby. Exports have no place elsewhere in either catalogue.
      'HistoricalDataFeed operations': ['WithoutServices(data-download)', 'StartsCold(historical-reporting) @us-west'],
      // Designer: warm standby, minimal changes allowed.
      'Designer operations': ['MinimalChanges(designer) @us-west'],
      // Agent setup: deployed, read-only.
      'Provisioning operations': ['WithoutServices(platform-administration)', 'ReadOnly(agent-setup) @us-west'],
      // Pulse: Active, limited view only.
      'Reporting operations': [
        'WithoutServices(interaction-analytics)',
        'LimitedView(real-time-reporting) @us-west',
        'MergedLater(historical-reporting) @us-west',
      ],
      // WFM: cold standby, automated failover. The adapter is as it was.
      'WorkforceManagement operations': [
        'WithoutServices(third-party-wfm)',
        'ApprovalBringsBack(third-party-wfm) @us-west',
        'StartsCold(workforce-management) @us-west',
      ],
      'WorkforceManagement representative': ['LoggedOutUntilStarted(workforce-management) @us-west'],
      // Chat, email, co-browse: Active.
      'Digital operations': ['WithoutServices(bots iwd)'],
      'Digital representative': ['Reconnects @us-west', 'NoWork(bots iwd)'],
      'Digital customer': ['ChannelsUnavailable(bots)'],
      // Outbound: Active, with an active backup region.
      'Outbound operations': [],
      'Outbound representative': ['Reconnects @us-west'],
    });
  });

  it('what dials or sends mail does so from the other region when the primary transit centre is lost', () => {
    const better = {
      'Callback operations': [],
      'Digital operations': [],
      'Outbound operations': ['ActiveCallsLost ~gtn-a'],
    };
    expect(changed(lost('Voice'))).toEqual(better);
    expect(changed(lost('Voice', 'Mpls'))).toEqual({
      ...better,
      'Outbound operations': ['LoggedOutThenIn ~gtn-b', 'ActiveCallsLost ~gtn-a'],
    });
  });

  it('a lost zone, and the loss of another transit centre, feel the same', () => {
    expect(changed(ZONE)).toEqual({});
    expect(changed(lost('Voice', 'Mpls'), OTHER)).toEqual({});
  });
});
