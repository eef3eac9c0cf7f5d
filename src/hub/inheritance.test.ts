import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aGroup, anAssignment, anInstance, anOrder, anOrderedComponent } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { ANNOTATIONS, LABELS } from '../api/labels.ts';
import type { HubMark } from '../api/region-lease.ts';
import type { RegionalService } from '../api/regional-service.ts';
import type { OwnRecord } from '../decide/inheritance.ts';
import { digestOf } from '../decide/missing.ts';
import type { HubContext } from './context.ts';
import { Inheritance } from './inheritance.ts';
import type { RegionLink } from './region-link.ts';
import type { RegionLinks } from './region-links.ts';

/** A hub that follows another one, whose term it has left in both regions; the service `mail` is in east at epoch 2. */
const OWN: OwnRecord = { term: 9, by: 'me', record: 'new/5', past: [] };
const SEIZED: HubMark = { nonce: 'n', term: 9, by: 'me', record: 'old/7', seized: true, grants: {} };
const WAIT_MS = 18_000;

let own: OwnRecord;

let clock: ManualClock;
let marks: Map<string, HubMark | undefined>;
let unread: Set<string>;
let fresh: boolean;
let refreshes: number;
let epoch: number;
let tenantsInRegion: string[];
let tenantsHere: string[];
let hasInstance: boolean;
let directoryFails: boolean;
let events: string[];
let group: IUGroup;
let inheritance: Inheritance;

const annotate = (annotations: Readonly<Record<string, string>>): void => {
  group = { ...group, metadata: { ...group.metadata, annotations } };
};

function order(): RegionalService {
  const made = anOrder('mail', [anOrderedComponent()], { epoch, activeRegion: 'east' });
  return { ...made, metadata: { ...made.metadata, labels: { [LABELS.iuGroup]: 'americas' } } };
}

const linkTo = (region: string): RegionLink =>
  partOf<RegionLink>('link', {
    region,
    synced: true,
    evidence: () => ({
      sinceContactMs: unread.has(region) ? undefined : 100,
      sinceHeartbeatMs: 100,
      sinceLookMs: 0,
      everSeen: true,
      credentials: 'Ok',
    }),
    services: {
      store: { list: () => [order()] },
      reflector: {
        get fresh() {
          return fresh;
        },
        refresh: async () => {
          refreshes += 1;
        },
      },
    } as never,
    leases: { store: { get: () => ({ spec: { hub: marks.get(region) } }) }, reflector: { synced: true } } as never,
    client: {
      list: async () => {
        if (directoryFails) throw new Error('no answer');
        return { items: [{ spec: { iuGroup: 'americas', tenants: tenantsInRegion.map((name) => ({ name })) } }] };
      },
    } as never,
  });

beforeEach(() => {
  clock = new ManualClock();
  own = OWN;
  marks = new Map([
    ['east', SEIZED],
    ['west', SEIZED],
  ]);
  unread = new Set();
  fresh = true;
  refreshes = 0;
  epoch = 2;
  tenantsInRegion = ['c/acme'];
  tenantsHere = ['c/acme'];
  hasInstance = true;
  directoryFails = false;
  events = [];
  group = aGroup('americas', ['east', 'west']);
  const links = new Map(['east', 'west'].map((region) => [region, linkTo(region)]));
  inheritance = new Inheritance(
    partOf<HubContext>('context', {
      clock,
      assignments: { get: () => anAssignment('2 east>west') } as never,
      diagnoses: new Map(),
      groups: { store: { get: () => group } } as never,
      instances: { store: { get: () => (hasInstance ? anInstance('mail') : undefined) } } as never,
      tenants: { store: { get: (key: string) => (tenantsHere.includes(key) ? {} : undefined) } } as never,
      leadership: { own: () => own } as never,
      links: partOf<RegionLinks>('links', { get: (region: string) => links.get(region), groupOf: () => group }),
      log: () => undefined,
      events: { record: ({ reason }: { reason: string }) => events.push(reason) } as never,
      lookAgain: { group: () => undefined } as never,
    }),
  );
});

/** What it waits for, after a pass of the loop that looks. */
async function state(): Promise<string> {
  inheritance.look(group);
  await inheritance.lookForMissing(group, AbortSignal.any([]));
  const verdict = inheritance.look(group);
  return verdict.kind === 'Wait' ? verdict.reason : verdict.kind;
}

describe('a group that another hub has led', () => {
  it('is this hub’s after one wait, from when no other could acknowledge any more', async () => {
    expect(await state()).toBe('WaitingOutPredecessor');
    await clock.advance(WAIT_MS - 1);
    expect(await state()).toBe('WaitingOutPredecessor');
    await clock.advance(1);
    expect(await state()).toBe('Own');
  });

  it('is waited for anew when another hub shows itself meanwhile', async () => {
    await state();
    await clock.advance(WAIT_MS - 1);
    marks.set('west', { ...SEIZED, term: 10, by: 'twin' });
    expect(await state()).toBe('PredecessorUnproved');
    marks.set('west', SEIZED);
    await clock.advance(1);
    expect(await state()).toBe('WaitingOutPredecessor');
  });

  it('is waited for anew by another leadership of this process', async () => {
    await state();
    await clock.advance(WAIT_MS);
    inheritance.forget();
    expect(await state()).toBe('WaitingOutPredecessor');
  });

  it('is still of the other hub for the next leadership, however far the API server has counted meanwhile', async () => {
    own = { ...OWN, record: 'u/500', past: [{ term: 8, by: 'restored', record: 'u/400' }] };
    marks = new Map([['east', { nonce: 'n', term: 8, by: 'old', record: 'u/350', grants: {} }]]);
    expect(await state()).toBe('PredecessorUnproved');
    marks = new Map([['east', { nonce: 'n', term: 8, by: 'restored', record: 'u/350', grants: {} }]]);
    expect(await state()).toBe('Own');
  });

  it.each<[string, () => void]>([
    [
      'orders are being read that the other hub may have written',
      () => {
        fresh = false;
      },
    ],
    [
      'a region knows a later epoch',
      () => {
        epoch = 3;
      },
    ],
  ])('is not its yet while %s', async (_, given) => {
    await state();
    expect(refreshes).toBe(2);
    await clock.advance(WAIT_MS);
    given();
    expect(await state()).toBe('WaitingOutPredecessor');
  });

  it('does not wait to read a region that does not answer', async () => {
    unread.add('west');
    await state();
    await clock.advance(WAIT_MS);
    epoch = 2;
    expect(await state()).toBe('Own');
  });

  it.each<[string, () => void, () => void]>([
    [
      'a tenant',
      () => {
        tenantsHere = [];
      },
      () => {
        tenantsHere = ['c/acme'];
      },
    ],
    [
      'a service',
      () => {
        hasInstance = false;
      },
      () => {
        hasInstance = true;
      },
    ],
  ])('is not its while the manifest of %s is missing', async (_, given, mended) => {
    given();
    await state();
    await clock.advance(WAIT_MS);
    expect(await state()).toBe('ManifestsMissing');
    mended();
    await clock.advance(5000);
    expect(await state()).toBe('Own');
  });

  it('is its when a person accepts exactly what is missing', async () => {
    tenantsInRegion = ['c/acme', 'c/beta'];
    await state();
    await clock.advance(WAIT_MS);
    annotate({ [ANNOTATIONS.missingAccepted]: digestOf({ services: [], tenants: ['c/acme'] }) });
    expect(await state()).toBe('ManifestsMissing');
    annotate({ [ANNOTATIONS.missingAccepted]: digestOf({ services: [], tenants: ['c/beta'] }) });
    expect(await state()).toBe('Own');
  });

  it('is not its while nobody can say what is missing', async () => {
    directoryFails = true;
    await state();
    await clock.advance(WAIT_MS);
    expect(await state()).toBe('ManifestsMissing');
  });

  it('is told of by an event for each thing that it waits for, and for the end', async () => {
    const tell = () => inheritance.tell(group, inheritance.look(group));
    marks.set('west', { ...SEIZED, by: 'old', record: 'old/7' });
    tell();
    unread.add('east');
    tell();
    marks.set('west', SEIZED);
    tell();
    expect(events).toEqual(['PredecessorUnproved', 'WaitingOutPredecessor']);
    marks = new Map([['east', { ...SEIZED, record: 'new/4', seized: false }]]);
    tell();
    tell();
    expect(events.at(-1)).toBe('HubInherited');
    expect(events).toHaveLength(3);
  });

  it('is told of for as long as that lasts, and once it is over; never where there was no other hub', async () => {
    expect(inheritance.condition(group)).toMatchObject({ status: 'False', reason: 'WaitingOutPredecessor' });
    marks = new Map([['east', { ...SEIZED, record: 'new/4', seized: false }]]);
    expect(inheritance.condition(group)).toMatchObject({ status: 'True', reason: 'HubInherited' });
    expect(inheritance.mayWriteTo('east')).toBe(true);
    const another = { ...group, metadata: { ...group.metadata, name: 'europe' } };
    expect(inheritance.condition(another)).toBeUndefined();
  });
});
