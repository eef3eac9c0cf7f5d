import type { IUGroup } from '../../src/api/iu-group.ts';
import type { Stage } from './stage.ts';

/** The one IU group of the demo. @throws before it was applied */
export function groupOf({ picture }: Pick<Stage, 'picture'>): IUGroup {
  const [group] = picture.groups.store.list();
  if (!group) throw new Error('there is no IU group');
  return group;
}

const diagnosisOf = ({ picture }: Pick<Stage, 'picture'>, region: string) =>
  picture.groups.store
    .list()
    .flatMap(({ status }) => status?.regions ?? [])
    .find((entry) => entry.region === region);

/** The diagnosis of the hub. */
export const stateOf = (stage: Pick<Stage, 'picture'>, region: string): string =>
  diagnosisOf(stage, region)?.state ?? 'Unknown';

/** Whether the region answers and beats: from then on it counts how long it has been well, also while it is recovering. */
export function isWell(stage: Pick<Stage, 'picture'>, region: string): boolean {
  const { reason = '', state } = diagnosisOf(stage, region) ?? {};
  return state === 'Healthy' || ['Recovering', 'ZoneLost', 'RegionSick', 'Flapping'].includes(reason);
}
