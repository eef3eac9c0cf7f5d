import { describe, expect, it } from 'vitest';
import { type GroupFacts, groupReport, type RegionSummary } from './group.ts';

const region = (name: string, more: Partial<RegionSummary> = {}): RegionSummary => ({
  region: name,
  diagnosis: { state: 'Healthy', reason: 'RegionHealthy', message: '' },
  credentials: 'Ok',
  source: `Secret operator/${name} with key kubeconfig`,
  activeServices: 3,
  everHealthy: true,
  ...more,
});
const LOST = { state: 'Lost', reason: 'RegionLost', message: 'silent' } as const;

const facts = (more: Partial<GroupFacts> = {}): GroupFacts => ({
  regions: [region('east'), region('west')],
  capacities: [],
  electionFits: true,
  electionMs: 2500,
  unprotected: [],
  losses: undefined,
  unknownZones: [],
  switchback: undefined,
  directories: [],
  before: undefined,
  rehearsals: undefined,
  rehearsed: undefined,
  drills: undefined,
  requests: [],
  requested: undefined,
  ...more,
});
const condition = (type: string, more: Partial<GroupFacts>) =>
  groupReport(facts(more)).conditions.find((c) => c.type === type);

const NOT_INHERITED = { type: 'Inherited', status: 'False', reason: 'PredecessorUnproved', message: 'who?' } as const;
const INHERITED = { type: 'Inherited', status: 'True', reason: 'HubInherited', message: '' } as const;

const REFUSED = { reason: 'CredentialsNotAllowed', message: 'allow it' } as const;
const FAILED = { reason: 'CredentialsPluginFailed', message: 'exited with code 3' } as const;

describe('the credentials that plugins renew', () => {
  const type = 'CredentialsRenewed';
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const failed = { type, status: 'False', reason: FAILED.reason, message: 'before', lastTransitionTime } as const;
  const byProfile = true as const;

  it.each<[string, RegionSummary[], string | undefined]>([
    ['are not told of where there are none', [region('east')], undefined],
    ['are told of where there is one', [region('east'), region('west', { byProfile })], 'True'],
    [
      'are told of when one fails',
      [region('east', { byProfile }), region('west', { byProfile, credentialsProblem: FAILED })],
      'False',
    ],
    ['are not known before all were given', [region('east', { byProfile, credentials: 'NotFound' })], 'Unknown'],
  ])('%s', (_, regions, status) => {
    expect(condition(type, { regions })?.status).toBe(status);
  });

  it('are what was said last until all are known', () => {
    const before = { observedGeneration: 1, conditions: [failed] };
    const regions = [region('east', { byProfile, credentials: 'NotFound' })];
    expect(condition(type, { regions, before })).toMatchObject({ status: 'False', message: 'before' });
  });

  it('are told of at their region, in place of what a diagnosis could say', () => {
    const lost = { diagnosis: { state: 'Unknown', reason: 'CredentialsInvalid', message: '' } } as const;
    const regions = [region('east', { ...lost, byProfile, credentials: 'Invalid', credentialsProblem: REFUSED })];
    expect(groupReport(facts({ regions })).fields?.['regions']).toMatchObject([
      { region: 'east', state: 'Unknown', reason: 'CredentialsInvalid', message: 'allow it' },
    ]);
  });

  it('name the ClusterProfile that is missing', () => {
    const source = 'ClusterProfile fleet/east';
    const regions = [region('east', { byProfile, credentials: 'NotFound', source })];
    expect(condition('Ready', { regions })?.message).toBe('region east: there is no ClusterProfile fleet/east');
  });
});

describe('the tenant directory of a group', () => {
  const written = { type: 'DirectoryWritten', status: 'True', reason: 'AsDeclared', message: 'written' } as const;
  const refused = { ...written, status: 'False', reason: 'WriteRefused', message: 'refused' } as const;
  const before = { observedGeneration: 1, conditions: [{ ...refused, lastTransitionTime: '2026-01-01T00:00:00Z' }] };

  it.each<[string, Partial<GroupFacts>, string | undefined]>([
    ['is not told of while nobody has looked', {}, undefined],
    ['is what was said last after a change of leader', { before }, 'False'],
    ['is what was said last until all regions were looked at', { before, directories: [written] }, 'False'],
    ['is written when it is in all regions', { before, directories: [written, written] }, 'True'],
    ['is not written when one region is known to lack it', { directories: [refused] }, 'False'],
  ])('%s', (_, more, status) => {
    expect(condition('DirectoryWritten', more)?.status).toBe(status);
  });
});

describe('a group', () => {
  it('is ready when all its regions are healthy and have room', () => {
    expect(condition('Ready', {})).toMatchObject({ status: 'True' });
    expect(groupReport(facts()).fields?.['summary']).toBe('2/2');
  });

  it.each<[string, Partial<GroupFacts>, string, string, string]>([
    [
      'with a lost region is not ready',
      { regions: [region('east', { diagnosis: LOST })] },
      'Ready',
      'False',
      'RegionLost',
    ],
    [
      'with a lost region waits for it',
      { regions: [region('east', { diagnosis: LOST })] },
      'Reconciling',
      'True',
      'Progressing',
    ],
    [
      'with a window in a time zone that is not known is stalled',
      { unknownZones: ['Europe/Berln'] },
      'Stalled',
      'True',
      'InvalidSpec',
    ],
    [
      'without credentials is stalled',
      { regions: [region('east', { credentials: 'NotFound' })] },
      'Stalled',
      'True',
      'CredentialsNotFound',
    ],
    [
      'with bad credentials is stalled',
      { regions: [region('east', { credentials: 'Invalid' })] },
      'Stalled',
      'True',
      'CredentialsInvalid',
    ],
    [
      'whose ClusterProfile may not be used is stalled',
      { regions: [region('east', { credentials: 'Invalid', byProfile: true, credentialsProblem: REFUSED })] },
      'Stalled',
      'True',
      'CredentialsNotAllowed',
    ],
    [
      'whose plugin gives nothing waits for it',
      { regions: [region('east', { credentials: 'Invalid', byProfile: true, credentialsProblem: FAILED })] },
      'Stalled',
      'False',
      'AsDeclared',
    ],
    [
      'whose plugin gives nothing is not ready',
      { regions: [region('east', { credentials: 'Invalid', byProfile: true, credentialsProblem: FAILED })] },
      'Ready',
      'False',
      'CredentialsPluginFailed',
    ],
    [
      'whose plugin does not renew what is still good is ready',
      { regions: [region('east', { byProfile: true, credentialsProblem: FAILED })] },
      'Ready',
      'True',
      'AsDeclared',
    ],
    [
      'whose region is of another group is stalled',
      { regions: [region('east', { takenBy: 'emea' })] },
      'Stalled',
      'True',
      'RegionTaken',
    ],
    [
      'whose region was told other timings is stalled',
      { regions: [region('east', { hasOtherTimings: true })] },
      'Stalled',
      'True',
      'TimingsDiffer',
    ],
    [
      'that this hub has not inherited yet is not ready, and says that first',
      { inherited: NOT_INHERITED, regions: [region('east', { diagnosis: LOST })] },
      'Ready',
      'False',
      'PredecessorUnproved',
    ],
    [
      'that this hub has not inherited yet waits: nothing has failed',
      { inherited: NOT_INHERITED },
      'Stalled',
      'False',
      'AsDeclared',
    ],
    [
      'that this hub has not inherited yet tells what it waits for',
      { inherited: NOT_INHERITED },
      'Inherited',
      'False',
      'PredecessorUnproved',
    ],
    ['that this hub has inherited is ready', { inherited: INHERITED }, 'Ready', 'True', 'AsDeclared'],
    ['too quick for the hub is stalled', { electionFits: false }, 'Stalled', 'True', 'ElectionTooSlow'],
    [
      'with a service that cannot be moved is not protected',
      { unprotected: ['ns/mail'] },
      'Protected',
      'False',
      'StandbyNotConfirmed',
    ],
  ])('%s', (_, more, type, status, reason) => {
    expect(condition(type, more)).toMatchObject({ status, reason });
  });

  it('says the same of a loss however long it lasts', () => {
    const reportAfter = (message: string) =>
      groupReport(facts({ regions: [region('east', { diagnosis: { ...LOST, message } })] }));
    expect(reportAfter('last answer 6.1 s ago')).toEqual(reportAfter('last answer 66.1 s ago'));
  });

  it('shows a region that answers and has a trouble as degraded, and what the trouble is', () => {
    const diagnosis = {
      state: 'Healthy',
      reason: 'ZoneLost',
      message: '',
      note: 'no node is ready in east-a',
    } as const;
    const more = { regions: [region('east', { diagnosis }), region('west')] };
    expect(groupReport(facts(more)).fields).toMatchObject({
      regions: [
        {
          state: 'Degraded',
          reason: 'ZoneLost',
          message: 'No node of a zone is ready. Now: no node is ready in east-a.',
        },
        { state: 'Healthy', reason: 'RegionHealthy' },
      ],
      summary: '1/2',
    });
    expect(condition('Ready', more)).toMatchObject({ status: 'False', reason: 'ZoneLost' });
  });

  it('names the Secret that is missing', () => {
    const regions = [region('east', { credentials: 'NotFound' })];
    expect(condition('Ready', { regions })?.message).toBe(
      'region east: there is no Secret operator/east with key kubeconfig',
    );
  });

  it('names three services at most', () => {
    const unprotected = ['ns/a', 'ns/b', 'ns/c', 'ns/d', 'ns/e'];
    expect(condition('Protected', { unprotected })?.message).toBe('not protected: ns/a, ns/b, ns/c and 2 more');
  });

  describe('tells what follows it', () => {
    const decisions = (more: Partial<GroupFacts>) => groupReport(facts(more)).fields?.['decisions'];
    const both = ['east', 'west'].map((clusterName) => ({ clusterName, reason: 'RegionHealthy' as const }));
    const before = { observedGeneration: 1, decisions: both };
    const lost = (name: string) => region(name, { diagnosis: LOST });
    const unknown = (name: string) => region(name, { diagnosis: undefined });

    it('the regions that are not lost', () => {
      expect(decisions({})).toEqual(both);
      expect(decisions({ regions: [lost('east'), region('west')], before })).toEqual([both[1]]);
    });

    it('no region that was never well', () => {
      expect(decisions({ regions: [region('east', { everHealthy: false }), region('west')] })).toEqual([both[1]]);
    });

    it('what it said before of a region that it knows nothing of', () => {
      expect(decisions({ regions: [unknown('east'), region('west')], before })).toEqual(both);
      expect(decisions({ regions: [unknown('east'), region('west')] })).toEqual([both[1]]);
    });

    it('what it said before while it suspects itself, and never an empty list after one that was not', () => {
      const regions = [lost('east'), lost('west')];
      expect(decisions({ regions, before, isIsolated: true })).toEqual(both);
      expect(decisions({ regions, before })).toEqual(both);
      expect(decisions({ regions: [lost('east'), region('west')], before, isIsolated: true })).toEqual(both);
    });
  });

  describe('of which it is not known what a loss would do', () => {
    const said = { type: 'SurvivesRegionLoss', status: 'True', reason: 'AsDeclared', message: 'any' } as const;
    const before = { observedGeneration: 1, conditions: [{ ...said, lastTransitionTime: '2026-01-01T00:00:00Z' }] };

    it('says that it has not looked yet', () => {
      expect(condition('SurvivesRegionLoss', {})).toMatchObject({ status: 'Unknown', reason: 'NotObserved' });
    });

    it('takes nothing back that was said before', () => {
      expect(condition('SurvivesRegionLoss', { before })).toMatchObject(said);
      expect(groupReport(facts({ before })).fields).not.toHaveProperty('whatIf');
    });
  });

  it('says what a loss would do, and whether that is survived', () => {
    const survival = {
      type: 'SurvivesRegionLoss',
      status: 'False',
      reason: 'CapacityExceeded',
      message: 'full',
    } as const;
    const report = groupReport(facts({ losses: { whatIf: [], survival } }));
    expect(report.conditions).toContainEqual(survival);
    expect(report.fields).toMatchObject({ whatIf: [] });
  });

  it('shows a region without usable credentials as unknown, whatever was seen of it before', () => {
    const regions = groupReport(facts({ regions: [region('east', { credentials: 'Invalid' })] })).fields?.['regions'];
    expect(regions).toMatchObject([{ region: 'east', state: 'Unknown' }]);
  });
});

describe('the way home', () => {
  it('is told while something is held on it, and taken back then', () => {
    const switchback = { held: 3, awaitingApproval: 1, nextTime: '2026-01-01T00:05:00Z' };
    expect(groupReport(facts({ switchback })).fields).toMatchObject({ switchback });
    expect(groupReport(facts()).fields?.['switchback']).toBeNull();
  });
});
