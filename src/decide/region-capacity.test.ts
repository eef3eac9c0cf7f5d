import { describe, expect, it } from 'vitest';
import { aGroup } from '../../test/support/objects.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import { computeCapacity, type PlacedService } from './region-capacity.ts';

const REGIONS = ['us-east', 'us-west', 'ca-central'];

/** A service with `planned` instances in each of its regions, active in the first one unless said otherwise. */
function placed(
  mode: CrossRegionMode,
  regions: string[],
  planned: number,
  activeRegion = regions[0] ?? '',
  standby?: number,
): PlacedService {
  const placements = regions.map((region) => ({ region, components: [], planned, ...(standby && { standby }) }));
  return { placement: { ok: true, mode, regions: placements, refusals: [] }, activeRegion };
}

/** `planned + reserved` by region. */
const textOf = (services: PlacedService[]): string[] =>
  computeCapacity(services, aGroup('americas', REGIONS)).map(({ region, planned, reserved, reservedFor = '-' }) =>
    [region, planned, reserved, reservedFor].join(' '),
  );

describe('computeCapacity', () => {
  it.each([
    [
      'reserves a Backup service where it may move',
      [placed('Backup', ['us-east', 'us-west'], 4)],
      ['us-east 4 0 -', 'us-west 0 4 us-east', 'ca-central 0 0 -'],
    ],
    [
      'plans an Active service in all of its regions',
      [placed('Active', ['us-east', 'us-west'], 4)],
      ['us-east 4 0 -', 'us-west 4 0 -', 'ca-central 0 0 -'],
    ],
    [
      'reserves for the loss of one region, the one that brings most',
      [
        placed('Backup', ['us-east', 'us-west'], 4),
        placed('Backup', ['us-east', 'us-west'], 3),
        placed('Backup', ['ca-central', 'us-west'], 5),
      ],
      ['us-east 7 0 -', 'us-west 0 7 us-east', 'ca-central 5 0 -'],
    ],
    [
      'plans what runs on standby, beside all that may move in: for a moment both are there',
      [placed('Backup', ['us-east', 'us-west'], 4, 'us-east', 1)],
      ['us-east 4 0 -', 'us-west 1 4 us-east', 'ca-central 0 0 -'],
    ],
    [
      'reserves at home for a service that is away',
      [placed('Backup', ['us-east', 'us-west'], 4, 'us-west')],
      ['us-east 0 4 us-west', 'us-west 4 0 -', 'ca-central 0 0 -'],
    ],
  ])('%s', (_name, services, expected) => {
    expect(textOf(services)).toEqual(expected);
  });

  it.each([
    [8, true],
    [7, false],
  ])('fits 8 instances into %i: %s, and says the numbers', (instances, fits) => {
    const group = aGroup('americas', [{ region: 'us-east', capacity: { instances } }, 'us-west']);
    const services = [placed('None', ['us-east'], 5), placed('Backup', ['us-west', 'us-east'], 3)];
    expect(computeCapacity(services, group)[0]).toMatchObject({
      fits,
      message: `region us-east holds 5 instances and 3 more if region us-west is lost; its capacity is ${instances}`,
    });
  });
});
