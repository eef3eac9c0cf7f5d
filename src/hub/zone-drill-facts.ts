import { isoTime } from '../api/common.ts';
import type { IUGroup } from '../api/iu-group.ts';
import type { PlannedService, RegionSwitch } from '../api/region-switch.ts';
import type { Emptiness, RegionalService } from '../api/regional-service.ts';
import { findObstacle } from '../decide/drill-obstacle.ts';
import { ageOf, isUnderWay, isZoneDrill, missingServices, namesTenants, stopOf } from '../decide/manual-switch.ts';
import { NO_TENANTS } from '../decide/tenant-scope.ts';
import { advanceZoneDrill, beginZone, followZone, type ZoneProgress, type ZoneSight } from '../decide/zone-drill.ts';
import { answerForZone, isRedundant, runsIn, type ZoneQuestion } from '../decide/zone-drill-guards.ts';
import { keyOf } from '../kube/object.ts';
import { type ZoneDrillFacts, zoneProgressOf } from '../report/zone-drill.ts';
import type { HubContext } from './context.ts';
import { isHubSuspect } from './diagnose.ts';
import { fencedServices } from './instance-view.ts';
import { obstacleOf } from './manual-record.ts';
import { listOf, unitOf } from './region-link.ts';
import { regionsOfGroup } from './region-links.ts';

export const uidOf = ({ metadata }: RegionSwitch): string => metadata.uid ?? metadata.name;
export const startOf = ({ status }: RegionSwitch, now: number): number => Date.parse(status?.startTime ?? '') || now;
export const abortAfterMs = ({ spec }: RegionSwitch): number => (spec.drill?.abortAfterSeconds ?? 0) * 1000;

/** Long enough for the last one to begin and to be out, and for the stay; a function of what is written. */
export function untilOf(object: RegionSwitch, now: number): number {
  const { drill, expiresAt } = object.spec;
  const longest = startOf(object, now) + 2 * abortAfterMs(object) + (drill?.staySeconds ?? 0) * 1000;
  return expiresAt === undefined ? longest : Math.min(longest, Date.parse(expiresAt));
}

/**
 * Where a drill of a zone stands now, and what it begins. Undefined while not enough is known to say anything.
 *
 * @param record what this leadership has begun (undefined: it has not looked yet), and what is left of the stay
 */
export function lookAtZoneDrill(
  context: HubContext,
  object: RegionSwitch,
  { known, stayLeftMs }: { readonly known: readonly ZoneProgress[] | undefined; readonly stayLeftMs: number },
  now: number,
): ZoneDrillFacts | undefined {
  const group = context.groups.store.get(object.spec.iuGroupRef.name);
  const refusal = zoneRefusal(context, object);
  if (!group || refusal) return { begun: [], plan: undefined, drill: undefined, refusal };
  const standing = context.standings.get(group.metadata.name);
  if (!context.switches.reflector.fresh || !standing || (namesTenants(object, now) && !standing.scopes))
    return undefined;
  if (!known && isPartlyListed(object) && isUnread(context, object) && now < untilOf(object, now)) return undefined;
  const before = begunOf(context, object, known, now);
  const taken = before.map((each) => followZone(each, sightOf(context, object, each.name), now));
  // Only on the way out anything begins: then all services are looked at.
  const isAway = (object.status?.drill?.phase ?? 'Away') === 'Away';
  const plan = isAway ? planOf(context, object, group, taken, now) : undefined;
  const mayBegin = object.status?.startTime !== undefined && !stopOf(object, now);
  const begins = mayBegin ? (plan ?? []).filter(({ verdict }) => verdict === 'Empties') : [];
  const drill = advance(context, object, group, { begun: taken, plan, now, stayLeftMs });
  // What goes home begins nothing more.
  const begun = drill?.phase === 'Away' ? [...taken, ...begins.map(({ name }) => beginZone(name, now))] : taken;
  return { begun, plan, drill, refusal: undefined };
}

function advance(
  context: HubContext,
  object: RegionSwitch,
  group: IUGroup,
  {
    begun,
    plan,
    ...time
  }: Pick<ZoneDrillFacts, 'begun' | 'plan'> & { readonly now: number; readonly stayLeftMs: number },
): ZoneDrillFacts['drill'] {
  const { drill, region = '' } = object.spec;
  if (!drill) return undefined;
  const { diagnoses, links } = context;
  const { now } = time;
  const picture = {
    settings: drill,
    region,
    zone: drill.zone ?? '',
    before: object.status?.drill,
    ...time,
    until: untilOf(object, now),
    startedAt: startOf(object, now),
    stop: stopOf(object, now),
    begun,
    waiting: plan,
    left: begun.filter(({ name }) => isLeft(sightOf(context, object, name))).length,
    regions: new Map(regionsOfGroup(links, group).map((name) => [name, diagnoses.get(name)])),
    hubIsolated: isHubSuspect(context, group),
    otherSwitch: begun.length === 0 ? undefined : otherSwitch(context, object, now),
  };
  return advanceZoneDrill(picture, isoTime);
}

/** What this leadership knows, or the one before wrote; and what no list had a place for, as the orders show it. */
function begunOf(
  context: HubContext,
  object: RegionSwitch,
  known: readonly ZoneProgress[] | undefined,
  now: number,
): readonly ZoneProgress[] {
  const listed = known ?? (object.status?.emptied ?? []).map(zoneProgressOf);
  const names = new Set(listed.map(({ name }) => name));
  const keys = context.instances.store.byIndex('group', object.spec.iuGroupRef.name).map(keyOf);
  const unlisted = keys.flatMap((name) => {
    const kept = orderIn(context, object, name)?.spec.keptEmpty;
    if (names.has(name) || kept?.regionSwitch !== object.metadata.name) return [];
    // Its order tells when it began: so it is given the same time again.
    return [{ ...beginZone(name, now), beganAt: Date.parse(kept.until) - kept.seconds * 1000 }];
  });
  return [...listed, ...unlisted];
}

/** The list had no place for all: only the orders of the region tell of the rest. */
const isPartlyListed = ({ status }: RegionSwitch): boolean =>
  (status?.servicesTotal ?? 0) > (status?.emptied?.length ?? 0);

/** One that is lost is not waited for: it gives the zone back by itself. */
const isUnread = ({ diagnoses, links }: HubContext, { spec: { region = '' } }: RegionSwitch): boolean =>
  !links.get(region)?.synced && diagnoses.get(region)?.state !== 'Lost';

const orderIn = ({ links }: HubContext, { spec }: RegionSwitch, name: string): RegionalService | undefined =>
  links.get(spec.region ?? '')?.services.store.get(name);

/** Undefined while the region cannot be read. */
function sightOf(context: HubContext, object: RegionSwitch, name: string): ZoneSight | undefined {
  const { assignments, diagnoses, links } = context;
  const region = object.spec.region ?? '';
  if (!links.get(region)?.synced || diagnoses.get(region)?.state !== 'Healthy') return undefined;
  const order = orderIn(context, object, name);
  return {
    isActiveHere: runsIn({ region, order, assignment: assignments.get(name) }),
    isOrdered: order?.spec.keptEmpty?.regionSwitch === object.metadata.name,
    said: saidOf(order?.status?.keptEmpty, object.metadata.name),
    isRedundant: order !== undefined && isRedundant(order),
  };
}

const MOST_MS = 2_000_000_000;

/** What a region says is untrusted: a status must not be refused for it. */
function saidOf(said: Emptiness | undefined, name: string): Emptiness | undefined {
  if (said?.regionSwitch !== name) return undefined;
  const ms = Math.trunc(Math.min(MOST_MS, Math.max(0, Number(said.notServingMilliseconds) || 0)));
  return { ...said, message: String(said.message).slice(0, 512), notServingMilliseconds: ms };
}

const isLeft = (sight: ZoneSight | undefined): boolean =>
  sight === undefined || (sight.isActiveHere && (sight.isOrdered || sight.said !== undefined));

/** What it makes of every service that it has not begun with. */
function planOf(
  context: HubContext,
  object: RegionSwitch,
  group: IUGroup,
  begun: readonly ZoneProgress[],
  now: number,
): PlannedService[] {
  const { assignments, instances, standings } = context;
  const { drill, region = '', services, tenants } = object.spec;
  const { name } = group.metadata;
  const known = new Set(begun.map((each) => each.name));
  const asked = tenants && (standings.get(name)?.scopes?.get(object.metadata.name) ?? NO_TENANTS);
  const scope = { services: services && new Set(services), tenants: asked };
  const obstacle = obstacleTo(context, object, group, now);
  const answers = instances.store.byIndex('group', name).flatMap((instance) => {
    const key = keyOf(instance);
    if (known.has(key)) return [];
    const [assignment, order] = [assignments.get(key), orderIn(context, object, key)];
    const { abortAfterSeconds: mostSeconds = 0, zone = '' } = drill ?? {};
    return answerForZone({ name: key, region, zone, scope, assignment, order, mostSeconds, obstacle }) ?? [];
  });
  const exists = (key: string): boolean => instances.store.get(key)?.spec.iuGroupRef.name === name;
  return [...missingServices(scope, name, exists), ...answers];
}

/** What it must not overlap with. Of two zone drills that wait for each other the older one goes first. */
function obstacleTo(context: HubContext, object: RegionSwitch, group: IUGroup, now: number): ZoneQuestion['obstacle'] {
  const { diagnoses, links, standings, switches } = context;
  const { name } = group.metadata;
  const message = findObstacle({
    group: name,
    switches: switches.store.list().filter((other) => !isBehind(other, object)),
    standing: standings.get(name),
    regions: new Map(regionsOfGroup(links, group).map((each) => [each, diagnoses.get(each)?.state ?? 'Unknown'])),
    hubIsolated: isHubSuspect(context, group),
    fenced: fencedServices(context, group),
    now,
  });
  return message === undefined ? zoneObstacle(context, object, group) : { reason: 'SwitchInProgress', message };
}

/** Also of a zone of which its region has said nothing. */
function zoneObstacle({ links }: HubContext, { spec }: RegionSwitch, group: IUGroup): ZoneQuestion['obstacle'] {
  const { region = '' } = spec;
  const seen = listOf(links.get(region)?.regions.store.get(region)?.status?.zones);
  const stateIn = (zone: string): string => seen.find((entry) => entry.zone === zone)?.state ?? 'not reported yet';
  const bad = unitOf(group, region)?.zones.find((zone) => stateIn(zone) !== 'Healthy');
  return bad === undefined
    ? undefined
    : { reason: 'ZoneLost', message: `zone ${bad} of region ${region} is ${stateIn(bad).slice(0, 40)}` };
}

function otherSwitch({ switches }: HubContext, object: RegionSwitch, now: number): string | undefined {
  const other = switches.store.list().find((each) => {
    const isOfGroup = each.spec.iuGroupRef.name === object.spec.iuGroupRef.name;
    return isOfGroup && !isBehind(each, object) && each.spec.drill?.kind !== 'Plan' && isUnderWay(each, now);
  });
  return other?.metadata.name;
}

/** The drill itself, and a younger drill of a zone that has begun with nothing: that one waits for this one. */
const isBehind = (other: RegionSwitch, object: RegionSwitch): boolean =>
  uidOf(other) === uidOf(object) ||
  (isZoneDrill(other) && (other.status?.emptied?.length ?? 0) === 0 && ageOf(other) > ageOf(object));

/** Why it will never begin. */
function zoneRefusal(context: HubContext, object: RegionSwitch): ZoneDrillFacts['refusal'] {
  const obstacle = obstacleOf(context, object);
  const { drill, iuGroupRef, region = '' } = object.spec;
  const group = context.groups.store.get(iuGroupRef.name);
  if (obstacle || !group) return obstacle;
  const { zones = [] } = unitOf(group, region) ?? {};
  if (drill?.zone !== undefined && zones.includes(drill.zone)) return undefined;
  const message = `region ${region} has the zones ${zones.join(', ')}, and not ${drill?.zone}: make another RegionSwitch`;
  return { reason: 'ZoneNotInRegion', message };
}
