import type { ZoneRehearsal } from '../api/drill-schedule.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { knownAfter } from './rehearsal.ts';

/** The zones that each region of a group has. */
type Zones = ReadonlyMap<string, readonly string[]>;

const placeOf = ({ region, zone }: Pick<ZoneRehearsal, 'region' | 'zone'>): string => `${region} ${zone}`;

/** What an ended drill of a zone says of it. */
function attemptOf({ metadata, spec, status }: RegionSwitch) {
  const { drill, region } = spec;
  const result = status?.drill?.result;
  if (drill?.kind !== 'Zone' || drill.zone === undefined || region === undefined) return [];
  if (status?.endTime === undefined || result === undefined) return [];
  return [{ region, zone: drill.zone, at: status.endTime, by: metadata.name, result }];
}

/** When each zone was last proved. What is known stays known when the RegionSwitch is deleted. */
export function collectZoneRehearsals(
  before: readonly ZoneRehearsal[],
  switches: readonly RegionSwitch[],
  zones: Zones,
): ZoneRehearsal[] {
  const known = new Map(before.map((entry) => [placeOf(entry), entry]));
  for (const attempt of switches.flatMap(attemptOf)) {
    const { region, zone } = attempt;
    known.set(placeOf(attempt), { region, zone, ...knownAfter(known.get(placeOf(attempt)), attempt) });
  }
  return [...known.values()]
    .filter(({ region, zone }) => zones.get(region)?.includes(zone))
    .sort((x, y) => (placeOf(x) < placeOf(y) ? -1 : 1));
}
