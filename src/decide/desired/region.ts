import { API_VERSION } from '../../api/common.ts';
import type { IUGroup } from '../../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { Region } from '../../api/region.ts';
import type { TransitOrders } from '../../api/transit-link.ts';
import { labelValue } from '../name.ts';

/** What a region is told of itself; undefined when the group does not have it. */
export function computeRegion(group: Pick<IUGroup, 'metadata' | 'spec'>, region: string): Region | undefined {
  const unit = group.spec.infrastructureUnits.find((u) => u.region === region);
  if (!unit) return undefined;
  const { geography, country, zones } = unit;
  return {
    apiVersion: API_VERSION,
    kind: 'Region',
    metadata: {
      name: region,
      labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.iuGroup]: labelValue(group.metadata.name) },
    },
    spec: {
      iuGroup: group.metadata.name,
      infrastructureUnit: unit.name,
      geography,
      country,
      zones,
      timings: group.spec.timings,
      ...ordersOf(group.spec.transit),
    },
  };
}

/**
 * Every region asks every centre, also those that it does not use: that a centre is lost to one region only is seen by
 * comparison. What is announced only is not asked: it may not be there yet.
 */
function ordersOf(transit: IUGroup['spec']['transit']): { readonly transit?: TransitOrders } {
  const centres = (transit?.centres ?? [])
    .filter(({ probes, state }) => state === 'Active' && probes.length > 0)
    .map(({ asksFrom, name, probes }) => ({ name, probes, ...(asksFrom ? { asksFrom } : {}) }));
  if (!transit || centres.length === 0) return {};
  const { failureThreshold, probeIntervalSeconds, recoveryThreshold } = transit.policy;
  return { transit: { intervalSeconds: probeIntervalSeconds, failureThreshold, recoveryThreshold, centres } };
}
