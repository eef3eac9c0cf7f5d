import type { IUGroup } from '../api/iu-group.ts';
import type { PathStatus, TransitPath } from '../api/transit-centre.ts';
import { stateFor } from '../decide/diagnosis.ts';
import type { LostPaths } from '../decide/impact/facts-of.ts';
import type { PresentState } from '../decide/impact/present.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import { listOf } from './region-link.ts';

const isLost = (path: PathStatus | undefined): boolean => path?.state === 'Lost';

function centresOf({ status }: IUGroup): PresentState['centres'] {
  return (status?.transitCentres ?? []).flatMap(({ ingress, mpls, name, voice }) => {
    const paths: TransitPath[] = [
      ...(isLost(voice) ? ['Voice' as const] : []),
      ...(isLost(mpls) ? ['Mpls' as const] : []),
    ];
    const hasMoved = ingress !== undefined && ingress.servedBy !== name;
    return paths.length > 0 ? [{ centre: name, paths, hasMoved }] : [];
  });
}

/** What has failed in a group now. A region that is lost tells nothing of its zones. */
export function presentState(context: HubContext, group: IUGroup): PresentState {
  const regions: string[] = [];
  const zones: { region: string; zone: string }[] = [];
  for (const { region } of group.spec.infrastructureUnits) {
    const diagnosis = context.diagnoses.get(region);
    // What runs in a region that only the hub cannot see, runs on: nobody feels that.
    if (diagnosis && stateFor(diagnosis, true) === 'Lost') regions.push(region);
    else {
      const seen = listOf(context.links.get(region)?.regions.store.get(region)?.status?.zones);
      zones.push(...seen.filter(({ state }) => state === 'Lost').map(({ zone }) => ({ region, zone })));
    }
  }
  return { regions: regions.sort(), zones, centres: centresOf(group) };
}

export const lostPaths = ({ centres }: PresentState): ReadonlyMap<string, LostPaths> =>
  new Map(
    centres.map(({ centre, paths }) => [centre, { voice: paths.includes('Voice'), mpls: paths.includes('Mpls') }]),
  );

/** Notes what has failed; tenants are told when that changes, behind what moves because of it. */
export function noteFailures(context: HubContext, group: IUGroup): void {
  const { name } = group.metadata;
  // A hub that suspects itself knows nothing new: what was found before stands.
  if (!context.assignments.loaded || isHubSuspect(context, group)) return;
  const next = presentState(context, group);
  const before = context.failures.get(name);
  context.failures.set(name, next);
  if (before === undefined || JSON.stringify(before) !== JSON.stringify(next)) context.lookAgain.tenants(name);
}
