import { describe, expect, it } from 'vitest';
import { aClass, aGroup, anActive, anAssignment, anInstance } from '../../test/support/objects.ts';
import { partOf } from '../../test/support/part.ts';
import type { CrossRegionMode } from '../api/service-class.ts';
import type { HubContext } from './context.ts';
import { factsOf } from './service-facts.ts';
import { createTenantPlaces } from './tenant-places.ts';

/** A service that serves in two regions, whose class wants it to stay in one. */
function aHub(inForce: CrossRegionMode) {
  const assignment = { ...anAssignment('1 east>west'), mode: inForce };
  const weights = [
    { region: 'east', weight: 0 },
    { region: 'west', weight: 100 },
  ];
  const spec = { primaryRegion: 'east', secondaryRegions: ['west'] };
  const instance = { ...anInstance('voice', spec), status: { observedGeneration: 1, assignment, weights } };
  const storeOf = (object: unknown) => ({ store: { get: () => object } });
  const context = partOf<HubContext>('context', {
    assignments: { get: () => assignment },
    classes: storeOf(aClass('voice', { ...anActive(), crossRegion: { mode: 'None' } })),
    groups: storeOf(aGroup('americas', ['east', 'west'])),
    holds: new Map(),
    instances: storeOf(instance),
  });
  return { context, instance };
}

describe('a class that was given another mode', () => {
  it('leaves its services where they serve until the change is decided, for tenants and for impact', () => {
    const { context, instance } = aHub('Active');
    expect(createTenantPlaces(context)('switchback-system/voice', 'CrossRegionVoice')).toMatchObject({
      activeRegions: ['west'],
      regions: [{ region: 'east' }, { region: 'west' }],
    });
    expect(factsOf(context, instance)?.servesIn).toEqual(['east', 'west']);
  });

  it('holds them in one region from then on', () => {
    const { context, instance } = aHub('None');
    expect(createTenantPlaces(context)('switchback-system/voice', 'CrossRegionVoice').activeRegions).toEqual(['east']);
    expect(factsOf(context, instance)?.servesIn).toEqual(['east']);
  });
});
