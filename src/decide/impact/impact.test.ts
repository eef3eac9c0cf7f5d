import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '../../../hack/gen/catalogue.ts';
import { aGroup, aTenant, aTransitCentre } from '../../../test/support/objects.ts';
import { EFFECTS, type EffectCode } from '../../api/impact.ts';
import { type ServiceClass, tier as tiers } from '../../api/service-class.ts';
import { describeEffect, EFFECT_FACTS } from './effects.ts';
import { explainImpact } from './explain.ts';
import { AUDIENCES, type Failure, type ImpactTable } from './facts.ts';
import { compareCells, MISSING_FROM } from './order.ts';
import { isFelt } from './rows.ts';

const TODAY = readCatalogue('today');
const centre = (name: string, pair: string, regions: readonly string[], mpls: boolean) => ({
  name,
  geography: 'US',
  country: 'US',
  pair,
  regions,
  voice: { targets: [`${name}.example.com`] },
  mpls,
});

const crossRegion = fc.oneof(
  fc.constant({ mode: 'None' }),
  fc.record({
    mode: fc.constant('Active'),
    fromTier: fc.constantFrom(...tiers.options.slice(1)),
    view: fc.constantFrom('Full', 'Limited'),
  }),
  fc.record({
    mode: fc.constant('Backup'),
    fromTier: fc.constantFrom(...tiers.options.slice(1)),
    standby: fc.constantFrom('Cold', 'Warm', 'ReadOnly'),
    promotion: fc.constantFrom('Automatic', 'Approval'),
  }),
);
const change = fc.record({
  crossRegion,
  outside: fc.subarray(['DialsOut', 'CustomerMail', 'CustomerChannel']),
  hasCopy: fc.boolean(),
});

/** The classes of "today", each with a place of chance in other regions. */
const catalogue = fc.array(change, { minLength: TODAY.length, maxLength: TODAY.length }).map((changes) =>
  TODAY.map((each, i): ServiceClass => {
    const { crossRegion: across, hasCopy = false, outside = [] } = changes[i] ?? {};
    const dataStores = each.spec.dataStores?.map((store) => ({ ...store, crossRegion: hasCopy }));
    const defaults = { standby: 'Cold', view: 'Full', promotion: 'Automatic' };
    return {
      ...each,
      spec: {
        ...each.spec,
        crossRegion: { ...defaults, ...across } as ServiceClass['spec']['crossRegion'],
        outside: outside as ServiceClass['spec']['outside'],
        ...(dataStores && { dataStores }),
      },
    };
  }),
);
/** A second centre of the pair, one of another pair, or none beside gtn-a. */
const group = fc
  .record({ hasPartner: fc.boolean(), hasSecondPair: fc.boolean(), acrossPairs: fc.boolean(), mpls: fc.boolean() })
  .map(({ acrossPairs, hasPartner, hasSecondPair, mpls }) =>
    aGroup('americas', ['us-east', 'us-west'], {
      transit: {
        policy: { acrossPairs },
        centres: [
          centre('gtn-a', 'us', ['us-east', 'us-west'], true),
          ...(hasPartner ? [centre('gtn-b', 'us', ['us-west', 'us-east'], mpls)] : []),
          ...(hasSecondPair ? [centre('gtn-c', 'us-2', ['us-west', 'us-east'], mpls)] : []),
        ],
      },
    }),
  );
const failure = fc.constantFrom<Failure>(
  { kind: 'Zone', region: 'us-east', zone: 'us-east-a' },
  { kind: 'Region', region: 'us-east' },
  { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice', 'Mpls'] },
  { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice'] },
  { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Mpls'] },
);
const world = fc.record({
  classes: catalogue,
  group,
  connectivity: fc.constantFrom('Mpls', 'Internet', 'Both'),
  named: fc.constantFrom({}, { transitCentre: 'gtn-b' }),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function tableOf({ classes, connectivity, group: of, named }: World, tier: string, what: Failure): ImpactTable {
  const secondaryRegions = tier === 'Advanced' ? [] : ['us-west'];
  const tenant = aTenant('customers/acme', { tier, secondaryRegions, connectivity, ...named });
  return explainImpact({ group: of, classes, tenant, failure: what }).table;
}
const cellsOf = ({ rows }: ImpactTable) =>
  rows.flatMap((row) =>
    AUDIENCES.map((audience) => ({ at: `${row.functionality} ${audience}`, effects: row[audience] })),
  );
const effectsOf = (table: ImpactTable) => cellsOf(table).flatMap(({ effects }) => effects);

const CALLS: readonly EffectCode[] = [
  'ActiveCallsLost',
  'ActiveCallsDropped',
  'NewCallsNotRouted',
  'NewCallsNotTaken',
  'CannotCall',
  'MessagesInProgressLost',
  'PhoneOut',
];
describe('a lost transit centre', () => {
  const LOST: Failure = { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice', 'Mpls'] };
  const codesOf = (centres: readonly unknown[], tenant: Readonly<Record<string, unknown>>, functionality: string) => {
    const group = aGroup('americas', ['us-east', { region: 'ca-east', country: 'CA' }], { transit: { centres } });
    const placed = { tier: 'Advanced', secondaryRegions: [], ...tenant };
    const { table } = explainImpact({
      group,
      classes: TODAY,
      tenant: aTenant('customers/crown', placed),
      failure: LOST,
    });
    const row = table.rows.find((each) => each.functionality === functionality);
    return row ? AUDIENCES.flatMap((audience) => row[audience].map(({ code }) => code)) : [];
  };
  const served = ['us-east', 'ca-east'];

  it('is the one where the calls come in, whichever else serves the region first', () => {
    const mplsOnly = aTransitCentre('gtn-0', served, { voice: undefined, mpls: true });
    const own = codesOf([mplsOnly, aTransitCentre('gtn-a', served)], {}, 'Outbound');
    expect(own).toEqual(codesOf([aTransitCentre('gtn-a', served)], {}, 'Outbound'));
    expect(own).not.toEqual([]);
  });

  it('is stood in for by none that lies outside the residency of the tenant', () => {
    const centres = [
      aTransitCentre('gtn-a', served.toReversed(), { country: 'CA' }),
      aTransitCentre('gtn-b', served.toReversed(), { country: 'US' }),
    ];
    const canadian = { primaryRegion: 'ca-east', residency: { countries: ['CA'] } };
    expect(codesOf(centres, { primaryRegion: 'ca-east' }, 'CallRouting')).toContain('NewCallsQueue');
    expect(codesOf(centres, canadian, 'CallRouting')).not.toContain('NewCallsQueue');
  });
});

describe('whatever the catalogue, the group and the tenant', () => {
  it('a service that has an Active place elsewhere is never said to be unavailable', () => {
    fc.assert(
      fc.property(world, fc.constantFrom('CrossRegionVoice', 'Global'), failure, (given, tier, what) => {
        const table = tableOf(given, tier, what);
        const active = given.classes.filter(({ spec }) => {
          const { fromTier, mode } = spec.crossRegion;
          return (
            mode === 'Active' && tiers.options.indexOf(fromTier ?? 'Global') <= tiers.options.indexOf(tier as 'Global')
          );
        });
        const isLeft = what.kind !== 'TransitCentre' || (given.group.spec.transit?.centres.length ?? 0) > 1;
        const unavailable = effectsOf(table)
          .filter(({ code }) => EFFECT_FACTS[code].rank >= MISSING_FROM)
          .flatMap(({ services = [] }) => services);
        for (const { metadata } of isLeft ? active : []) expect(unavailable).not.toContain(metadata.name);
      }),
      { numRuns: 150 },
    );
  });

  it('a higher tier never makes a cell worse', () => {
    const pair = fc.tuple(fc.nat(4), fc.nat(4)).map(([x, y]) => [Math.min(x, y), Math.max(x, y)] as const);
    fc.assert(
      fc.property(world, pair, failure, (given, [low, high], what) => {
        const lower = tableOf(given, tiers.options[low] ?? '', what);
        const higher = cellsOf(tableOf(given, tiers.options[high] ?? '', what));
        for (const [i, { at, effects }] of cellsOf(lower).entries()) {
          const better = higher[i]?.effects ?? [];
          const words = `${at}: ${JSON.stringify(effects)} to ${JSON.stringify(better)}`;
          expect(compareCells(better, effects), words).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a lost zone never touches calls', () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...tiers.options), (given, tier) => {
        const table = tableOf(given, tier, { kind: 'Zone', region: 'us-east', zone: 'us-east-a' });
        for (const { code } of effectsOf(table)) expect(CALLS).not.toContain(code);
        const calls = table.rows.find(({ functionality }) => functionality === 'CallRouting');
        expect(calls && isFelt(calls)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, Failure]>([
    ['a region', { kind: 'Region', region: 'eu' }],
    ['a zone of another region', { kind: 'Zone', region: 'us-west', zone: 'us-west-a' }],
    ['a transit centre', { kind: 'TransitCentre', centre: 'gtn-z', paths: ['Voice', 'Mpls'] }],
    ['nothing of a transit centre', { kind: 'TransitCentre', centre: 'gtn-a', paths: [] }],
    ['no services', { kind: 'Services', services: [] }],
  ])('what does not concern the tenant is not felt: %s', (_, what) => {
    fc.assert(
      fc.property(world, (given) => {
        const advanced = tableOf(given, 'Advanced', what);
        expect(effectsOf(advanced)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('a planned switch costs no cell more than the loss of its region', () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...tiers.options), (given, tier) => {
        const planned = cellsOf(tableOf(given, tier, { kind: 'PlannedSwitch', region: 'us-east' }));
        const unplanned = cellsOf(tableOf(given, tier, { kind: 'Region', region: 'us-east' }));
        for (const [i, { at, effects }] of planned.entries()) {
          const rank = (all: typeof effects) => Math.max(0, ...all.map(({ code }) => EFFECT_FACTS[code].rank));
          expect(rank(effects), at).toBeLessThanOrEqual(rank(unplanned[i]?.effects ?? []));
          for (const { code } of effects) expect(['ActiveCallsLost', 'ActiveCallsDropped']).not.toContain(code);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('every code is used by some rule, and has a sentence of its own', () => {
    const all = Object.keys(EFFECTS) as EffectCode[];
    // The same worlds each time, so that which codes they use is no matter of chance.
    const failures: Failure[] = [
      { kind: 'Zone', region: 'us-east', zone: 'us-east-a' },
      { kind: 'Region', region: 'us-east' },
      { kind: 'PlannedSwitch', region: 'us-east' },
      { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice', 'Mpls'] },
      { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Voice'] },
      { kind: 'TransitCentre', centre: 'gtn-a', paths: ['Mpls'] },
    ];
    const tables = fc
      .sample(world, { numRuns: 150, seed: 1 })
      .flatMap((given) => failures.flatMap((what) => tiers.options.map((tier) => tableOf(given, tier, what))));
    const used = new Set(tables.flatMap(effectsOf).map(({ code }) => code));
    expect([...used].sort()).toEqual(all.toSorted());
    const region: Failure = { kind: 'Region', region: 'us-east' };
    const example = { services: ['x'], regions: ['us-west'], centre: 'gtn-a' };
    const sentences = all.map((code) => describeEffect({ code, ...example }, region));
    expect(new Set(sentences).size).toBe(all.length);
    for (const sentence of sentences) expect(sentence).not.toMatch(/undefined|\.$| {2}/);
  });
});
