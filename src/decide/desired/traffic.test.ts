import { describe, expect, it } from 'vitest';
import { anAssignment, anInstance } from '../../../test/support/objects.ts';
import { computeTraffic, type Shares } from './traffic.ts';

const linesOf = (shares: Partial<Shares>): string[] =>
  computeTraffic(
    anInstance('mail'),
    anAssignment('1 east>west,north'),
    { weights: undefined, readers: undefined, ...shares },
    { domain: 'example.com', ttlSeconds: 30 },
  ).spec.endpoints.map(
    ({ dnsName, providerSpecific, setIdentifier = '-', targets }) =>
      `${dnsName} → ${targets} ${setIdentifier} ${providerSpecific?.[0]?.value ?? '-'}`,
  );

const ACTIVE = 'mail.example.com → mail.east.regions.example.com - -';

describe('the record set of a service', () => {
  it.each<[string, Partial<Shares>, string[]]>([
    ['points to the active region', {}, [ACTIVE]],
    [
      'shares the traffic where it is active everywhere',
      {
        weights: [
          { region: 'east', weight: 60 },
          { region: 'west', weight: 40 },
        ],
      },
      [
        'mail.example.com → mail.east.regions.example.com east 60',
        'mail.example.com → mail.west.regions.example.com west 40',
      ],
    ],
    [
      'has a name for readers, who share the copies',
      {
        readers: [
          { region: 'west', weight: 50 },
          { region: 'north', weight: 50 },
        ],
      },
      [
        ACTIVE,
        'mail.ro.example.com → mail.west.ro.example.com west 50',
        'mail.ro.example.com → mail.north.ro.example.com north 50',
      ],
    ],
    [
      'leads readers to the active side while no copy is ready: the set is never empty',
      { readers: [] },
      [ACTIVE, 'mail.ro.example.com → mail.east.regions.example.com east 100'],
    ],
  ])('%s', (_name, shares, expected) => {
    expect(linesOf(shares)).toEqual(expected);
  });
});
