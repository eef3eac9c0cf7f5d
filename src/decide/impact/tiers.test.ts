import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../hack/gen/catalogue.ts';
import { aGroup, aTenant } from '../../../test/support/objects.ts';
import { describeCell } from './effects.ts';
import { explainImpact } from './explain.ts';
import type { Failure, TableRow } from './facts.ts';

/** What a tier changes when the primary region is lost, with catalogue "today". */
const CLASSES = readCatalogue('today');
const GROUP = aGroup('americas', ['us-east', 'us-west', 'us-south', 'us-north']);
const REGION: Failure = { kind: 'Region', region: 'us-east' };

function rowOf(tier: string, secondaryRegions: readonly string[], functionality: string, failure = REGION): TableRow {
  const tenant = aTenant('customers/acme', { tier, secondaryRegions });
  const { table } = explainImpact({ group: GROUP, classes: CLASSES, tenant, failure });
  const row = table.rows.find((each) => each.functionality === functionality);
  if (!row) throw new Error(`no row ${functionality}`);
  return row;
}
const codes = (row: TableRow) => [row.operations, row.representative, row.customer].map((c) => c.map((e) => e.code));

describe('tier Advanced has nothing in a secondary region', () => {
  it.each<[string, readonly (readonly string[])[]]>([
    ['AgentLogin', [['NothingWorks'], ['LoggedOut'], ['ActiveCallsDropped']]],
    ['Callback', [['NotExecuted'], ['LoggedOut'], ['CallbacksDelayed']]],
    ['HistoricalDataFeed', [['NoAccess'], ['LoggedOut'], []]],
    ['Designer', [['NoChanges'], ['LoggedOut'], []]],
    ['CallRouting', [['ActiveCallsLost', 'NewCallsNotTaken'], ['LoggedOut'], ['ActiveCallsDropped', 'CannotCall']]],
    ['Provisioning', [['NoChanges'], ['LoggedOut'], []]],
    ['Reporting', [['NoRealTime'], ['LoggedOut'], []]],
    ['RecordingPlayback', [['NothingWorks'], ['LoggedOut'], []]],
    ['WorkforceManagement', [['NothingWorks'], ['LoggedOut'], []]],
    ['Voicemail', [['NothingWorks'], ['LoggedOut'], ['NoMessages']]],
    ['Digital', [['NothingWorks'], ['LoggedOut', 'NoWork'], ['ChannelsUnavailable']]],
    ['Outbound', [['NoCampaigns'], ['LoggedOut', 'NoWork'], ['ActiveCallsDropped']]],
  ])('%s is lost until the region is back', (functionality, expected) => {
    expect(codes(rowOf('Advanced', [], functionality))).toEqual(expected);
  });
});

describe('the tiers between', () => {
  it('AdvancedIvr: callers hear the IVR of the secondary region, and nobody is logged in', () => {
    const row = rowOf('AdvancedIvr', ['us-west'], 'CallRouting');
    expect(describeCell(row.operations, REGION)).toBe(
      'active calls in us-east are lost; new calls are answered in us-west but reach no representative until region us-east is back: voice-routing, agent-desktop and webrtc are missing; calls that are in us-west already go on',
    );
    expect(codes(row)[2]).toEqual(['ActiveCallsDropped', 'IvrOnly']);
    expect(codes(rowOf('AdvancedIvr', ['us-west'], 'AgentLogin'))[1]).toEqual(['LoggedOut']);
  });

  it('AdvancedAgents: representatives are logged in there too, and only the routing is missing', () => {
    const row = rowOf('AdvancedAgents', ['us-west'], 'CallRouting');
    expect(row.operations[1]).toEqual({
      code: 'NewCallsNotRouted',
      services: ['voice-routing'],
      regions: ['us-west'],
    });
    expect(codes(rowOf('AdvancedAgents', ['us-west'], 'AgentLogin'))[1]).toEqual(['Reconnects']);
    expect(codes(rowOf('AdvancedAgents', ['us-west'], 'Voicemail'))[0]).toEqual(['NothingWorks']);
  });

  it('Global is CrossRegionVoice with all of its secondary regions', () => {
    const row = rowOf('Global', ['us-west', 'us-south', 'us-north'], 'CallRouting');
    const regions = ['us-north', 'us-south', 'us-west'];
    expect(row.operations).toEqual([
      { code: 'ActiveCallsLost', regions: ['us-east'] },
      { code: 'NewCallsQueue', regions },
      { code: 'CallsElsewhereUntouched', regions },
    ]);
  });
});

describe('a secondary region is lost', () => {
  const failure: Failure = { kind: 'Region', region: 'us-west' };

  it('calls and desktops of that region go to the others, and nothing else is felt', () => {
    const routing = rowOf('Global', ['us-west', 'us-south'], 'CallRouting', failure);
    expect(routing.operations.map(({ code }) => code)).toEqual([
      'ActiveCallsLost',
      'NewCallsQueue',
      'CallsElsewhereUntouched',
    ]);
    expect(routing.operations[1]?.regions).toEqual(['us-east', 'us-south']);
    expect(codes(rowOf('Global', ['us-west', 'us-south'], 'Voicemail', failure))).toEqual([[], ['Reconnects'], []]);
  });

  it('a tenant without a place there feels nothing', () => {
    expect(codes(rowOf('Advanced', [], 'CallRouting', failure))).toEqual([[], [], []]);
  });
});
