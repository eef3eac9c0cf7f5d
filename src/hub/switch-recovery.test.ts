import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { anAssignment, anInstance, aSwitch } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import { isoTime } from '../api/common.ts';
import { LABELS, MANAGED_BY } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import type { Assignment } from '../api/service-instance.ts';
import type { HubContext } from './context.ts';
import { UntoldMoves } from './switch-recovery.ts';

const KEY = 'switchback-system/mail';
let clock: ManualClock;
let assignment: Assignment;
let records: RegionSwitch[];
let known: { loaded: boolean; synced: boolean };
let untold: UntoldMoves;

const since = (secondsAgo: number): string => isoTime(clock.now().wallMs - secondsAgo * 1000);
const moved = (more: Partial<Assignment> = {}): Assignment => ({
  ...anAssignment('1 east>west', '2 west>east'),
  reason: 'FailedOver',
  since: since(20),
  ...more,
});

/** The operator's own record, which names the service as moved to west so long ago. */
function aRecord(secondsAgo: number, more: Partial<RegionSwitch['status']> = {}): RegionSwitch {
  const { spec: _, ...made } = aSwitch('planet-failover-east', { type: 'Failover' });
  const service = { name: KEY, from: 'east', to: 'west', epoch: 2, decidedTime: since(secondsAgo) };
  return {
    ...made,
    metadata: { ...made.metadata, labels: { [LABELS.managedBy]: MANAGED_BY } },
    spec: {
      iuGroupRef: { name: 'americas' },
      type: 'Failover',
      trigger: 'Automatic',
      region: 'east',
      cause: 'region east is lost',
      dryRun: false,
      abort: false,
      undo: false,
      pause: false,
    },
    status: { observedGeneration: 1, services: [service], ...more },
  };
}

beforeEach(async () => {
  clock = new ManualClock();
  await clock.advance(3_600_000);
  assignment = moved();
  records = [];
  known = { loaded: true, synced: true };
  const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
  const context = partOf<HubContext>('context', {
    clock,
    assignments: {
      get loaded() {
        return known.loaded;
      },
      get: () => assignment,
    },
    instances: { store: { list: () => [instance] } },
    switches: {
      store: { list: () => records },
      reflector: {
        get synced() {
          return known.synced;
        },
      },
    },
  });
  untold = new UntoldMoves(context);
});

const found = (): string[] => untold.take().map(({ from, next }) => `${from}>${next.activeRegion}`);

describe('a move of which no record tells', () => {
  it('is found, with the region that it left and the time of the intent, and only once', () => {
    expect(untold.take()).toMatchObject([{ from: 'east', decidedAt: Date.parse(assignment.since) }]);
    expect(found()).toEqual([]);
  });

  it('is found again by the next leadership', () => {
    expect(found()).toEqual(['east>west']);
    untold.forget();
    expect(found()).toEqual(['east>west']);
  });

  it('is found although a record tells of an earlier one', () => {
    records = [aRecord(300)];
    expect(found()).toEqual(['east>west']);
  });

  it.each<[string, () => void]>([
    ['the assignments are not read yet', () => (known.loaded = false)],
    ['the records are not read yet', () => (known.synced = false)],
    ['it has never been anywhere else', () => (assignment = anAssignment('1 east>west'))],
    ['it is where it was first assigned', () => (assignment = moved({ reason: 'Assigned' }))],
    ['a person asked for it', () => (assignment = moved({ regionSwitch: 'power-work', reason: 'Evacuated' }))],
    ['a record tells of it', () => (records = [aRecord(19)])],
    [
      'a record may, that has more services than it can name',
      () => (records = [aRecord(19, { services: [{ ...other(), to: 'west' }], servicesTotal: 300 })]),
    ],
    ['it was long ago, and its record may be gone', () => (assignment = moved({ since: since(3000) }))],
  ])('is not looked for when %s', (_, arrange) => {
    arrange();
    expect(found()).toEqual([]);
  });

  it('is not looked for when this leadership has noted it', () => {
    const instance = anInstance('mail', {});
    untold.note({ instance, from: 'east', next: assignment, lastSignAt: undefined, evidence: [], decidedAt: 0 });
    expect(found()).toEqual([]);
  });
});

const other = () => ({ name: 'ns/other', from: 'east', to: 'west', epoch: 7, decidedTime: since(19) });
