import type { RegionSwitch } from '../api/region-switch.ts';
import type { RegionState } from './diagnosis.ts';
import type { AssignedService } from './instance-view.ts';
import { isUnderWay, type Standing } from './manual-switch.ts';

export interface Stage {
  readonly group: string;
  readonly switches: readonly RegionSwitch[];
  readonly standing: Standing | undefined;
  /** All regions of the group. */
  readonly regions: ReadonlyMap<string, RegionState>;
  readonly hubIsolated: boolean;
  /** Services that are active in one region at a time. */
  readonly fenced: readonly AssignedService[];
  readonly now: number;
}

/** What a drill of the calendar would overlap with, or could not be done beside; undefined: nothing. */
export function findObstacle({
  fenced,
  group,
  hubIsolated,
  now,
  regions,
  standing,
  switches,
}: Stage): string | undefined {
  if (!standing) return 'the RegionSwitches are not read yet, and one of them may be a freeze';
  if (hubIsolated) return 'most regions look dead at once, and the hub suspects itself';
  const unwell = [...regions].find(([, state]) => state !== 'Healthy');
  if (unwell) return `region ${unwell[0]} is ${unwell[1]}`;
  const [freeze] = standing.freezes;
  if (freeze) return `RegionSwitch ${freeze.name} freezes what moves by itself until ${freeze.until}`;
  const [keeper] = standing.keptEmpty;
  if (keeper) return `RegionSwitch ${keeper.name} keeps region ${keeper.region} empty`;
  const open = switches.find((object) => object.spec.iuGroupRef.name === group && isUnderWay(object, now));
  if (open) return `RegionSwitch ${open.metadata.name} is not over`;
  const isMoving = fenced.some(({ assignment, grantedEpoch }) => grantedEpoch < assignment.epoch);
  return isMoving ? 'a service is being moved' : undefined;
}
