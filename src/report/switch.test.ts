import { describe, expect, it } from 'vitest';
import { aProgress } from '../../test/support/objects.ts';
import { API_VERSION } from '../api/common.ts';
import type { MovedService, RegionSwitch } from '../api/region-switch.ts';
import { isOver, progressOf, type ServiceProgress, switchReport } from './switch.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const at = (seconds: number): number => BEGIN + seconds * 1000;
const object: RegionSwitch = {
  apiVersion: API_VERSION,
  kind: 'RegionSwitch',
  metadata: { name: 'failover' },
  spec: {
    iuGroupRef: { name: 'americas' },
    type: 'Failover',
    region: 'east',
    cause: 'region east is lost',
    trigger: 'Automatic',
    dryRun: false,
    abort: false,
    undo: false,
    pause: false,
  },
};

/** A service that was moved at second 10, seven seconds after the last sign of its region. */
const service = (more: Partial<ServiceProgress> = {}) => aProgress({ decidedAt: at(10), lastSignAt: at(3), ...more });
const DONE = { promotedAt: at(28), readyAt: at(30), trafficMoved: true, cleanedUp: true, protected: true };

const report = (services: readonly ServiceProgress[], now = at(40)) => switchReport(object, services, now);
const readEntries = ({ fields }: { readonly fields?: Readonly<Record<string, unknown>> }): readonly MovedService[] => {
  const entries = fields?.['services'];
  return Array.isArray(entries) ? entries : [];
};
const statusOf = (services: readonly ServiceProgress[], type: string) =>
  report(services).conditions.find((c) => c.type === type)?.status;

describe('the record of a switch', () => {
  it('says of each step how many services have done it', () => {
    const steps = report([service(DONE), service({ promotedAt: at(28) })]).fields?.['steps'];
    expect(steps).toMatchObject([
      { name: 'RecordIntent', state: 'Done', done: 2 },
      { name: 'Fence', state: 'Done', done: 2 },
      { name: 'Promote', state: 'Done', done: 2 },
      { name: 'Verify', state: 'Running', done: 1, total: 2 },
      { name: 'MoveTraffic', state: 'Running', done: 1 },
      { name: 'Protect', state: 'Running', done: 1 },
    ]);
  });

  it('measures the recovery from the last sign of life of the region that was lost', () => {
    expect(report([service(DONE)]).fields).toMatchObject({ slowestRecoveryMilliseconds: 27_000 });
  });

  it('measures it from the same sign after another leader has taken over, before the service was ready or after', () => {
    const recoveryAfterTakeOver = (seen: ServiceProgress): unknown => {
      const [entry] = readEntries(report([seen]));
      return report([{ ...(entry ? progressOf(entry) : seen), readyAt: at(30) }]).fields?.[
        'slowestRecoveryMilliseconds'
      ];
    };
    expect(recoveryAfterTakeOver(service())).toBe(27_000);
    expect(recoveryAfterTakeOver(service(DONE))).toBe(27_000);
  });

  it('measures it from the decision where the switch was planned', () => {
    expect(report([service({ ...DONE, lastSignAt: undefined })]).fields).toMatchObject({
      slowestRecoveryMilliseconds: 20_000,
    });
  });

  it.each<[string, Partial<ServiceProgress>, string[]]>([
    ['nothing has happened yet', {}, ['False', 'False', 'False']],
    [
      'it runs and the old side is unknown',
      { ...DONE, cleanedUp: false, protected: false },
      ['True', 'False', 'False'],
    ],
    ['the old side has stopped', { ...DONE, protected: false }, ['True', 'True', 'False']],
    ['all is as before', DONE, ['True', 'True', 'True']],
  ])('tells switched over, cleaned up and protected apart: %s', (_, progress, statuses) => {
    const services = [service(progress)];
    expect(['SwitchedOver', 'CleanedUp', 'Protected'].map((type) => statusOf(services, type))).toEqual(statuses);
  });

  it('ends when every service runs and is protected, or was moved again', () => {
    expect(isOver([service(DONE), service({ superseded: true })])).toBe(true);
    expect(isOver([service(DONE), service({ ...DONE, protected: false })])).toBe(false);
    expect(report([service(DONE)]).fields).toMatchObject({ endTime: '2026-01-01T00:00:40Z' });
    expect(report([service()]).fields).not.toHaveProperty('endTime');
  });
});
