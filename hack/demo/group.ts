import type { IUGroup } from '../../src/api/iu-group.ts';
import type { Stage } from './stage.ts';

/** The one IU group of the demo. @throws before it was applied */
export function groupOf({ picture }: Pick<Stage, 'picture'>): IUGroup {
  const [group] = picture.groups.store.list();
  if (!group) throw new Error('there is no IU group');
  return group;
}

/** The diagnosis of the hub. */
export const stateOf = ({ picture }: Pick<Stage, 'picture'>, region: string): string =>
  picture.groups.store
    .list()
    .flatMap(({ status }) => status?.regions ?? [])
    .find((entry) => entry.region === region)?.state ?? 'Unknown';
