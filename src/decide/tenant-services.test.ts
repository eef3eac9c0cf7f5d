import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aBackup, aClass, anActive, anAssignment, anInstance } from '../../test/support/objects.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import {
  isOnItsWay,
  placesOfService,
  type ServiceRow,
  servedBy,
  servicesLeft,
  setsOf,
  toldRows,
} from './tenant-services.ts';

const row = (service: string, instance: string, mode: CrossRegionMode = 'Backup') => ({ service, instance, mode });
const plan = (rows: readonly ReturnType<typeof row>[], ready: 'True' | 'False' = 'True') => ({
  services: rows,
  conditions: [{ type: 'Ready', status: ready, reason: 'AsDeclared', message: '' } as const],
});
const knowing = (there: readonly string[], available: readonly string[]) => ({
  exists: (key: string) => there.includes(key),
  isAvailable: (key: string) => available.includes(key),
});

describe('the sets of services in the status of a tenant', () => {
  const region = fc.constantFrom('east', 'west');
  const shared = fc.record(
    {
      mode: fc.constantFrom('Active' as const, 'Backup' as const),
      activeRegions: fc.array(region, { maxLength: 2 }),
      regions: fc.array(
        fc
          .tuple(region, fc.constantFrom('Active' as const, 'Standby' as const))
          .map(([region, role]) => ({ region, role })),
        {
          maxLength: 2,
        },
      ),
      sla: fc.constantFrom('None' as const, 'OneRegion' as const),
    },
    { requiredKeys: ['mode'], noNullPrototype: true },
  );
  const member = fc.record(
    { service: fc.string(), instance: fc.string(), movingTo: fc.string() },
    { requiredKeys: ['service', 'instance'], noNullPrototype: true },
  );
  const rows = fc
    .uniqueArray(fc.tuple(member, shared), { selector: ([{ service }]) => service, maxLength: 64 })
    .map((drawn) => drawn.map(([of, said]): ServiceRow => ({ ...of, ...said })));
  const sorted = (told: readonly ServiceRow[]) => told.toSorted((x, y) => (x.service < y.service ? -1 : 1));

  it('say of each service what was to be said of it', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        expect(sorted(toldRows({ serviceSets: setsOf(drawn) }))).toEqual(sorted(drawn));
      }),
    );
  });

  it('differ from one another, in the order of their first services', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const sets = setsOf(drawn);
        const said = sets.map(({ services: _, ...rest }) => JSON.stringify(Object.entries(rest).sort()));
        expect(new Set(said).size).toBe(sets.length);
        const firsts = sets.map(({ services }) => drawn.findIndex(({ service }) => service === services[0]?.service));
        expect(firsts).toEqual(firsts.toSorted((x, y) => x - y));
      }),
    );
  });

  it('are the same rows for tenants that share a status', () => {
    const serviceSets = setsOf([row('mail', 'x')]);
    expect(toldRows({ serviceSets })).toBe(toldRows({ serviceSets }));
    expect(toldRows(undefined)).toBe(toldRows({}));
  });
});

describe('what serves a tenant', () => {
  const moved = plan([row('mail', 'new')]);
  it.each([
    ['is what is planned, for a new tenant', moved, undefined, [], [], ['mail new']],
    ['stays until the next one is available', moved, [row('mail', 'old')], ['old'], [], ['mail old > new']],
    ['is the next one as soon as that is available', moved, [row('mail', 'old')], ['old'], ['new'], ['mail new']],
    ['is the next one when the old one is gone', moved, [row('mail', 'old')], [], [], ['mail new']],
    ['stays the same, available or not', moved, [row('mail', 'new')], ['new'], [], ['mail new']],
    ['is let go of when the tenant wants it no more', plan([]), [row('mail', 'old')], ['old'], [], []],
    ['stays while the plan is not whole', plan([], 'False'), [row('mail', 'old')], ['old'], [], ['mail old']],
    [
      'is in the order of the names',
      plan([row('web', 'w')], 'False'),
      [row('mail', 'old')],
      ['old'],
      [],
      ['mail old', 'web w'],
    ],
  ])('%s', (_name, outcome, told, there, available, expected) => {
    const rows = servedBy(outcome, told, knowing(there, available));
    expect(
      rows.map(({ instance, movingTo, service }) => `${service} ${instance}${movingTo ? ` > ${movingTo}` : ''}`),
    ).toEqual(expected);
  });

  const keys = ['a', 'b', 'c'];
  const name = fc.constantFrom('mail', 'web', 'ivr');
  const rows = fc.uniqueArray(
    fc.tuple(name, fc.constantFrom(...keys)).map(([service, key]) => row(service, key)),
    { selector: ({ service }) => service },
  );
  const world = fc.record({
    next: rows,
    told: rows,
    ready: fc.constantFrom('True' as const, 'False' as const),
    there: fc.subarray(keys),
    up: fc.subarray(keys),
  });

  it('never changes from what is there to what is not available', () => {
    fc.assert(
      fc.property(world, ({ next, ready, there, told, up }) => {
        const serving = servedBy(plan(next, ready), told, knowing(there, up));
        const wanted = (name: string) => ready === 'False' || next.some(({ service }) => service === name);
        for (const before of told.filter(({ instance, service }) => there.includes(instance) && wanted(service))) {
          const now = serving.find(({ service }) => service === before.service)?.instance ?? '';
          expect([before.instance, ...up]).toContain(now);
        }
      }),
    );
  });

  it('is told once for each service, and asked again with what was told it is the same', () => {
    fc.assert(
      fc.property(world, ({ next, ready, there, told, up }) => {
        const outcome = plan(next, ready);
        const known = knowing([...there, ...up], up);
        const serving = servedBy(outcome, told, known);
        expect(new Set(serving.map(({ service }) => service)).size).toBe(serving.length);
        expect(servedBy(outcome, serving, known)).toEqual(serving);
        // And the record of it keeps what serves from being taken away.
        const kept = servicesLeft(outcome, serving).map(({ instance }) => instance);
        for (const { instance, movingTo } of serving) if (movingTo) expect(kept).toContain(instance);
      }),
    );
  });
});

describe('the places of a service', () => {
  const spec = { primaryRegion: 'east', secondaryRegions: ['west', 'de'] };
  const at = (...entries: string[]) => ({ observedGeneration: 1, assignment: anAssignment(...entries) });
  const geographyOf = (region: string) => (region === 'de' ? 'EMEA' : 'US');
  const voice = aClass('voice', anActive());
  it.each([
    [
      'of a backup service: active in one, standing by in the others',
      placesOfService(
        { ...anInstance('m', spec), status: at('1 west>east,de') },
        aClass('mail', aBackup()),
        'Global',
        geographyOf,
      ),
      ['west'],
      'east Standby Cold, west Active, de Standby Cold',
      'OneRegion',
    ],
    [
      'of a region without a place that is active still',
      placesOfService(
        { ...anInstance('m', { ...spec, secondaryRegions: [] }), status: at('1 west>east') },
        aClass('mail', aBackup()),
        'Advanced',
        geographyOf,
      ),
      ['west'],
      'east Standby Cold, west Active',
      'OneRegion',
    ],
    [
      'of a service that serves everywhere, as its traffic is led',
      placesOfService(
        {
          ...anInstance('v', spec),
          status: {
            ...at('1 east>'),
            weights: [
              { region: 'east', weight: 0 },
              { region: 'west', weight: 100 },
            ],
          },
        },
        voice,
        'CrossRegionVoice',
        geographyOf,
      ),
      ['west'],
      'east Active, west Active, de Active',
      'AllRegions',
    ],
    [
      'of a service within a geography: the others are a reserve',
      placesOfService(
        { ...anInstance('v', { ...spec, balancing: 'Geography' }), status: at('1 east>') },
        voice,
        'Global',
        geographyOf,
      ),
      ['east'],
      'east Active, west Active, de Reserve',
      'AllRegions',
    ],
    [
      'of a class that wants one region to serve: the others are a reserve for any tenant',
      placesOfService(
        { ...anInstance('c', spec), status: at('1 east>') },
        aClass('callback', { crossRegion: { mode: 'Active', balance: 'PrimaryFirst' } }),
        'CrossRegionVoice',
        geographyOf,
      ),
      ['east'],
      'east Active, west Reserve, de Reserve',
      'AllRegions',
    ],
    [
      'of a service that stays: where it is, not where it shall be',
      placesOfService(
        { ...anInstance('i', { ...spec, secondaryRegions: [] }), status: at('1 west>') },
        aClass('iwd'),
        'Global',
        geographyOf,
      ),
      ['west'],
      'west Active',
      'OneRegion',
    ],
  ])('%s', (_name, { activeRegions, regions, sla }, active, roles, scope) => {
    expect(activeRegions).toEqual(active);
    expect(
      regions.map(({ region, role, standby }) => [region, role, standby].filter(Boolean).join(' ')).join(', '),
    ).toBe(roles);
    expect(sla).toBe(scope);
  });
});

describe('a service is on its way', () => {
  const of = (assignment: ReturnType<typeof anAssignment>, secondaryRegions = ['west']) =>
    isOnItsWay({
      ...anInstance('m', { primaryRegion: 'east', secondaryRegions }),
      status: { observedGeneration: 1, assignment },
    });
  it.each([
    ['not at home', anAssignment('1 east>west'), ['west'], false],
    ['when its home was changed', anAssignment('1 west>east'), ['west'], true],
    ['not when it was failed over', { ...anAssignment('2 west>east'), reason: 'FailedOver' as const }, ['west'], false],
    [
      'when the place that it was failed over to is taken away',
      { ...anAssignment('2 west>east'), reason: 'FailedOver' as const },
      [],
      true,
    ],
  ])('%s', (_name, assignment, secondaries, expected) => expect(of(assignment, secondaries)).toBe(expected));
});
