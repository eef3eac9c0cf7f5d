import { DAYS } from '../../src/api/common.ts';
import type { PlannedService, RegionSwitch } from '../../src/api/region-switch.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import type { Assignment, ServiceInstance } from '../../src/api/service-instance.ts';
import type { SwitchbackWindow } from '../../src/api/switchback-policy.ts';
import {
  involvedRegions,
  isPlanned,
  nextAssignment,
  type RegionEpochs,
  rebuildAssignment,
} from '../../src/decide/assignment.ts';
import { canPromote } from '../../src/decide/authority.ts';
import { computeOrder } from '../../src/decide/desired/order.ts';
import {
  type Diagnosis,
  type DiagnosisPolicy,
  diagnose,
  isAnswering,
  isHubIsolated,
  isSilent,
  stateFor,
  stateItself,
} from '../../src/decide/diagnosis.ts';
import { type PeerReport, type RegionEvidence, sightOf } from '../../src/decide/evidence.ts';
import type {
  FailoverPolicy,
  GroupView,
  InstanceDecision,
  InstanceView,
  RegionView,
} from '../../src/decide/instance-view.ts';
import { checkIntent } from '../../src/decide/invariants.ts';
import {
  type Answer,
  decideService,
  plannedService,
  readStanding,
  restraintsOn,
  type Standing,
} from '../../src/decide/manual-switch.ts';
import { decideRegional, type RegionalAction } from '../../src/decide/regional.ts';
import { scopeOfTenants } from '../../src/decide/tenant-scope.ts';
import { computeProtocolTiming } from '../../src/decide/timing.ts';
import { RegionHistory } from '../../src/hub/region-history.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { aBackup, aClass, aGroup, anInstance, anOrderedComponent, aSwitch } from '../support/objects.ts';
import { type Seen, SwitchRecord } from './switch-record.ts';

/** One region as the story tells it: what its agent does follows from `decideRegional`. */
interface Site {
  hasPower: boolean;
  isReachable: boolean;
  /** Whether the hub, and whether the other regions, can reach it, and it them. */
  hasLink: boolean;
  hasPeers: boolean;
  /** What runs here is not ready. */
  isSick: boolean;
  notReadySince: number | undefined;
  isRunning: boolean;
  isFenced: boolean;
  order: RegionalService | undefined;
  /** Its right, by epoch: when it ends. */
  readonly rights: Map<number, number>;
  contactAt: number | undefined;
  ackedAt: number | undefined;
  history: RegionHistory;
  diagnosis: Diagnosis | undefined;
  action: RegionalAction | undefined;
}

const NAMES = ['east', 'west', 'north', 'south', 'far'];
const TIMING = computeProtocolTiming(aGroup('g', NAMES).spec.timings);
const POLICY: DiagnosisPolicy = {
  ...TIMING,
  failureThresholdMs: 6000,
  recoveryMs: 10_000,
  flapping: { changes: 6, windowMs: 120_000 },
};
const SICK_THRESHOLD_MS = 20_000;
const STEP_MS = 1000;
/** Wall clock at the beginning of every story. */
const BEGIN_MS = Date.UTC(2026, 0, 1);
/** The service of every story. */
const KEY = 'switchback-system/mail';
const NOTHING: RegionEpochs = { standbyEpoch: 0, grantedEpoch: 0 };

const PLACE = { ok: true, instances: 2 } as const;
const SWITCHBACK: Readonly<Record<string, FailoverPolicy['switchback']>> = { Approval: 'Approval', Manual: 'Manual' };
/** `window <start> <seconds> s <zone>`: every day. */
const aWindow = (start: string, durationSeconds: number, timeZone: string): SwitchbackWindow => ({
  days: [...DAYS],
  start,
  durationSeconds,
  timeZone,
});

const newSite = (clock: Clock): Site => ({
  hasPower: true,
  isReachable: true,
  hasLink: true,
  hasPeers: true,
  isSick: false,
  notReadySince: undefined,
  isRunning: false,
  isFenced: false,
  order: undefined,
  rights: new Map(),
  contactAt: undefined,
  ackedAt: undefined,
  history: new RegionHistory(clock),
  diagnosis: undefined,
  action: undefined,
});

/**
 * One active/backup service in some regions, driven second by second through the pure functions of `decide`: diagnosis,
 * decision, intent, orders, permission, and what each agent makes of it. Messages take no time here; what happens when
 * they are late or lost is the simulation's business.
 */
export class Story {
  readonly #sites = new Map<string, Site>();
  readonly #policy: { -readonly [K in keyof FailoverPolicy]: FailoverPolicy[K] } = {
    failover: 'Automatic',
    switchback: 'Automatic',
    promotion: 'Automatic',
    onHubLoss: 'Fence',
    whenFull: 'Hold',
    coolDownMs: { RegionLost: 60_000, RegionSick: 60_000 },
    stableForMs: 30_000,
    dampingWindowMs: 600_000,
    maxStableForMs: 120_000,
    windows: undefined,
    maxReturning: undefined,
    leaveOutAfterMs: 6000,
  };
  /** Regions whose capacity is declared, with what other services take there. The service takes two instances. */
  readonly #room = new Map<string, { planned: number; capacity: number }>();
  readonly #clock: Clock = {
    now: () => ({ monoMs: this.#nowMs, wallMs: BEGIN_MS + this.#nowMs }),
    setTimer: () => ({ cancel: () => undefined }),
  };
  #places: string[] = [];
  #tenants: readonly string[] = [];
  #nowMs = 0;
  #leadSinceMs = 0;
  #assignment: Assignment | undefined;
  #said = { decision: '', permission: '', isolated: false };
  /** What persons have asked for, by name, and what was last said of each. */
  readonly #switches = new Map<string, RegionSwitch>();
  readonly #answers = new Map<string, string>();
  /** What the hub keeps of drills and of what is undone, by name, and what was last said of it. */
  readonly #records = new Map<string, SwitchRecord>();
  readonly #stands = new Map<string, string>();
  readonly #planned = new Map<string, PlannedService>();
  #lines: string[] = [];

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    this.#lines = [];
    const words = line.split(/\s+/);
    const [first = '', second = '', third = ''] = words;
    const commands: Readonly<Record<string, () => void>> = {
      regions: () => {
        for (const name of words.slice(1)) this.#sites.set(name, newSite(this.#clock));
      },
      service: () => (this.#places = words.slice(2)),
      // `serves <namespace/name> ...`: whom the service serves.
      serves: () => (this.#tenants = words.slice(1)),
      for: () => this.#run(Number(second)),
      policy: () => this.#setPolicy(second, third),
      window: () => (this.#policy.windows = [aWindow(second, Number(third), words.at(-1) ?? '')]),
      room: () => this.#room.set(second, { planned: Number(third), capacity: Number(words.at(-1)) }),
      switch: () => this.#switch(second, words.slice(2)),
      abort: () => this.#end('abort', second),
      delete: () => this.#end('delete', second),
      pause: () => this.#setSpec(second, { pause: true }),
      resume: () => this.#setSpec(second, { pause: false }),
      undo: () => this.#setSpec(second, { abort: true, undo: true }),
    };
    const command = commands[first];
    if (line === 'the hub gets a new leader') this.#newLeader();
    else if (line === 'the hub is made anew') this.#newHub();
    else if (command) command();
    else this.#change(first, line.slice(first.length + 1));
    return this.#lines;
  }

  #setPolicy(name: string, value: string): void {
    const mode = value === 'Manual' ? 'Manual' : 'Automatic';
    const changes: Record<string, Partial<FailoverPolicy>> = {
      onHubLoss: { onHubLoss: value === 'Hold' ? 'Hold' : 'Fence' },
      promotion: { promotion: value === 'Approval' ? 'Approval' : 'Automatic' },
      failover: { failover: mode },
      switchback: { switchback: SWITCHBACK[value] ?? 'Automatic' },
      whenFull: { whenFull: value === 'Overcommit' ? 'Overcommit' : 'Hold' },
      sick: { sick: mode },
    };
    const change = changes[name];
    if (!change) throw new Error(`there is no policy ${name}`);
    Object.assign(this.#policy, change);
  }

  /** `switch <name> <type> [<region>] [approved] [paused] [dry-run] [tenants <namespace/name> ...] [for <seconds> s] [stay <seconds> s] [plan]`. */
  #switch(name: string, words: readonly string[]): void {
    const [type = '', region = ''] = words;
    const seconds = words[words.indexOf('for') + 1];
    const staySeconds = Number(words[words.indexOf('stay') + 1]);
    const drill = words.includes('plan') ? { kind: 'Plan' } : { kind: 'Region', staySeconds };
    const expiresAt = new Date(BEGIN_MS + this.#nowMs + Number(seconds) * 1000);
    const made = aSwitch(name, {
      type,
      region: this.#sites.has(region) ? region : undefined,
      dryRun: words.includes('dry-run'),
      pause: words.includes('paused'),
      ...(type === 'Drill' && { drill }),
      ...(words.includes('tenants') && { tenants: words.filter((word) => word.includes('/')) }),
      ...(words.includes('for') && { expiresAt: expiresAt.toISOString() }),
      ...(words.includes('approved') && { approved: { by: 'the one in charge', at: this.#isoNow() } }),
    });
    this.#switches.set(name, { ...made, metadata: { ...made.metadata, creationTimestamp: this.#isoNow() } });
  }

  #end(how: 'abort' | 'delete', name: string): void {
    if (how === 'delete' && this.#switches.delete(name)) return;
    this.#setSpec(name, { abort: true });
  }

  #setSpec(name: string, change: Partial<RegionSwitch['spec']>): void {
    const found = this.#switches.get(name);
    if (!found) throw new Error(`there is no switch ${name}`);
    this.#switches.set(name, { ...found, spec: { ...found.spec, ...change } });
  }

  #newLeader(): void {
    this.#leadSinceMs = this.#nowMs;
    for (const site of this.#sites.values()) {
      site.history.forget();
      Object.assign(site, { contactAt: undefined, ackedAt: undefined });
    }
  }

  #newHub(): void {
    this.#newLeader();
    this.#assignment = undefined;
  }

  #change(name: string, what: string): void {
    const site = this.#sites.get(name);
    const changes: Record<string, Partial<Site>> = {
      'loses power': { hasPower: false, isRunning: false, isFenced: false, rights: new Map(), action: undefined },
      'gets its power back': { hasPower: true },
      'is cut off': { isReachable: false },
      'can be reached again': { isReachable: true, hasLink: true, hasPeers: true },
      'loses its link to the hub': { hasLink: false },
      'cannot reach its peers': { hasPeers: false },
      'is not ready': { isSick: true },
      'is ready again': { isSick: false },
    };
    const change = changes[what];
    if (!site || !change) throw new Error(`the story says nothing of "${name} ${what}"`);
    Object.assign(site, change);
  }

  #run(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.#step();
      this.#nowMs += STEP_MS;
    }
  }

  #step(): void {
    this.#observe();
    this.#decide();
    this.#order();
    this.#acknowledge();
    for (const [name, site] of this.#sites) if (site.hasPower) this.#act(name, site);
    this.#followSwitches();
    const running = [...this.#sites].filter(([, site]) => site.isRunning).map(([name]) => name);
    if (running.length > 1) throw new Error(`it runs in ${running.join(' and ')}`);
  }

  #say(who: string, what: string): void {
    this.#lines.push(`${String(this.#nowMs / 1000).padStart(4)} s  ${`${who}:`.padEnd(7)}${what}`);
  }

  #since = (at: number | undefined): number | undefined => (at === undefined ? undefined : this.#nowMs - at);

  #observe(): void {
    const own = new Map([...this.#sites].map(([name, site]) => [name, this.#ownEvidence(site)]));
    for (const [name, site] of this.#sites) {
      const reports = [...this.#sites].flatMap(([from, peer]): PeerReport[] => {
        const evidence = own.get(from);
        const isWitness = from !== name && evidence !== undefined && stateItself(evidence, POLICY) === 'Healthy';
        return isWitness && this.#canHear(peer) ? [this.#reportOf(from, site)] : [];
      });
      const evidence: RegionEvidence = { ...this.#ownEvidence(site), reports };
      const diagnosis = diagnose(evidence, POLICY);
      const { message, reason, state } = diagnosis;
      const isNews = state !== site.diagnosis?.state || (reason !== site.diagnosis.reason && state !== 'Lost');
      const called = state === 'Healthy' && reason !== 'RegionHealthy' ? `${state}, ${reason}` : state;
      if (isNews && site.diagnosis !== undefined) this.#say('hub', `${name} is ${called} (${message})`);
      site.diagnosis = diagnosis;
      const sight = sightOf({ ...evidence, sinceHeartbeatMs: undefined, sinceSeenMs: undefined }, POLICY);
      const isSeen = sight === 'Nothing' ? undefined : sight === 'Seen';
      site.history.judged({
        itself: stateItself(evidence, POLICY),
        hasRecovered: state === 'Healthy' && reason !== 'Recovering',
        isSeen,
      });
    }
  }

  #ownEvidence(site: Site): RegionEvidence {
    if (this.#canHear(site)) site.contactAt = this.#nowMs;
    if (!site.isRunning || !site.isSick) site.notReadySince = undefined;
    else if (this.#canHear(site)) site.notReadySince ??= this.#nowMs;
    const sinceMs = this.#since(site.contactAt);
    const isNotReady = (this.#since(site.notReadySince) ?? 0) >= SICK_THRESHOLD_MS;
    const { changeAgesMs, sinceSeenMs, wellAgainForMs } = site.history;
    return {
      sinceContactMs: sinceMs,
      sinceHeartbeatMs: sinceMs,
      sinceLookMs: this.#nowMs - this.#leadSinceMs,
      everSeen: true,
      credentials: 'Ok',
      services: { active: site.isRunning ? 1 : 0, notReady: isNotReady ? 1 : 0 },
      changeAgesMs,
      sinceSeenMs,
      wellAgainForMs,
    };
  }

  /** What the agent of `from` sees. Without the others a region can still be seen by them, but gets no promise. */
  #reportOf(from: string, site: Site): PeerReport {
    const isLive = site.hasPower && site.isReachable;
    const withoutRight = site.order?.spec.role === 'Active' && site.action !== undefined && site.action !== 'Run';
    return { from, state: isLive ? 'Reachable' : 'Unreachable', withoutRight: isLive && withoutRight, ageMs: 0 };
  }

  #epochsOf = (region: string): RegionEpochs => {
    const status = this.#sites.get(region)?.order?.status;
    return { ...NOTHING, standbyEpoch: status?.standbyEpoch ?? 0, grantedEpoch: status?.grantedEpoch ?? 0 };
  };

  #view(standing: Standing): InstanceView {
    const [primary = '', ...secondaries] = this.#places;
    const orders = [...this.#sites.values()].flatMap(({ contactAt, order }) =>
      order && contactAt !== undefined ? [order.spec] : [],
    );
    const now = this.#isoNow();
    const regions = [...this.#sites].map(([name, site]) => {
      const epochs = this.#epochsOf(name);
      const runsThere = this.#assignment?.activeRegion === name && epochs.grantedEpoch >= this.#assignment.epoch;
      const view: RegionView = {
        ...epochs,
        state: site.diagnosis ? stateFor(site.diagnosis, runsThere) : 'Unknown',
        healthyForMs: site.history.wellForMs,
        flapsForMs: site.diagnosis?.flapsForMs ?? 0,
        isRecovering: site.diagnosis?.reason === 'Recovering',
        ...(site.diagnosis?.reason === 'RegionLost' && { lostForMs: site.history.lostForMs ?? 0 }),
        synced: site.contactAt !== undefined,
        refusal: undefined,
        place: PLACE,
      };
      return [name, view] as const;
    });
    return {
      mode: 'Backup',
      primary,
      secondaries,
      assignment: this.#assignment,
      rebuilt: rebuildAssignment(orders, now, this.#assignment),
      nowMs: BEGIN_MS + this.#nowMs,
      assignedForMs: this.#assignment ? BEGIN_MS + this.#nowMs - Date.parse(this.#assignment.since) : 0,
      regions: new Map(regions),
      isSick: this.#sites.get(this.#assignment?.activeRegion ?? '')?.diagnosis?.reason === 'RegionSick',
      policy: this.#policy,
      hubIsolated: isHubIsolated(
        [...this.#sites.values()].map(({ diagnosis }) => (diagnosis ? stateFor(diagnosis, false) : 'Unknown')),
      ),
      group: this.#group(),
      failingOver: new Set(),
      room: this.#room,
      returning: 0,
      restraints: restraintsOn(standing, KEY),
    };
  }

  #group(): GroupView {
    const silent = [...this.#sites].filter(
      ([, { diagnosis }]) => diagnosis && (stateFor(diagnosis, false) === 'Lost' || isSilent(diagnosis)),
    );
    const read = [...this.#sites.values()].filter(({ contactAt }) => contactAt !== undefined).length;
    return { size: this.#sites.size, silent: new Set(silent.map(([name]) => name)), read };
  }

  #isoNow = (): string => new Date(BEGIN_MS + this.#nowMs).toISOString();

  #decide(): void {
    const standing = this.#standing();
    const { answers, decision } = decideService(this.#view(standing), KEY, standing.requests);
    this.#planned.clear();
    for (const { isDryRun, isPaused, name, type } of standing.requests) {
      const answer = answers.get(name);
      if (answer) this.#planned.set(name, plannedService(KEY, this.#assignment, answer));
      // What holds the service itself is told below.
      if (answer !== decision) this.#tellAnswer(name, answer, isDryRun || isPaused);
      const isRecorded = type === 'Rehearse' || type === 'Return';
      if (!isDryRun && !isRecorded && (!answer || answer.kind === 'Stay')) this.#hasBegunAll(name);
    }
    const held = decision.kind === 'Hold' ? this.#tellHold(decision) : '';
    if (held && held !== this.#said.decision) this.#say('hub', held);
    this.#said.decision = held;
    this.#record(decision);
  }

  #standing(): Standing {
    const book = {
      groupOf: () => 'americas',
      instancesOf: (tenant: string) => (this.#tenants.includes(tenant) ? [KEY] : []),
      sizeOf: () => this.#tenants.length,
    };
    const scopeOf = (tenants: readonly string[]) =>
      scopeOfTenants(tenants, { book, group: 'americas', instances: [this.#instance()] });
    return readStanding([...this.#switches.values()], 'americas', BEGIN_MS + this.#nowMs, scopeOf);
  }

  #tellHold({ message, reason, recheckAfterMs, wanted }: Extract<InstanceDecision, { kind: 'Hold' }>): string {
    const until = recheckAfterMs === undefined ? '' : `, until ${(this.#nowMs + recheckAfterMs) / 1000} s`;
    return `holds ${wanted}: ${reason} (${message})${until}`;
  }

  #record(decision: InstanceDecision): void {
    if (decision.kind === 'Adopt') {
      this.#assignment = decision.assignment;
      this.#say('hub', `finds it in ${decision.assignment.activeRegion} at epoch ${decision.assignment.epoch}`);
    } else if (decision.kind === 'Assign') {
      const next = nextAssignment(this.#assignment, decision.intent, this.#epochsOf, this.#isoNow());
      const broken = next ? checkIntent(this.#assignment, next, this.#places) : 'there is room in the history';
      if (!next || broken) throw new Error(`an intent that cannot be recorded: ${broken}`);
      this.#noteMove(next);
      this.#assignment = next;
      this.#said.permission = '';
      this.#say('hub', `records epoch ${next.epoch}: ${decision.message}`);
    }
  }

  #noteMove(next: Assignment): void {
    const from = this.#assignment?.activeRegion;
    const object = this.#switches.get(next.regionSwitch ?? '');
    if (!object || from === undefined || from === next.activeRegion) return;
    const { name } = object.metadata;
    const record = this.#records.get(name) ?? new SwitchRecord();
    this.#records.set(name, record);
    record.note(object, KEY, from, next, BEGIN_MS + this.#nowMs);
  }

  /** Only drills and what is undone: of the others the transcripts tell what was decided. */
  #followSwitches(): void {
    const epochIn = ({ order }: Site): number => order?.spec.epoch ?? 0;
    const regions = new Map(
      [...this.#sites].map(([name, site]): [string, Seen] => {
        const { standbyEpoch } = this.#epochsOf(name);
        const { diagnosis, isRunning } = site;
        const state = diagnosis?.state ?? 'Unknown';
        return [name, { state, isRunning, orderEpoch: epochIn(site), standbyEpoch }];
      }),
    );
    for (const [name, object] of this.#switches) {
      if (object.spec.type !== 'Drill' && !object.spec.undo) continue;
      const record = this.#records.get(name) ?? new SwitchRecord();
      this.#records.set(name, record);
      const sight = {
        nowMs: BEGIN_MS + this.#nowMs,
        assignment: this.#assignment,
        primary: this.#places[0] ?? '',
        regions,
        planned: this.#planned.get(name),
      };
      const followed = record.follow(object, KEY, sight);
      this.#switches.set(name, followed);
      const { message = '', reason = '' } = followed.status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
      const stands = `${reason} (${message})`;
      if (stands !== this.#stands.get(name)) this.#say('hub', `RegionSwitch ${name}: ${stands}`);
      this.#stands.set(name, stands);
    }
  }

  #tellAnswer(name: string, answer: Answer | undefined, isDryRun: boolean): void {
    const why = answer && answer.kind !== 'Assign' ? `${answer.reason} (${answer.message})` : '';
    const told = {
      Assign: answer?.kind === 'Assign' && isDryRun ? `would move it to ${answer.intent.activeRegion}` : '',
      Hold: `is held: ${why}`,
      Stay: `leaves it where it is: ${why}`,
      Drain: `leads its traffic away: ${why}`,
      None: '',
    }[answer?.kind ?? 'None'];
    // A message that counts seconds is told once.
    const isCounting = answer?.kind === 'Hold' && answer.recheckAfterMs !== undefined;
    const topic = isCounting ? answer.reason : told;
    if (told && topic !== this.#answers.get(name)) this.#say('hub', `RegionSwitch ${name} ${told}`);
    this.#answers.set(name, topic);
  }

  /** A switch that has nothing left to begin begins nothing any more: the record that the hub keeps of it says so. */
  #hasBegunAll(name: string): void {
    const found = this.#switches.get(name);
    const steps = [{ name: 'RecordIntent' as const, state: 'Done' as const, done: 1, total: 1 }];
    if (found) this.#switches.set(name, { ...found, status: { observedGeneration: 1, steps } });
  }

  #instance(): ServiceInstance {
    const [primaryRegion = '', ...secondaryRegions] = this.#places;
    return anInstance('mail', { primaryRegion, secondaryRegions });
  }

  #canHear = (site: Site): boolean => site.hasPower && site.isReachable && site.hasLink;

  #order(): void {
    if (!this.#assignment) return;
    const instance = this.#instance();
    const serviceClass = aClass('voice-mail', aBackup());
    for (const [region, site] of this.#sites) {
      if (!this.#canHear(site)) continue;
      const input = {
        instance,
        serviceClass,
        assignment: this.#assignment,
        region,
        present: site.order,
        elsewhere: [],
        othersStandBy: false,
        said: [],
      };
      const order = computeOrder({ ...input, components: [anOrderedComponent()] });
      if (order.kind === 'Apply' && (site.order?.spec.epoch ?? 0) < order.object.spec.epoch) {
        site.order = { ...order.object, ...(site.order?.status ? { status: site.order.status } : {}) };
      } else if (order.kind === 'Delete' && site.order && !site.order.metadata.deletionTimestamp) {
        site.order = { ...site.order, metadata: { ...site.order.metadata, deletionTimestamp: this.#isoNow() } };
      }
    }
  }

  #acknowledge(): void {
    const assignment = this.#assignment;
    if (!assignment) return;
    for (const [name, site] of this.#sites) this.#promise(name, site);
    const { activeRegion, epoch } = assignment;
    const regions = involvedRegions(this.#instance(), assignment).map((name) => {
      const sinceAckMs = this.#since(this.#sites.get(name)?.ackedAt);
      const mustConfirm = isPlanned(assignment) && isAnswering(this.#sites.get(name)?.diagnosis);
      return [name, { ...this.#epochsOf(name), sinceAckMs, mustConfirm }] as const;
    });
    const sinceLeadMs = this.#nowMs - this.#leadSinceMs;
    const permission = canPromote({
      assignment,
      regions: new Map(regions),
      sinceLeadMs,
      waitMs: TIMING.waitMs,
    });
    const site = this.#sites.get(activeRegion);
    const told = permission.ok
      ? `lets ${activeRegion} run at epoch ${epoch} (${permission.by})`
      : `waits for ${permission.waitingFor.join(', ')}`;
    const isNews = told !== this.#said.permission && !(permission.ok && permission.by === 'Continued');
    if (isNews && (!permission.ok || (site && this.#canHear(site)))) this.#say('hub', told);
    if (isNews) this.#said.permission = told;
    if (!permission.ok || !site || !this.#canHear(site)) return;
    site.ackedAt = this.#nowMs;
    site.rights.set(epoch, this.#nowMs + TIMING.leaseMs);
  }

  /** A region that the hub does not answer runs on with the promises of all its successors. */
  #promise(name: string, { hasLink, hasPeers, hasPower, isReachable, order, rights }: Site): void {
    if (hasLink || !hasPeers || !hasPower || !isReachable || order?.spec.role !== 'Active') return;
    const { epoch, successors } = order.spec;
    const isPromised = successors.every((region) => {
      const peer = this.#sites.get(region);
      const stands = peer?.order?.spec.role === 'Standby' && peer.order.spec.activeRegion === name;
      return peer?.hasPower && peer.isReachable && stands && peer.order?.spec.epoch === epoch;
    });
    if (isPromised && (order.status?.grantedEpoch ?? 0) >= epoch) rights.set(epoch, this.#nowMs + TIMING.leaseMs);
  }

  #act(name: string, site: Site): void {
    const { order } = site;
    if (!order) return;
    const { epoch } = order.spec;
    const isValid = (end: number | undefined): boolean => (end ?? 0) > this.#nowMs;
    const action = decideRegional(order, {
      hasRight: isValid(site.rights.get(epoch)),
      hasEarlierRight: [...site.rights].some(([held, end]) => held < epoch && isValid(end)),
      isCertain: true,
      isSure: true,
      sinceLeadMs: 60_000,
      isStarted: site.isRunning,
      isFenced: site.isFenced,
      lacksGate: false,
    });
    const status = { observedGeneration: 1, ...order.status };
    if (action === 'Run') {
      if (!site.isRunning) this.#say(name, `starts it at epoch ${epoch}`);
      Object.assign(site, {
        isRunning: true,
        isFenced: false,
        order: { ...order, status: { ...status, grantedEpoch: Math.max(epoch, status.grantedEpoch ?? 0) } },
      });
    } else if (action === 'Fence') {
      if (site.isRunning) this.#say(name, `stops it${order.spec.role === 'Active' ? ': its right has ended' : ''}`);
      Object.assign(site, { isRunning: false, isFenced: true });
    } else if (action === 'Confirm') {
      this.#say(name, `stands by at epoch ${epoch}`);
      site.order = { ...order, status: { ...status, standbyEpoch: epoch } };
    } else if (action === 'Release') {
      this.#say(name, 'lets its order go');
      site.order = undefined;
    }
    site.action = action;
  }
}
