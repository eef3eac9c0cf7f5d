import { describe, expect, it } from 'vitest';
import { aGroup } from '../../test/support/objects.ts';
import type { PlannedService } from '../api/region-switch.ts';
import { type KeyedService, regionsAfter } from './outlook.ts';
import type { Placement } from './placement.ts';

/** Of each service: what it takes where it is active, and what stands by elsewhere. */
function placed(key: string, activeRegion: string, instances: number, standby = 0): KeyedService {
  const regions = ['east', 'west', 'north'].map((region) => ({ region, components: [], planned: instances, standby }));
  return { key, activeRegion, placement: { ok: true, mode: 'Backup', regions, refusals: [] } as Placement };
}
const moves = (name: string, to: string): PlannedService => ({ name, verdict: 'Moves', from: 'east', to });
const held: PlannedService = { name: 'ns/c', verdict: 'Held', from: 'east', to: 'west' };

const group = (limits: Readonly<Record<string, number>> = {}) => {
  const made = aGroup('americas', ['east', 'west', 'north']);
  const infrastructureUnits = made.spec.infrastructureUnits.map((unit) => {
    const instances = limits[unit.region];
    return instances === undefined ? unit : { ...unit, capacity: { instances } };
  });
  return { ...made, spec: { ...made.spec, infrastructureUnits } };
};
const SERVICES = [placed('ns/a', 'east', 3), placed('ns/b', 'east', 2), placed('ns/c', 'west', 4)];

describe('what a plan makes of the regions', () => {
  it('is told of those that gain and of those that lose, with their capacity and whether it fits', () => {
    const plan = [moves('ns/a', 'west'), moves('ns/b', 'west')];
    expect(regionsAfter(plan, SERVICES, group({ west: 8 }))).toEqual([
      { region: 'east', before: 5, after: 0, fits: true },
      { region: 'west', before: 4, after: 9, capacity: 8, fits: false },
    ]);
    expect(regionsAfter(plan, SERVICES, group({ west: 9 }))[1]).toMatchObject({ after: 9, fits: true });
  });

  it('counts only what nothing is in the way of', () => {
    expect(regionsAfter([moves('ns/a', 'north'), { ...held, name: 'ns/b' }], SERVICES, group())).toEqual([
      { region: 'east', before: 5, after: 2, fits: true },
      { region: 'north', before: 0, after: 3, fits: true },
    ]);
    expect(regionsAfter([held], SERVICES, group())).toEqual([]);
  });

  it('counts what stands by: it goes where the service comes, and comes where it was', () => {
    const [east, west] = regionsAfter([moves('ns/a', 'west')], [placed('ns/a', 'east', 3, 1)], group());
    expect([east, west]).toEqual([
      { region: 'east', before: 3, after: 1, fits: true },
      { region: 'west', before: 1, after: 3, fits: true },
    ]);
  });
});
