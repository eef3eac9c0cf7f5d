import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trafficPolicy } from '../../api/traffic.ts';
import { type TransitCentre, transitCentre } from '../../api/transit-centre.ts';
import { computeIngressRecords } from './ingress-records.ts';
import type { DNSRecord } from './traffic.ts';

const POLICY = trafficPolicy.parse({ domain: 'example.com' });
const centre = (name: string, more: object = {}): TransitCentre =>
  transitCentre.parse({
    name,
    geography: 'EMEA',
    country: 'DE',
    pair: 'emea',
    regions: ['east'],
    voice: { targets: [`sbc.${name}.net`], port: 5062 },
    ...more,
  });
const lines = (centres: TransitCentre[], servedBy: Record<string, string> = {}): string[] =>
  computeIngressRecords(
    centres,
    Object.entries(servedBy).map(([name, by]) => ({ name, ingress: { servedBy: by } })),
    POLICY,
  )
    .filter(({ recordType }) => recordType !== 'NAPTR')
    .filter(({ dnsName }) => !dnsName.startsWith('_sip._udp'))
    .map(
      ({ dnsName, recordType, targets }) => `${dnsName.replace('.transit.example.com', '')} ${recordType} ${targets}`,
    );

/** It has a target, and one that ExternalDNS takes; no CNAME, because other records stand beside it. */
const isSound = ({ recordType, targets }: DNSRecord): boolean =>
  targets.length > 0 &&
  recordType !== 'CNAME' &&
  (recordType.startsWith('A') || targets.every((target) => / [a-z0-9._-]+\.$/.test(target)));

describe('the names of transit centres', () => {
  it('lead to each centre itself while nothing else is decided', () => {
    expect(lines([centre('london'), centre('paris')])).toEqual([
      '_sips._tcp.london SRV 10 10 5062 sbc.london.net.',
      '_sips._tcp.paris SRV 10 10 5062 sbc.paris.net.',
      '_sips._tcp.emea.pairs SRV 10 10 5062 sbc.london.net.,10 10 5062 sbc.paris.net.',
      '_sips._tcp.emea.geographies SRV 10 10 5062 sbc.london.net.,10 10 5062 sbc.paris.net.',
    ]);
  });

  it('lead to the one that serves, with its port, everywhere', () => {
    const moved = lines([centre('london'), centre('paris', { voice: { targets: ['sbc.paris.net'], port: 5070 } })], {
      london: 'paris',
    });
    expect(moved.every((line) => line.endsWith('10 10 5070 sbc.paris.net.'))).toBe(true);
    expect(moved).toHaveLength(4);
  });

  it('have names for addresses, which never move, and plain addresses of the one that serves', () => {
    const paris = centre('paris', { voice: { targets: ['192.0.2.1', '2001:db8::1'] } });
    expect(lines([centre('london'), paris], { london: 'paris' })).toEqual(
      expect.arrayContaining([
        'london A 192.0.2.1',
        'london AAAA 2001:db8::1',
        '_sips._tcp.london SRV 10 10 5061 1.paris.hosts.transit.example.com.,10 10 5061 2.paris.hosts.transit.example.com.',
        '1.paris.hosts A 192.0.2.1',
        '2.paris.hosts AAAA 2001:db8::1',
      ]),
    );
  });

  it.each<[string, Record<string, string>]>([
    ['that is gone', { london: 'nowhere' }],
    ['that is only announced', { london: 'rome' }],
    ['without voice', { london: 'oslo' }],
  ])('never lead to a centre %s', (_, servedBy) => {
    const centres = [
      centre('london'),
      centre('rome', { state: 'Pending' }),
      centre('oslo', { voice: undefined, mpls: true }),
    ];
    expect(lines(centres, servedBy)[0]).toBe('_sips._tcp.london SRV 10 10 5062 sbc.london.net.');
  });

  it('count special centres to no pair and no geography', () => {
    expect(lines([centre('tokyo', { use: 'Special' })])).toEqual(['_sips._tcp.tokyo SRV 10 10 5062 sbc.tokyo.net.']);
  });

  it('are none without voice', () => {
    expect(lines([centre('oslo', { voice: undefined, mpls: true })])).toEqual([]);
  });

  const NAMES = ['london', 'paris', 'rome', 'oslo'] as const;
  const made = fc.record({
    state: fc.constantFrom('Active', 'Pending'),
    use: fc.constantFrom('General', 'Special'),
    pair: fc.constantFrom('one', 'two'),
    geography: fc.constantFrom('EMEA', 'US'),
    voice: fc.option(fc.record({ targets: fc.constantFrom(['sbc.net'], ['192.0.2.1'], ['sbc.net', '2001:db8::1']) }), {
      nil: undefined,
    }),
  });
  it('always have a target that SRV and NAPTR allow, whatever was decided, and stand beside no CNAME', () => {
    fc.assert(
      fc.property(
        fc.array(made, { maxLength: 4 }),
        fc.array(fc.constantFrom(...NAMES, 'nowhere'), { minLength: 4, maxLength: 4 }),
        (all, by) => {
          const centres = all.map((more, i) => centre(NAMES[i] ?? 'x', { mpls: true, ...more }));
          const status = NAMES.map((name, i) => ({ name, ingress: { servedBy: by[i] ?? '' } }));
          const records = computeIngressRecords(centres, status, POLICY);
          for (const record of records) expect(isSound(record)).toBe(true);
          const sets = records.map(({ dnsName, recordType }) => `${dnsName} ${recordType}`);
          expect(new Set(sets).size).toBe(sets.length);
          const voiced = centres.filter(({ state, voice }) => state === 'Active' && voice);
          for (const { name } of voiced) expect(sets).toContain(`_sip._udp.${name}.transit.example.com SRV`);
        },
      ),
    );
  });
});
