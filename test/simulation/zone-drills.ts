import { API_VERSION } from '../../src/api/common.ts';
import { LABELS } from '../../src/api/labels.ts';
import { regionSwitch } from '../../src/api/region-switch.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import { SERVICE } from '../../src/kube/kinds.ts';
import { GROUP, HUB, type RegionName } from './catalogue.ts';
import type { DirectedHistory, Stage } from './directed.ts';

/** Drills of a zone. `trunk` is an A-B pair here: active in east, in both zones of it. */

const DRILL = 'rehearse';
const PAIRS = ['trunk'];
/** The drill is over by itself after at most so long: twice 15 s to be out, and the stay. */
const OVER_MS = 60_000;

/** The zone in which the slot stands that serves. */
function servingZone({ world }: Stage, service: string, region: RegionName): string {
  const selector = world
    .kind(region, SERVICE)
    .list()
    .map(({ spec }) => spec?.selector ?? {})
    .find((each) => each[LABELS.service] === service && each[LABELS.pair] === '0');
  const pod = running(world, region, service).find(({ labels }) => labels[LABELS.slot] === selector?.[LABELS.slot]);
  return pod?.zone ?? `${region}-a`;
}

const running = (world: Stage['world'], region: RegionName, service: string) =>
  (world.regions.get(region)?.cluster.running() ?? []).filter(({ labels }) => labels[LABELS.service] === service);

const kindOf = ({ world }: Stage) => world.kind(HUB, RESOURCES.regionSwitch);

function rehearse(stage: Stage, region: RegionName, zone: string, staySeconds = 20): void {
  const drill = { kind: 'Zone', zone, staySeconds, abortAfterSeconds: 15 };
  const spec = { iuGroupRef: { name: GROUP }, type: 'Drill', region, drill, reason: 'a rehearsal' };
  stage.world.transcript.note('user', `keeps zone ${zone} empty`);
  kindOf(stage).create({
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name: DRILL },
    spec: regionSwitch.spec.parse(spec),
  });
}

/** Assignments, grants and confirmations: what the safety protocol is made of. */
function protocolOf({ world }: Stage): string {
  const instances = world.kind(HUB, RESOURCES.serviceInstance).list();
  const said = [...world.regions.keys()].flatMap((region) =>
    world
      .kind(region, RESOURCES.regionalService)
      .list()
      .map(({ metadata, spec, status }) => [
        region,
        metadata.name,
        spec.epoch,
        spec.role,
        spec.successors,
        status?.grantedEpoch,
        status?.standbyEpoch,
      ]),
  );
  return JSON.stringify([instances.map(({ metadata, status }) => [metadata.name, status?.assignment]), said]);
}

/** A violation when the pair has neither slot in its region at any time from now on; a gap between them is part of it. */
function neverWithoutBoth(stage: Stage, region: RegionName, untilMs: number): void {
  for (let ms = 0; ms < untilMs; ms += 50)
    stage.after(ms, () => {
      if (running(stage.world, region, 'trunk').length > 0) return;
      stage.observer.report('NoHarm', `neither slot of trunk runs in ${region}`);
    });
}

function mustEnd(stage: Stage, atMs: number, result: string): void {
  stage.at(atMs, () => {
    const { drill } = kindOf(stage).get(DRILL)?.status ?? {};
    if (drill?.result !== result)
      stage.observer.report('NoHarm', `the drill has come to ${drill?.phase} ${drill?.result}: ${drill?.message}`);
  });
}

export const ZONE_DRILLS: readonly DirectedHistory[] = [
  {
    name: 'zoneDrill',
    what: 'the zone of the slot that serves is kept empty and fills again: the safety protocol sees nothing of it',
    pairs: PAIRS,
    arrange(stage) {
      stage.at(0, () => {
        const zone = servingZone(stage, 'trunk', 'east');
        const before = protocolOf(stage);
        neverWithoutBoth(stage, 'east', OVER_MS);
        rehearse(stage, 'east', zone);
        stage.at(15_000, () => {
          const left = running(stage.world, 'east', 'trunk').filter((pod) => pod.zone === zone);
          if (left.length > 0) stage.observer.report('NoHarm', `trunk runs in ${zone}, which is to be empty`);
          if (servingZone(stage, 'trunk', 'east') === zone) stage.observer.report('NoHarm', `${zone} serves still`);
        });
        stage.at(OVER_MS, () => {
          const zones = running(stage.world, 'east', 'trunk').map((pod) => pod.zone);
          if (new Set(zones).size < 2)
            stage.observer.report('NoHarm', `trunk stands in ${zones.join()} after the drill`);
          if (protocolOf(stage) !== before) stage.observer.report('NoMove', 'the drill has changed the protocol');
        });
      });
      mustEnd(stage, OVER_MS, 'Passed');
    },
  },
  {
    name: 'zoneDrillWithoutHub',
    what: 'the hubs die while a zone is kept empty: the region fills it at the time that its order names',
    pairs: PAIRS,
    failover: { failureThresholdSeconds: 30 },
    arrange(stage) {
      stage.at(0, () => {
        const zone = servingZone(stage, 'trunk', 'east');
        neverWithoutBoth(stage, 'east', OVER_MS);
        rehearse(stage, 'east', zone);
        stage.at(15_000, () => {
          const left = running(stage.world, 'east', 'trunk').filter((pod) => pod.zone === zone);
          if (left.length > 0) stage.observer.report('NoHarm', `trunk runs in ${zone}, which is to be empty`);
          for (const id of stage.agentsOf(HUB)) stage.crash(id);
        });
        stage.at(OVER_MS, () => {
          const zones = running(stage.world, 'east', 'trunk').map((pod) => pod.zone);
          if (!zones.includes(zone)) stage.observer.report('NoHarm', `trunk stands in ${zones.join()}, not in ${zone}`);
        });
      });
    },
  },
  {
    name: 'zoneDrillRegionLost',
    what: 'the region is lost while a zone of it is kept empty: the failover goes on as ever, and the drill is aborted',
    pairs: PAIRS,
    arrange(stage) {
      stage.at(0, () => rehearse(stage, 'east', servingZone(stage, 'trunk', 'east')));
      stage.at(15_000, () => {
        stage.isolate('east');
        stage.losePower('east', 60_000);
      });
      stage.mustRun('trunk', 'west', 75_000);
      mustEnd(stage, 75_000, 'Aborted');
    },
  },
  {
    name: 'zoneDrillOtherZoneLost',
    what: 'the zone that is left is lost while the other is kept empty, and no hub can say anything: the region fills that one',
    pairs: PAIRS,
    arrange(stage) {
      stage.at(0, () => {
        const zone = servingZone(stage, 'trunk', 'east');
        const other = zone === 'east-a' ? 'east-b' : 'east-a';
        rehearse(stage, 'east', zone, 60);
        stage.neverMoves('trunk', 'east', 80_000);
        stage.at(15_000, () => {
          // Its peers see it live: nothing moves.
          stage.cut(HUB, 'east');
          stage.world.regions.get('east')?.cluster.losePower({ zone: other });
        });
        stage.at(60_000, () => {
          const zones = running(stage.world, 'east', 'trunk').map((pod) => pod.zone);
          if (!zones.includes(zone)) stage.observer.report('NoHarm', `trunk stands in ${zones.join()}, not in ${zone}`);
          stage.world.regions.get('east')?.cluster.restorePower({ zone: other });
        });
      });
    },
  },
];
