import { describe, expect, it } from 'vitest';
import { aGroup } from '../../../test/support/objects.ts';
import { region as regionKind } from '../../api/region.ts';
import type { TransitCentre, TransitPolicy, TransitProbe } from '../../api/transit-centre.ts';
import { computeRegion } from './region.ts';

const probe: TransitProbe = { name: 'sip', path: 'Voice', type: 'SipOptions', host: '192.0.2.7', port: 5060 };
const centre = (name: string, more: Partial<TransitCentre> = {}) => ({
  name,
  geography: 'US',
  country: 'US',
  pair: name,
  regions: ['east'],
  voice: { targets: ['192.0.2.7'] },
  probes: [probe],
  ...more,
});
const specOf = (region: string, centres?: readonly object[], policy: Partial<TransitPolicy> = {}) =>
  computeRegion(aGroup('americas', ['east', 'west'], centres ? { transit: { centres, policy } } : {}), region)?.spec;

describe('a region', () => {
  it('is told nothing of transit centres in a group without them', () => {
    expect(specOf('east')).not.toHaveProperty('transit');
  });

  it('asks every centre of its group, also one that it does not use', () => {
    const centres = [centre('ash', { asksFrom: ['192.0.2.17'] }), centre('dal', { use: 'Special' })];
    const transit = {
      intervalSeconds: 9,
      failureThreshold: 4,
      recoveryThreshold: 2,
      centres: [
        { name: 'ash', probes: [probe], asksFrom: ['192.0.2.17'] },
        { name: 'dal', probes: [probe] },
      ],
    };
    const policy = { probeIntervalSeconds: 9, failureThreshold: 4 };
    for (const name of ['east', 'west']) {
      const spec = specOf(name, centres, policy);
      expect(spec?.transit).toEqual(transit);
      expect(regionKind.spec.parse(spec)).toEqual(spec);
    }
  });

  it('does not ask what is announced only, nor what it has no question for', () => {
    const centres = [centre('tok', { state: 'Pending' }), centre('dal', { probes: [] })];
    expect(specOf('east', centres)).not.toHaveProperty('transit');
    expect(specOf('east', [...centres, centre('ash')])?.transit?.centres.map(({ name }) => name)).toEqual(['ash']);
  });
});
