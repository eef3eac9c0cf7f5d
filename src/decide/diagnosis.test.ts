import { describe, expect, it } from 'vitest';
import { diagnose, isHubIsolated, type RegionEvidence, type RegionState } from './diagnosis.ts';

const POLICY = { heartbeatMs: 2000, failureThresholdMs: 6000, leaseMs: 7000 };
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
});
