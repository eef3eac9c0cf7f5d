import { describe, expect, it } from 'vitest';
import { anInstanceView, type ViewChange } from '../../test/support/instance-view.ts';
import { anAssignment } from '../../test/support/objects.ts';
import type { DataLag } from './data-lag.ts';
import { decideInstance } from './failover.ts';
import { decideRequest, type SwitchRequest } from './manual-switch.ts';

/** A service of east and west whose class allows ten seconds to be lost. */
const lag = (more: Partial<DataLag>): DataLag => ({ seconds: 0, unknown: [], rebuild: [], ...more });
const LATE = lag({ seconds: 11 });
const UNKNOWN = lag({ seconds: undefined, unknown: ['ledger'] });
const REBUILD = lag({ rebuild: ['pg'] });
const PROCEED = { objectives: { dataLossSeconds: 10, onLag: 'Proceed' } } as const;
const HOLD = { objectives: { dataLossSeconds: 10, onLag: 'Hold' } } as const;

/** What is decided when the copy in the region to go to is so far behind. */
const away = (policy: ViewChange['policy'], there: DataLag | undefined, regions: ViewChange['regions'] = {}) =>
  anInstanceView({
    secondaries: ['west'],
    ...(policy && { policy }),
    regions: { ...regions, west: { ...(there && { lag: there }), standbyEpoch: 9 } },
  });
const failover = (policy: ViewChange['policy'], there: DataLag | undefined) =>
  decideInstance(away(policy, there, { east: { state: 'Lost', healthyForMs: 0 } }));
const switchback = (policy: ViewChange['policy'], there: DataLag | undefined) =>
  decideInstance(
    anInstanceView({
      secondaries: ['west'],
      assignment: anAssignment('1 east>west', '2 west>east'),
      ...(policy && { policy }),
      regions: { east: { ...(there && { lag: there }), standbyEpoch: 9 }, west: { grantedEpoch: 9 } },
    }),
  );
const asked = (type: SwitchRequest['type'], there: DataLag) =>
  decideRequest(away(PROCEED, there, { east: { grantedEpoch: 9 } }), 'ns/mail', {
    name: 'please',
    type,
    region: 'east',
    services: undefined,
    isApproved: false,
    drains: false,
    approved: new Set(),
    isPaused: false,
    madeAtMs: 0,
    needsStableHome: false,
    isDryRun: false,
    moved: new Set(),
  });
const said = (decision: ReturnType<typeof failover> | ReturnType<typeof asked>): string =>
  decision && 'reason' in decision ? decision.reason : (decision?.kind ?? 'nothing');

describe('a move by data that is behind', () => {
  it.each<[string, ViewChange['policy'], DataLag | undefined, string, string]>([
    ['within the objective', HOLD, lag({ seconds: 10 }), 'Assign', 'Assign'],
    ['beyond it', PROCEED, LATE, 'Assign', 'DataLagTooHigh'],
    ['beyond it, where the class says Hold', HOLD, LATE, 'DataLagTooHigh', 'DataLagTooHigh'],
    ['by nobody knows how much', HOLD, UNKNOWN, 'Assign', 'DataLagUnknown'],
    ['by nobody knows how much, without an objective', {}, UNKNOWN, 'Assign', 'Assign'],
    ['of a service that has no data stores of ours', HOLD, undefined, 'Assign', 'Assign'],
    ['that is no copy any more', PROCEED, REBUILD, 'DataStoreRebuildNeeded', 'DataStoreRebuildNeeded'],
  ])('%s', (_, policy, there, lost, home) => {
    expect([said(failover(policy, there)), said(switchback(policy, there))]).toEqual([lost, home]);
  });

  it('that a person asks for: an evacuation waits, a failover does not, and neither goes where there is no copy', () => {
    expect([said(asked('Evacuate', LATE)), said(asked('Failover', LATE))]).toEqual(['DataLagTooHigh', 'Assign']);
    expect([said(asked('Evacuate', REBUILD)), said(asked('Failover', REBUILD))]).toEqual([
      'DataStoreRebuildNeeded',
      'DataStoreRebuildNeeded',
    ]);
  });

  it('says the numbers', () => {
    expect(switchback(PROCEED, LATE)).toMatchObject({
      message: expect.stringMatching(/11 s behind.*objective is 10 s/),
    });
  });

  it('passes over a region whose data is no copy while there is another one', () => {
    const lost = { east: { state: 'Lost', healthyForMs: 0 }, west: { lag: REBUILD } } as const;
    const decision = decideInstance(anInstanceView({ regions: lost }));
    expect(decision).toMatchObject({ kind: 'Assign', intent: { activeRegion: 'north' } });
  });
});
