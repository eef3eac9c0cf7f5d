import type { IUGroup } from '../api/iu-group.ts';
import { collectRehearsals, judgeRehearsals, lastProved } from '../decide/rehearsal.ts';
import { collectZoneRehearsals } from '../decide/zone-rehearsal.ts';
import type { GroupFacts } from '../report/group.ts';
import type { HubContext } from './context.ts';

type Rehearsed = Pick<GroupFacts, 'rehearsals' | 'rehearsed' | 'zoneRehearsals'>;

/** When each switch between two regions of a group was last proved, and whether that is young enough. */
export function rehearse(context: HubContext, group: IUGroup): Rehearsed {
  const { classes, clock, instances, switches } = context;
  const { name } = group.metadata;
  if (![classes, instances, switches].every(({ reflector }) => reflector.synced)) return keptFrom(group);
  const ofGroup = switches.store.list().filter(({ spec }) => spec.iuGroupRef.name === name);
  const units = group.spec.infrastructureUnits.map(({ region }) => region);
  const rehearsals = collectRehearsals(group.status?.rehearsals ?? [], ofGroup, units);
  const proofs = lastProved(rehearsals, regionsToLeave(context, group));
  for (const region of units) {
    const time = proofs.get(region)?.provedTime;
    const seconds = time === undefined ? 0 : Date.parse(time) / 1000;
    context.onProved?.(name, region, proofs.has(region) ? seconds : undefined);
  }
  const { rehearsal } = group.spec;
  const rehearsed = rehearsal && judgeRehearsals(proofs, rehearsal.maxAgeDays, clock.now().wallMs);
  const zones = new Map(group.spec.infrastructureUnits.map((unit) => [unit.region, unit.zones]));
  const zoneRehearsals = collectZoneRehearsals(group.status?.zoneRehearsals ?? [], ofGroup, zones);
  return { rehearsals, rehearsed, zoneRehearsals };
}

/** A hub that does not know yet takes nothing back. */
function keptFrom({ status }: IUGroup): Rehearsed {
  return {
    rehearsals: undefined,
    zoneRehearsals: undefined,
    rehearsed: status?.conditions?.find(({ type }) => type === 'Rehearsed'),
  };
}

/** Regions with a service at home there that would have to go elsewhere. */
function regionsToLeave({ classes, instances }: HubContext, group: IUGroup): string[] {
  const mobile = instances.store.byIndex('group', group.metadata.name).filter(({ spec, status }) => {
    const mode = status?.assignment?.mode ?? classes.store.get(spec.serviceClassRef.name)?.spec.crossRegion.mode;
    return mode === 'Backup' && spec.secondaryRegions.length > 0;
  });
  const homes = new Set(mobile.map(({ spec }) => spec.primaryRegion));
  return group.spec.infrastructureUnits.map(({ region }) => region).filter((region) => homes.has(region));
}
