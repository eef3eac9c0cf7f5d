import { API_VERSION } from '../../api/common.ts';
import type { IUGroup } from '../../api/iu-group.ts';
import { LABELS, MANAGED_BY } from '../../api/labels.ts';
import type { Region } from '../../api/region.ts';
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
    },
  };
}
