import { isoTime } from '../../src/api/common.ts';
import { mergeConditions } from '../../src/api/conditions.ts';
import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { Emptiness, KeptEmpty, RegionalService } from '../../src/api/regional-service.ts';
import { computeChildren } from '../../src/decide/desired/children.ts';
import type { Diagnosis } from '../../src/decide/diagnosis.ts';
import type { PodFact } from '../../src/decide/facts.ts';
import { decideEmptying, idlePart } from '../../src/decide/kept-empty.ts';
import { layoutComponent } from '../../src/decide/layout.ts';
import { stopOf } from '../../src/decide/manual-switch.ts';
import { computeRedundancy } from '../../src/decide/redundancy.ts';
import { chooseSlot, type Slot } from '../../src/decide/slot.ts';
import { advanceZoneDrill, beginZone, followZone, type ZoneProgress } from '../../src/decide/zone-drill.ts';
import { answerForZone, isRedundant, runsIn } from '../../src/decide/zone-drill-guards.ts';
import { regionalConditions } from '../../src/report/regional.ts';
import { zoneDrillReport } from '../../src/report/zone-drill.ts';
import { aComponent, anAssignment, anOrder, aSwitch, nodesIn } from '../support/objects.ts';

const BEGIN_MS = Date.UTC(2026, 0, 1);
const [STARTS_S, STOPS_S] = [2, 2];
const WELL = { state: 'Healthy', reason: 'RegionHealthy' } as const;
const SLOT_POLICY = { fencedByAgent: true, nodeLostAfterMs: 2000, crashedAfterMs: 10_000, settledAfterMs: 1000 };

/** An instance, with the place that its workload has for it. */
interface Body {
  readonly zone: string;
  readonly slot: Slot | undefined;
  readonly index: number;
  readonly bornS: number;
  readonly goneS: number | undefined;
}

interface Service {
  order: RegionalService;
  bodies: Body[];
  selected: Slot | undefined;
  told: Emptiness | undefined;
  firstSeenS: number;
  /** Seconds in which a pair of it served nobody since the drill began. */
  idleS: number;
  /** Zones in which what runs is not ready. */
  readonly sickIn: Set<string>;
  said: string;
}

/**
 * One region and a drill of one of its zones, second by second: what the hub orders, which instances the agent lets run, and
 * which slot serves. Everything is decided by the functions of `decide`; starts take two seconds, and stops too.
 */
export class ZoneStory {
  #zones: string[] = [];
  readonly #dark = new Map<string, number>();
  readonly #services = new Map<string, Service>();
  #drill: RegionSwitch | undefined;
  #begun: readonly ZoneProgress[] = [];
  #hubLives = true;
  #isLost = false;
  #nowS = 0;
  #saidOfDrill = '';
  #lines: string[] = [];

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    this.#lines = [];
    const words = line.split(/\s+/);
    const [first = '', second = '', third = ''] = words;
    const commands: Readonly<Record<string, () => void>> = {
      for: () => this.#run(Number(second)),
      zones: () => (this.#zones = words.slice(1)),
      service: () => this.#services.set(second, this.#newService(second, third)),
      drill: () => this.#begin(words.slice(1)),
      zone: () => this.#power(second, third === 'gets'),
      'the hub dies': () => (this.#hubLives = false),
      'the hub is back': () => (this.#hubLives = true),
      'the region is lost': () => (this.#isLost = true),
    };
    const command = commands[line] ?? commands[first];
    const sickIn = this.#services.get(first)?.sickIn;
    if (command) command();
    else if (sickIn) sickIn[words[2] === 'not' ? 'add' : 'delete'](words.at(-1) ?? '');
    else throw new Error(`the story says nothing of "${line}"`);
    return this.#lines;
  }

  #run(seconds: number): void {
    for (let left = seconds; left > 0; left--, this.#nowS++) this.#step();
  }

  #say(who: string, what: string): void {
    this.#lines.push(`${String(this.#nowS).padStart(4)} s  ${`${who}:`.padEnd(8)}${what}`);
  }

  get #nowMs(): number {
    return BEGIN_MS + this.#nowS * 1000;
  }

  #newService(name: string, pattern: string): Service {
    const wanted = aComponent(pattern === 'N+1' ? { pattern, minInstances: 2 } : { pattern });
    const layout = layoutComponent(wanted, { agents: 10, zones: this.#zones });
    if (!layout.ok) throw new Error(layout.message);
    const order = anOrder(name, [layout.order], { activeRegion: 'east', successors: ['west'] });
    return {
      order: { ...order, metadata: { ...order.metadata, generation: 1 } },
      bodies: [],
      selected: undefined,
      told: undefined,
      firstSeenS: 0,
      idleS: 0,
      sickIn: new Set(),
      said: '',
    };
  }

  /** `drill <zone> stay <seconds> s [abort <seconds> s] [objective <seconds> s]` */
  #begin([zone = '', ...words]: readonly string[]): void {
    const read = (key: string): number | undefined =>
      words.includes(key) ? Number(words[words.indexOf(key) + 1]) : undefined;
    const objectiveSeconds = read('objective');
    const drill = {
      kind: 'Zone',
      zone,
      staySeconds: read('stay') ?? 30,
      abortAfterSeconds: read('abort') ?? 20,
      ...(objectiveSeconds !== undefined && { objectiveSeconds }),
    };
    this.#drill = aSwitch('rehearse', { type: 'Drill', drill });
    this.#begun = [];
  }

  #power(zone: string, hasPower: boolean): void {
    if (hasPower) this.#dark.delete(zone);
    else this.#dark.set(zone, this.#nowS);
    // What ran there has ended, and comes back with its node.
    for (const service of this.#services.values())
      service.bodies = service.bodies.map((body) => (body.zone === zone ? { ...body, bornS: this.#nowS } : body));
  }

  #step(): void {
    if (this.#hubLives && this.#drill && !this.#drill.status?.endTime) this.#lead(this.#drill);
    for (const [name, service] of this.#services) this.#act(name, service);
  }

  #lead(drill: RegionSwitch): void {
    const now = this.#nowMs;
    const settings = drill.spec.drill;
    if (!settings) return;
    const zone = settings.zone ?? '';
    const taken = this.#isLost ? this.#begun : this.#begun.map((each) => followZone(each, this.#sight(each.name), now));
    const known = new Set(taken.map(({ name }) => name));
    const rest = [...this.#services].filter(([name]) => !known.has(name));
    const plan = rest.flatMap(([name, { order }]) => {
      const question = { name, region: 'east', zone, scope: { services: undefined }, order, obstacle: undefined };
      const mostSeconds = settings.abortAfterSeconds;
      return answerForZone({ ...question, assignment: anAssignment('1 east>west'), mostSeconds }) ?? [];
    });
    const startedAt = Date.parse(drill.status?.startTime ?? '') || now;
    const dark: Pick<Diagnosis, 'reason' | 'state'> = this.#dark.size > 0 ? { ...WELL, reason: 'ZoneLost' } : WELL;
    const next = advanceZoneDrill(
      {
        settings,
        region: 'east',
        zone,
        before: drill.status?.drill,
        now,
        stayLeftMs: Number.POSITIVE_INFINITY,
        until: this.#until(startedAt),
        startedAt,
        stop: stopOf(drill, now),
        begun: taken,
        waiting: plan,
        left: taken.filter(({ name }) => this.#sight(name).isOrdered || this.#sight(name).said).length,
        regions: new Map([['east', this.#isLost ? { state: 'Lost', reason: 'RegionLost' } : dark]]),
        hubIsolated: false,
        otherSwitch: undefined,
      },
      isoTime,
    );
    const mayBegin = next.phase === 'Away' && drill.status?.startTime !== undefined;
    const begins = mayBegin ? plan.filter(({ verdict }) => verdict === 'Empties') : [];
    this.#begun = [...taken, ...begins.map(({ name }) => beginZone(name, now))];
    const report = zoneDrillReport(drill, { begun: this.#begun, plan, drill: next, refusal: undefined }, now);
    const status = { observedGeneration: 1, ...drill.status, ...report.fields };
    this.#drill = { ...drill, status };
    const ready = report.conditions.find(({ type }) => type === 'Ready');
    const text = `${next.phase}: ${ready?.message}`;
    if (text !== this.#saidOfDrill) this.#say('hub', text);
    this.#saidOfDrill = text;
    this.#order(['Away', 'Staying'].includes(next.phase), startedAt);
  }

  #until(startedAt: number): number {
    const { abortAfterSeconds = 0, staySeconds = 0 } = this.#drill?.spec.drill ?? {};
    return startedAt + (2 * abortAfterSeconds + staySeconds) * 1000;
  }

  #order(isKept: boolean, startedAt: number): void {
    if (this.#isLost) return;
    const zone = this.#drill?.spec.drill?.zone ?? '';
    const until = this.#until(startedAt);
    for (const { beganAt, name } of this.#begun) {
      const service = this.#services.get(name);
      if (!service) continue;
      const seconds = Math.ceil((until - beganAt) / 1000);
      const kept: KeptEmpty = { zone, seconds, until: isoTime(until), regionSwitch: 'rehearse' };
      if ((service.order.spec.keptEmpty !== undefined) === isKept) continue;
      const { metadata, spec } = service.order;
      const { keptEmpty: _, ...others } = spec;
      const generation = (metadata.generation ?? 0) + 1;
      service.order = {
        ...service.order,
        metadata: { ...metadata, generation },
        spec: { ...others, ...(isKept && { keptEmpty: kept }) },
      };
    }
  }

  #sight(name: string) {
    const order = this.#services.get(name)?.order;
    const said = order?.status?.keptEmpty;
    return {
      isActiveHere: runsIn({ region: 'east', order, assignment: anAssignment('1 east>west') }),
      isOrdered: order?.spec.keptEmpty !== undefined,
      said,
      isRedundant: order !== undefined && isRedundant(order),
    };
  }

  /** What an agent does in one pass, and what the cluster has made of the last one. */
  #act(name: string, service: Service): void {
    service.bodies = service.bodies.filter(
      ({ goneS = this.#nowS + 1, zone }) => goneS > this.#nowS || this.#dark.has(zone),
    );
    const nodes = nodesIn(
      this.#zones,
      Object.fromEntries(
        [...this.#dark].map(([zone, sinceS]) => [zone, { ready: false, readinessAgeMs: (this.#nowS - sinceS) * 1000 }]),
      ),
    );
    const pods = service.bodies.map((body, i) => this.#podOf(service, body, i));
    const [component] = service.order.spec.components;
    if (!component) return;
    const selected = component.layout === 'Pairs' ? this.#select(name, service, pods, nodes) : undefined;
    const emptyZone = this.#empty(service, { component, pods, nodes, selected });
    const how = { running: true, gate: undefined, emptyZone };
    const { workloads } = computeChildren(service.order, {
      ...how,
      selected: new Map([['main', selected ? [selected] : []]]),
    });
    for (const { metadata, spec } of workloads) {
      const slot = metadata.labels['switchback.dev/slot'] as Slot | undefined;
      const [pair] = component.pairs ?? [];
      const zone = metadata.labels['switchback.dev/zone'] ?? (slot && pair ? pair[slot] : this.#zones[0]) ?? '';
      this.#scale(service, { slot, zone, replicas: spec.replicas });
    }
    this.#report(name, service, { component, pods, nodes });
  }

  #podOf({ sickIn }: Service, { bornS, goneS, slot, zone }: Body, index: number): PodFact {
    const ageS = this.#nowS - bornS - STARTS_S;
    return {
      name: `pod-${index}`,
      uid: `${index}`,
      component: 'main',
      ...(slot && { slot, pair: 0 }),
      node: `node-${zone}`,
      ready: ageS >= 0 && !sickIn.has(zone),
      readinessAgeMs: Math.max(0, ageS) * 1000,
      terminating: goneS !== undefined,
      ended: false,
      started: true,
      mayHaveServed: true,
    };
  }

  #select(name: string, service: Service, pods: readonly PodFact[], nodes: ReturnType<typeof nodesIn>): Slot {
    const decision = chooseSlot({ current: service.selected, pods, nodes, policy: SLOT_POLICY });
    if (decision.select !== service.selected) {
      const [pair] = service.order.spec.components[0]?.pairs ?? [];
      this.#say('agent', `${name} is served from zone ${pair?.[decision.select]}`);
    }
    service.selected = decision.select;
    return decision.select;
  }

  #empty(
    service: Service,
    {
      component,
      nodes,
      pods,
      selected,
    }: {
      component: RegionalService['spec']['components'][0];
      pods: PodFact[];
      nodes: ReturnType<typeof nodesIn>;
      selected: Slot | undefined;
    },
  ): string | undefined {
    const { keptEmpty } = service.order.spec;
    if (!keptEmpty) {
      service.told = undefined;
      return undefined;
    }
    if (!service.told) service.firstSeenS = this.#nowS;
    const picture = { components: [component], pods, nodes, selected: new Map([['main', [selected]]]) };
    // Each second in which it serves nobody, as the agent counts it by events.
    if (service.told && idlePart(picture) !== undefined) service.idleS++;
    const decided = decideEmptying({
      ...picture,
      order: service.order.spec,
      before: service.told,
      elapsedMs: (this.#nowS - service.firstSeenS) * 1000,
      settledMs: SLOT_POLICY.settledAfterMs,
    });
    if (!decided) return undefined;
    const { message, state } = decided;
    const { regionSwitch, zone } = keptEmpty;
    const kept = service.told?.state === 'Filled' ? service.told : undefined;
    service.told = kept ?? {
      regionSwitch,
      zone,
      state,
      message,
      sinceTime: isoTime(this.#nowMs),
      notServingMilliseconds: service.idleS * 1000,
    };
    return decided.isInForce ? zone : undefined;
  }

  #scale(service: Service, { replicas, slot, zone }: { slot: Slot | undefined; zone: string; replicas: number }): void {
    const here = service.bodies.filter((body) => body.zone === zone && body.slot === slot);
    const living = here.filter(({ goneS }) => goneS === undefined);
    for (let i = living.length; i < replicas; i++)
      service.bodies.push({ zone, slot, index: i, bornS: this.#nowS, goneS: undefined });
    const excess = new Set(living.slice(replicas));
    service.bodies = service.bodies.map((body) => (excess.has(body) ? { ...body, goneS: this.#nowS + STOPS_S } : body));
  }

  #report(
    name: string,
    service: Service,
    {
      component,
      nodes,
      pods,
    }: { component: RegionalService['spec']['components'][0]; pods: PodFact[]; nodes: ReturnType<typeof nodesIn> },
  ): void {
    const redundancy = computeRedundancy(component, pods, nodes);
    const phase = redundancy.ready >= component.needed ? 'Active' : 'Starting';
    const isEmptied = service.told?.state === 'Emptying' || service.told?.state === 'Empty';
    const conditions = regionalConditions({
      order: service.order,
      phase,
      redundancies: [redundancy],
      lacksGate: false,
      emptied: isEmptied ? service.order.spec.keptEmpty : undefined,
    });
    const at = { generation: service.order.metadata.generation ?? 0, time: isoTime(this.#nowMs) };
    const { name: component_, planned, ready } = redundancy;
    service.order = {
      ...service.order,
      status: {
        observedGeneration: at.generation,
        phase,
        epoch: 1,
        components: [{ name: component_, planned, ready, zones: [] }],
        conditions: mergeConditions(service.order.status?.conditions, conditions, at),
        ...(service.told && { keptEmpty: service.told }),
      },
    };
    const met = conditions.find(({ type }) => type === 'RedundancyMet');
    const zones = redundancy.zones.map((each) => `${each.zone} ${each.ready}`).join(', ');
    const told = service.told ? `; ${service.told.state}: ${service.told.message}` : '';
    const text = `${name} is ${phase} (${zones}), redundancy ${met?.status === 'True' ? 'met' : met?.reason}${told}`;
    if (text !== service.said) this.#say('agent', text);
    service.said = text;
  }
}
