import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownState } from '../report/shown-state.ts';
import { diagnose, isAnswering, isHubIsolated, type RegionState, stateFor } from './diagnosis.ts';
import type { PeerReport, RegionEvidence } from './evidence.ts';

const POLICY = {
  heartbeatMs: 2000,
  failureThresholdMs: 6000,
  leaseMs: 7000,
  recoveryMs: 10_000,
  flapping: { changes: 6, windowMs: 600_000 },
};
const WELL: RegionEvidence = {
  sinceContactMs: 100,
  sinceHeartbeatMs: 500,
  sinceLookMs: 3_600_000,
  everSeen: true,
  credentials: 'Ok',
};

describe('a region', () => {
  it.each<[string, Partial<RegionEvidence>, RegionState, string]>([
    ['that answers and beats is healthy', {}, 'Healthy', 'RegionHealthy'],
    [
      'without credentials is unknown',
      { credentials: 'NotFound', sinceContactMs: 60_000 },
      'Unknown',
      'CredentialsNotFound',
    ],
    [
      'that refuses the credentials is unknown',
      { credentials: 'Invalid', sinceContactMs: 60_000 },
      'Unknown',
      'CredentialsInvalid',
    ],
    [
      'that nobody ever saw is unknown, however long it is silent',
      { sinceContactMs: undefined, sinceHeartbeatMs: undefined, everSeen: false },
      'Unknown',
      'NotObserved',
    ],
    ['that is silent in every way is lost', { sinceContactMs: 6000, sinceHeartbeatMs: 6000 }, 'Lost', 'RegionLost'],
    [
      'that is silent a moment shorter is degraded',
      { sinceContactMs: 5999, sinceHeartbeatMs: 6000 },
      'Degraded',
      'RegionUnreachable',
    ],
    [
      'whose agent beats is not lost while a right may last',
      { sinceContactMs: 12_999, sinceHeartbeatMs: 100 },
      'Degraded',
      'RegionUnreachable',
    ],
    [
      'that is heard but cannot be answered is lost when its rights have ended',
      { sinceContactMs: 13_000, sinceHeartbeatMs: 100 },
      'Lost',
      'RegionUnreachable',
    ],
    [
      'whose API server answers is not lost',
      { sinceContactMs: 100, sinceHeartbeatMs: 60_000 },
      'Degraded',
      'NoHeartbeat',
    ],
    [
      'that was seen by an earlier leader and is silent since this one looks is lost after the threshold',
      { sinceContactMs: undefined, sinceHeartbeatMs: undefined, sinceLookMs: 6000 },
      'Lost',
      'RegionLost',
    ],
    [
      'is not lost before this leader has looked for so long',
      { sinceContactMs: undefined, sinceHeartbeatMs: undefined, sinceLookMs: 5999 },
      'Unknown',
      'NotObserved',
    ],
    [
      'that answers but has shown no heartbeat yet is unknown',
      { sinceHeartbeatMs: undefined, sinceLookMs: 1000 },
      'Unknown',
      'NotObserved',
    ],
    [
      'that answers and has shown none for too long is degraded',
      { sinceHeartbeatMs: undefined, sinceLookMs: 60_000 },
      'Degraded',
      'NoHeartbeat',
    ],
    ['may miss one heartbeat', { sinceHeartbeatMs: 4100 }, 'Healthy', 'RegionHealthy'],
  ])('%s', (_, change, state, reason) => {
    expect(diagnose({ ...WELL, ...change }, POLICY)).toMatchObject({ state, reason });
  });
});

/** Silent to the hub for long enough that any loss would be said. */
const SILENT: Partial<RegionEvidence> = { sinceContactMs: 60_000, sinceHeartbeatMs: 60_000 };
const report = (more: Partial<PeerReport> = {}): PeerReport => ({
  from: 'west',
  state: 'Reachable',
  withoutRight: false,
  ageMs: 500,
  ...more,
});

describe('a region that the hub cannot see', () => {
  it.each<[string, Partial<RegionEvidence>, RegionState, string]>([
    ['is only cut off when a peer sees it beat with its rights', { reports: [report()] }, 'Degraded', 'LinkLost'],
    [
      'is lost when it says that it is without a right',
      { reports: [report({ withoutRight: true })] },
      'Lost',
      'RegionLost',
    ],
    [
      'is lost when one peer has read that it is without a right, whatever another says',
      { reports: [report(), report({ from: 'north', withoutRight: true })] },
      'Lost',
      'RegionLost',
    ],
    [
      'is lost when its agent is too old to say',
      { reports: [report({ withoutRight: undefined })] },
      'Lost',
      'RegionLost',
    ],
    ['is lost when no agent beats in it', { reports: [report({ state: 'NoHeartbeat' })] }, 'Lost', 'RegionLost'],
    ['is lost when no peer reaches it', { reports: [report({ state: 'Unreachable' })] }, 'Lost', 'RegionLost'],
    ['is lost when nobody says anything', { reports: [] }, 'Lost', 'RegionLost'],
    [
      'is only cut off when one of two peers sees it',
      { reports: [report({ state: 'Unreachable' }), report({ from: 'north' })] },
      'Degraded',
      'LinkLost',
    ],
    ['is lost when what a peer said is old', { reports: [report({ ageMs: 6000 })] }, 'Lost', 'RegionLost'],
    [
      'is still only cut off while a report is missing for a moment',
      { reports: [], sinceSeenMs: 5999 },
      'Degraded',
      'LinkLost',
    ],
    ['is lost when it is missing for longer', { reports: [], sinceSeenMs: 6000 }, 'Lost', 'RegionLost'],
    [
      'is lost when somebody says otherwise meanwhile',
      { reports: [report({ state: 'NoHeartbeat' })], sinceSeenMs: 100 },
      'Lost',
      'RegionLost',
    ],
    [
      'is not said to be cut off before a peer must have noticed its end',
      { sinceContactMs: 7999, sinceHeartbeatMs: 7999, reports: [report()] },
      'Degraded',
      'RegionUnreachable',
    ],
    [
      'is only cut off while the hub itself hears it beat with its rights',
      { sinceHeartbeatMs: 100, withoutRight: false },
      'Degraded',
      'LinkLost',
    ],
    [
      'is lost while the hub hears it say that it is without a right',
      { sinceHeartbeatMs: 100, withoutRight: true },
      'Lost',
      'RegionUnreachable',
    ],
    [
      'is not taken to be heard by the last heartbeat before its end',
      { sinceContactMs: 8000, sinceHeartbeatMs: 6001, withoutRight: false },
      'Lost',
      'RegionLost',
    ],
    [
      'is unknown, whoever sees it, when nobody here ever saw it alive',
      { sinceContactMs: undefined, sinceHeartbeatMs: undefined, everSeen: false, reports: [report()] },
      'Unknown',
      'NotObserved',
    ],
  ])('%s', (_, change, state, reason) => {
    expect(diagnose({ ...WELL, ...SILENT, ...change }, POLICY)).toMatchObject({ state, reason });
  });

  it('is lost whenever no fresh word says that it lives with its rights', () => {
    const anyReport = fc.record({
      from: fc.constantFrom('west', 'north'),
      state: fc.constantFrom('Reachable', 'NoHeartbeat', 'Unreachable'),
      withoutRight: fc.constantFrom(true, false, undefined),
      ageMs: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(anyReport, { maxLength: 4 }), (reports) => {
        const isSeen = reports.some((r) => r.state === 'Reachable' && r.withoutRight === false && r.ageMs < 6000);
        const { state } = diagnose({ ...WELL, ...SILENT, reports }, POLICY);
        if (!isSeen) expect(state).toBe('Lost');
        if (reports.some((r) => r.withoutRight === true && r.ageMs < 6000)) expect(state).toBe('Lost');
      }),
    );
  });

  it('is as good as lost to what does not run there, and cannot be asked for anything', () => {
    const cut = diagnose({ ...WELL, ...SILENT, reports: [report()] }, POLICY);
    expect([stateFor(cut, true), stateFor(cut, false), isAnswering(cut)]).toEqual(['Degraded', 'Lost', false]);
  });
});

describe('a region that answers and beats', () => {
  const CHANGES = [0, 1, 2, 3, 4, 5].map((minutes) => minutes * 60_000);
  it.each<[string, Partial<RegionEvidence>, RegionState, RegionState, string]>([
    ['and was lost is healthy, but recovering', { wellAgainForMs: 9999 }, 'Healthy', 'Degraded', 'Recovering'],
    ['and was lost a while ago is healthy', { wellAgainForMs: 10_000 }, 'Healthy', 'Healthy', 'RegionHealthy'],
    [
      'and where most services are not ready is sick',
      { services: { active: 3, notReady: 2 } },
      'Healthy',
      'Degraded',
      'RegionSick',
    ],
    [
      'and where half of them are ready is not sick',
      { services: { active: 4, notReady: 2 } },
      'Healthy',
      'Healthy',
      'RegionHealthy',
    ],
    ['and runs nothing is not sick', { services: { active: 0, notReady: 0 } }, 'Healthy', 'Healthy', 'RegionHealthy'],
    ['and changed too often flaps', { changeAgesMs: [...CHANGES, 599_999] }, 'Healthy', 'Degraded', 'Flapping'],
    [
      'and changed as often in a longer time does not',
      { changeAgesMs: [...CHANGES, 600_000] },
      'Healthy',
      'Healthy',
      'RegionHealthy',
    ],
    ['and has lost a zone says so', { lostZones: ['east-a'] }, 'Healthy', 'Degraded', 'ZoneLost'],
    ['but takes no write is degraded', { writesFailForMs: 6000 }, 'Degraded', 'Degraded', 'WritesFail'],
    ['may leave a write unanswered for a moment', { writesFailForMs: 5999 }, 'Healthy', 'Healthy', 'RegionHealthy'],
    [
      'but takes no write, and says that it has no right, is lost when its rights have ended',
      { writesFailForMs: 13_000, withoutRight: true },
      'Lost',
      'Lost',
      'WritesFail',
    ],
    [
      'but takes no write is not lost while it has its rights from others',
      { writesFailForMs: 60_000, withoutRight: false },
      'Degraded',
      'Degraded',
      'WritesFail',
    ],
  ])('%s', (_, change, state, shown, reason) => {
    const diagnosis = diagnose({ ...WELL, ...change }, POLICY);
    expect(diagnosis).toMatchObject({ state, reason });
    expect(shownState(diagnosis)).toBe(shown);
  });

  it('says how long it still flaps, also while something worse is the matter', () => {
    const evidence = { ...WELL, ...SILENT, changeAgesMs: [...CHANGES, 599_000] };
    expect(diagnose(evidence, POLICY)).toMatchObject({ reason: 'RegionLost', flapsForMs: 1000 });
  });
});

describe('the hub suspects itself', () => {
  it.each<[string, RegionState[], boolean]>([
    ['when all regions look lost', ['Lost', 'Lost'], true],
    ['when most regions look lost', ['Lost', 'Lost', 'Healthy'], true],
    ['not when one of two is lost', ['Lost', 'Healthy'], false],
    ['not when half of them are lost', ['Lost', 'Lost', 'Healthy', 'Degraded'], false],
    ['not without regions', [], false],
  ])('%s', (_, states, isolated) => {
    expect(isHubIsolated(states)).toBe(isolated);
  });

  it('when the others of most regions are silent, and one is lost already', () => {
    expect(isHubIsolated(['Lost', 'Degraded', 'Healthy'], 1)).toBe(true);
    expect(isHubIsolated(['Lost', 'Degraded', 'Healthy', 'Healthy'], 1)).toBe(false);
    expect(isHubIsolated(['Degraded', 'Degraded', 'Healthy'], 2)).toBe(false);
  });
});
