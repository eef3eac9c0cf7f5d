import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import {
  aBackup,
  aClass,
  aGroup,
  anAssignment,
  anInstance,
  anOrder,
  anOrderedComponent,
} from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { PeerSighting } from '../api/region-lease.ts';
import type { RegionEvidence } from '../decide/evidence.ts';
import type { HubContext } from './context.ts';
import { diagnoseGroup, diagnosisPolicy } from './diagnose.ts';
import { ReadinessBook } from './readiness.ts';
import { type Judgement, RegionHistory } from './region-history.ts';

const REGIONS = ['east', 'west', 'north', 'south', 'far'];
const SILENT = { sinceContactMs: 60_000, sinceHeartbeatMs: 60_000 };

/** What each link says, changed by a test before the group is judged. */
let says: Record<string, { evidence?: Partial<RegionEvidence>; sightings?: PeerSighting[] }>;
/** Instances that are ready of `mail`, which runs in east. */
let ready: number;
let clock: ManualClock;
let context: HubContext;
let events: string[];
let looks: string[];

const group = aGroup('americas', REGIONS, { failover: { sick: { mode: 'Manual', thresholdSeconds: 20 } } });

function linkOf(region: string) {
  const history = new RegionHistory(clock);
  const mail = () => ({
    ...anOrder('mail', [anOrderedComponent()], { epoch: 1 }),
    status: {
      observedGeneration: 1,
      grantedEpoch: region === 'east' ? 1 : 0,
      components: [{ name: 'main', planned: 2, ready, zones: [] }],
    },
  });
  return {
    readiness: new ReadinessBook(clock),
    get sightings() {
      return says[region]?.sightings ?? [];
    },
    judged: (judgement: Judgement) => history.judged(judgement),
    evidence: () => ({
      ...{ sinceContactMs: 100, sinceHeartbeatMs: 500, sinceLookMs: 3_600_000, everSeen: true, credentials: 'Ok' },
      ...{ sinceSeenMs: history.sinceSeenMs, wellAgainForMs: history.wellAgainForMs },
      ...says[region]?.evidence,
    }),
    services: { store: { get: () => mail() } },
  };
}

beforeEach(() => {
  clock = new ManualClock();
  says = {};
  ready = 2;
  events = [];
  looks = [];
  const links = new Map(REGIONS.map((region) => [region, linkOf(region)]));
  const instance = anInstance('mail', { primaryRegion: 'east', secondaryRegions: ['west'] });
  context = partOf<HubContext>('context', {
    links: {
      get: (region: string) => links.get(region),
      groupOf: (region: string) => (REGIONS.includes(region) ? group : undefined),
      credentialsOf: () => 'Ok',
    },
    instances: { store: { byIndex: () => [instance] } },
    classes: { store: { get: () => aClass('voice-mail', aBackup()) } },
    assignments: { get: () => anAssignment('1 east>west') },
    diagnoses: new Map(),
    troubledRegions: new Set(),
    isolatedAt: new Map(),
    clock,
    onDiagnosed: () => undefined,
    lookAgain: { region: () => undefined, group: (name: string) => looks.push(name) },
    events: { record: ({ note }: { note: string }) => events.push(note) },
    log: () => undefined,
  });
});

/** Judges the group each half second for so long. */
async function judge(seconds = 0.5): Promise<string | undefined> {
  for (let passed = 0; passed < seconds; passed += 0.5) {
    diagnoseGroup(context, group);
    await clock.advance(500);
  }
  return context.diagnoses.get('east')?.reason;
}
const seesEast = (state: PeerSighting['state'], withoutRight?: boolean) => ({
  sightings: [{ region: 'east', state, ...(withoutRight === undefined ? {} : { withoutRight }) }],
});

it('is not said any more of a region that was taken out of its group', async () => {
  context.diagnoses.set('gone', { state: 'Healthy', reason: 'RegionHealthy', message: '' });
  await judge();
  expect([...context.diagnoses.keys()].toSorted()).toEqual(REGIONS.toSorted());
});

describe('a region that the hub cannot see', () => {
  beforeEach(() => {
    says = { east: { evidence: SILENT } };
  });

  it('is only cut off while a healthy peer sees it, and that is told once', async () => {
    says['west'] = seesEast('Reachable', false);
    expect(await judge(60)).toBe('LinkLost');
    expect(events).toEqual([
      'Region east: last answer 60.0 s ago, but its heartbeat is seen from west, and it is not without a right',
    ]);
    says['east'] = {};
    expect(await judge()).toBe('RegionHealthy');
    expect(events.at(-1)).toBe('Region east is healthy again');
  });

  it('is lost when the only peer that sees it is not healthy itself', async () => {
    says['west'] = { ...seesEast('Reachable', false), evidence: { sinceContactMs: 5000 } };
    expect(await judge()).toBe('RegionLost');
  });

  it('is lost by the word of a peer, which the event and the record tell', async () => {
    says['west'] = seesEast('NoHeartbeat', false);
    expect(await judge(30)).toBe('RegionLost');
    expect(events).toEqual([
      'Region east is lost: last answer 60.0 s ago, last heartbeat 60.0 s ago; west: NoHeartbeat (told 0.5 s ago)',
    ]);
    expect(context.diagnoses.get('east')?.evidence).toEqual([
      { source: 'hub', saw: 'last answer 60.0 s ago, last heartbeat 60.0 s ago' },
      { source: 'west', saw: 'NoHeartbeat (told 0.5 s ago)' },
    ]);
  });

  it('stays cut off for the failure threshold when nobody says anything any more', async () => {
    says['west'] = seesEast('Reachable', false);
    await judge();
    says['west'] = {};
    expect(await judge(5)).toBe('LinkLost');
    expect(await judge(2)).toBe('RegionLost');
  });

  it('has no witness in itself, nor in a word that is none', async () => {
    says['east'] = { ...seesEast('Reachable', false), evidence: SILENT };
    says['west'] = { sightings: [{ region: 'east', state: 'Fine' as 'Reachable', withoutRight: false }] };
    expect(await judge()).toBe('RegionLost');
  });
});

it('a region where nothing of what it was granted runs is sick after the threshold, and no write counts the time', async () => {
  ready = 0;
  expect(await judge(20)).toBe('RegionHealthy');
  expect(await judge(1)).toBe('RegionSick');
  const before = looks.length;
  expect(await judge(300)).toBe('RegionSick');
  expect(looks.length).toBe(before);
  ready = 1;
  expect(await judge()).toBe('RegionHealthy');
  expect(events).toEqual([
    'Region east: answers, and its agent beats, but 1 of 1 active/backup services are not ready',
    'Region east is healthy again',
  ]);
});

it('a lost region is recovering for the threshold of the group', async () => {
  says['east'] = { evidence: SILENT };
  await judge();
  says['east'] = {};
  expect(await judge(10)).toBe('Recovering');
  expect(await judge(1)).toBe('RegionHealthy');
});

it('nothing recovers for longer than is asked for before it is gone home to', () => {
  const hasty = aGroup('americas', REGIONS, { switchback: { stableForSeconds: 3 } });
  expect([diagnosisPolicy(hasty).recoveryMs, diagnosisPolicy(group).recoveryMs]).toEqual([3000, 10_000]);
});

it('the hub suspects itself also when others see the regions that it does not', () => {
  const cut = (name: string) => ({ region: name, state: 'Reachable', withoutRight: false }) as const;
  says = { east: { evidence: SILENT }, west: { evidence: SILENT }, north: { evidence: SILENT } };
  says['south'] = { sightings: ['east', 'west', 'north'].map(cut) };
  expect(diagnoseGroup(context, group)).toBe(true);
  expect(context.diagnoses.get('north')?.reason).toBe('LinkLost');
});

it('a hub that sees most regions again does not leave the last of them at once', async () => {
  says = { east: { evidence: SILENT }, west: { evidence: SILENT }, north: { evidence: SILENT } };
  expect(diagnoseGroup(context, group)).toBe(true);
  says = { east: { evidence: SILENT } };
  await clock.advance(5900);
  expect(diagnoseGroup(context, group)).toBe(true);
  await clock.advance(100);
  expect(diagnoseGroup(context, group)).toBe(false);
  expect(context.diagnoses.get('east')?.reason).toBe('RegionLost');
});

it('the hub suspects itself as soon as one region is lost and most are silent: they are not found to be lost at one time', () => {
  const silent = { evidence: { sinceContactMs: 4500, sinceHeartbeatMs: 4500 } };
  says = { east: { evidence: SILENT }, west: silent };
  expect(diagnoseGroup(context, group)).toBe(false);
  says['north'] = silent;
  expect(diagnoseGroup(context, group)).toBe(true);
});
