import type { ZoneRehearsal } from '../api/drill-schedule.ts';
import type { RegionSwitch } from '../api/region-switch.ts';

/** The zones that each region of a group has. */
type Zones = ReadonlyMap<string, readonly string[]>;

const placeOf = ({ region, zone }: Pick<ZoneRehearsal, 'region' | 'zone'>): string => `${region} ${zone}`;

/** What an ended drill of a zone says of it. */
function attemptOf({ metadata, spec, status }: RegionSwitch): ZoneRehearsal[] {
  const { drill, region } = spec;
  const result = status?.drill?.result;
  if (drill?.kind !== 'Zone' || drill.zone === undefined || region === undefined) return [];
  if (status?.endTime === undefined || result === undefined) return [];
  const [at, by] = [status.endTime, metadata.name];
  const proved = result === 'Passed' ? { provedTime: at, provedBy: by } : {};
  return [{ region, zone: drill.zone, lastTime: at, lastResult: result, lastBy: by, ...proved }];
}

function later(before: ZoneRehearsal | undefined, attempt: ZoneRehearsal): ZoneRehearsal {
  if (!before) return attempt;
  const { provedBy: _, provedTime: __, ...last } = attempt.lastTime > before.lastTime ? attempt : before;
  const [one, other] = [before, attempt].toSorted((x, y) => ((x.provedTime ?? '') < (y.provedTime ?? '') ? 1 : -1));
  const { provedBy, provedTime } = one ?? other ?? before;
  return provedBy === undefined || provedTime === undefined ? last : { ...last, provedTime, provedBy };
}

/** When each zone was last proved. What is known stays known when the RegionSwitch is deleted. */
export function collectZoneRehearsals(
  before: readonly ZoneRehearsal[],
  switches: readonly RegionSwitch[],
  zones: Zones,
): ZoneRehearsal[] {
  const known = new Map(before.map((entry) => [placeOf(entry), entry]));
  for (const attempt of switches.flatMap(attemptOf))
    known.set(placeOf(attempt), later(known.get(placeOf(attempt)), attempt));
  return [...known.values()]
    .filter(({ region, zone }) => zones.get(region)?.includes(zone))
    .sort((x, y) => (placeOf(x) < placeOf(y) ? -1 : 1));
}
