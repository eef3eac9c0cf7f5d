import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { RegionalService } from '../../src/api/regional-service.ts';
import type { Assignment, ServiceInstance } from '../../src/api/service-instance.ts';
import { DAYS, type SwitchbackWindow } from '../../src/api/switchback-policy.ts';
import {
  involvedRegions,
  isPlanned,
  nextAssignment,
  type RegionEpochs,
  rebuildAssignment,
} from '../../src/decide/assignment.ts';
import { canPromote } from '../../src/decide/authority.ts';
import { computeOrder } from '../../src/decide/desired/order.ts';
import { diagnose, isHubIsolated, type RegionState } from '../../src/decide/diagnosis.ts';
import type { FailoverPolicy, InstanceDecision, InstanceView } from '../../src/decide/instance-view.ts';
import { checkIntent } from '../../src/decide/invariants.ts';
import {
  type Answer,
  decideService,
  readStanding,
  restraintsOn,
  type Standing,
} from '../../src/decide/manual-switch.ts';
import { decideRegional, type RegionalAction } from '../../src/decide/regional.ts';
import { computeProtocolTiming } from '../../src/decide/timing.ts';
import { aBackup, aClass, aGroup, anInstance, anOrderedComponent, aSwitch } from '../support/objects.ts';

/** One region as the story tells it: what its agent does follows from `decideRegional`. */
interface Site {
  hasPower: boolean;
  isReachable: boolean;
  isRunning: boolean;
  isFenced: boolean;
  order: RegionalService | undefined;
  /** Its right, by epoch: when it ends. */
  readonly rights: Map<number, number>;
  contactAt: number | undefined;
  ackedAt: number | undefined;
  healthySince: number | undefined;
  state: RegionState | undefined;
  action: RegionalAction | undefined;
}

const NAMES = ['east', 'west', 'north', 'south', 'far'];
const TIMING = computeProtocolTiming(aGroup('g', NAMES).spec.timings);
const FAILURE_THRESHOLD_MS = 6000;
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

const newSite = (): Site => ({
  hasPower: true,
  isReachable: true,
  isRunning: false,
  isFenced: false,
  order: undefined,
  rights: new Map(),
  contactAt: undefined,
  ackedAt: undefined,
  healthySince: undefined,
  state: undefined,
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
    coolDownMs: { RegionLost: 60_000 },
    stableForMs: 30_000,
    dampingWindowMs: 600_000,
    maxStableForMs: 120_000,
    windows: undefined,
    maxReturning: undefined,
  };
  /** Regions whose capacity is declared, with what other services take there. The service takes two instances. */
  readonly #room = new Map<string, { planned: number; capacity: number }>();
  #places: string[] = [];
  #nowMs = 0;
  #leadSinceMs = 0;
  #assignment: Assignment | undefined;
  #said = { decision: '', permission: '', isolated: false };
  /** What persons have asked for, by name, and what was last said of each. */
  readonly #switches = new Map<string, RegionSwitch>();
  readonly #answers = new Map<string, string>();
  #lines: string[] = [];

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    this.#lines = [];
    const words = line.split(/\s+/);
    const [first = '', second = '', third = ''] = words;
    if (first === 'regions') for (const name of words.slice(1)) this.#sites.set(name, newSite());
    else if (first === 'service') this.#places = words.slice(2);
    else if (first === 'for') this.#run(Number(second));
    else if (first === 'policy') this.#setPolicy(second, third);
    else if (first === 'window') this.#policy.windows = [aWindow(second, Number(third), words.at(-1) ?? '')];
    else if (first === 'room') this.#room.set(second, { planned: Number(third), capacity: Number(words.at(-1)) });
    else if (first === 'switch') this.#switch(second, words.slice(2));
    else if (first === 'abort' || first === 'delete') this.#end(first, second);
    else if (line === 'the hub gets a new leader') this.#newLeader();
    else if (line === 'the hub is made anew') this.#newHub();
    else this.#change(first, line.slice(first.length + 1));
    return this.#lines;
  }

  #setPolicy(name: string, value: string): void {
    if (name === 'onHubLoss') this.#policy.onHubLoss = value === 'Hold' ? 'Hold' : 'Fence';
    else if (name === 'promotion') this.#policy.promotion = value === 'Approval' ? 'Approval' : 'Automatic';
    else if (name === 'failover') this.#policy.failover = value === 'Manual' ? 'Manual' : 'Automatic';
    else if (name === 'switchback') this.#policy.switchback = SWITCHBACK[value] ?? 'Automatic';
    else if (name === 'whenFull') this.#policy.whenFull = value === 'Overcommit' ? 'Overcommit' : 'Hold';
    else throw new Error(`there is no policy ${name}`);
  }

  /** `switch <name> <type> [<region>] [approved] [dry-run] [for <seconds> s]`. */
  #switch(name: string, words: readonly string[]): void {
    const [type = '', region = ''] = words;
    const seconds = words[words.indexOf('for') + 1];
    const expiresAt = new Date(BEGIN_MS + this.#nowMs + Number(seconds) * 1000);
    const made = aSwitch(name, {
      type,
      region: this.#sites.has(region) ? region : undefined,
      dryRun: words.includes('dry-run'),
      ...(words.includes('for') && { expiresAt: expiresAt.toISOString() }),
      ...(words.includes('approved') && { approved: { by: 'the one in charge', at: this.#isoNow() } }),
    });
    this.#switches.set(name, { ...made, metadata: { ...made.metadata, creationTimestamp: this.#isoNow() } });
  }

  #end(how: 'abort' | 'delete', name: string): void {
    const found = this.#switches.get(name);
    if (!found) throw new Error(`there is no switch ${name}`);
    if (how === 'delete') this.#switches.delete(name);
    else this.#switches.set(name, { ...found, spec: { ...found.spec, abort: true } });
  }

  #newLeader(): void {
    this.#leadSinceMs = this.#nowMs;
    for (const site of this.#sites.values())
      Object.assign(site, { contactAt: undefined, ackedAt: undefined, healthySince: undefined });
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
      'can be reached again': { isReachable: true },
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
    const running = [...this.#sites].filter(([, site]) => site.isRunning).map(([name]) => name);
    if (running.length > 1) throw new Error(`it runs in ${running.join(' and ')}`);
  }

  #say(who: string, what: string): void {
    this.#lines.push(`${String(this.#nowMs / 1000).padStart(4)} s  ${`${who}:`.padEnd(7)}${what}`);
  }

  #since = (at: number | undefined): number | undefined => (at === undefined ? undefined : this.#nowMs - at);

  #observe(): void {
    for (const [name, site] of this.#sites) {
      if (site.hasPower && site.isReachable) site.contactAt = this.#nowMs;
      const sinceMs = this.#since(site.contactAt);
      const sinceLookMs = this.#nowMs - this.#leadSinceMs;
      const evidence = { sinceContactMs: sinceMs, sinceHeartbeatMs: sinceMs, sinceLookMs, everSeen: true } as const;
      const policy = { ...TIMING, failureThresholdMs: FAILURE_THRESHOLD_MS };
      const { message, state } = diagnose({ ...evidence, credentials: 'Ok' }, policy);
      if (state !== site.state && site.state !== undefined) this.#say('hub', `${name} is ${state} (${message})`);
      site.state = state;
      if (state !== 'Healthy') site.healthySince = undefined;
      else site.healthySince ??= this.#nowMs;
    }
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
      const healthyForMs = this.#since(site.healthySince) ?? 0;
      const view = {
        state: site.state ?? 'Unknown',
        healthyForMs,
        synced: site.contactAt !== undefined,
        refusal: undefined,
        place: PLACE,
      };
      return [name, { ...view, ...this.#epochsOf(name) }] as const;
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
      policy: this.#policy,
      hubIsolated: isHubIsolated(regions.map(([, { state }]) => state)),
      failingOver: new Set(),
      room: this.#room,
      returning: 0,
      restraints: restraintsOn(standing, KEY),
    };
  }

  #isoNow = (): string => new Date(BEGIN_MS + this.#nowMs).toISOString();

  #decide(): void {
    const standing = readStanding([...this.#switches.values()], 'americas', BEGIN_MS + this.#nowMs);
    const { answers, decision } = decideService(this.#view(standing), KEY, standing.requests);
    for (const { isDryRun, name } of standing.requests) {
      const answer = answers.get(name);
      // What holds the service itself is told below.
      if (answer !== decision) this.#tellAnswer(name, answer, isDryRun);
      if (!isDryRun && (!answer || answer.kind === 'Stay')) this.#hasBegunAll(name);
    }
    const held = decision.kind === 'Hold' ? this.#tellHold(decision) : '';
    if (held && held !== this.#said.decision) this.#say('hub', held);
    this.#said.decision = held;
    this.#record(decision);
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
      this.#assignment = next;
      this.#said.permission = '';
      this.#say('hub', `records epoch ${next.epoch}: ${decision.message}`);
    }
  }

  #tellAnswer(name: string, answer: Answer | undefined, isDryRun: boolean): void {
    const why = answer && answer.kind !== 'Assign' ? `${answer.reason} (${answer.message})` : '';
    const told = {
      Assign: answer?.kind === 'Assign' && isDryRun ? `would move it to ${answer.intent.activeRegion}` : '',
      Hold: `is held: ${why}`,
      Stay: `leaves it where it is: ${why}`,
      None: '',
    }[answer?.kind ?? 'None'];
    if (told && told !== this.#answers.get(name)) this.#say('hub', `RegionSwitch ${name} ${told}`);
    this.#answers.set(name, told);
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

  #canHear = (site: Site): boolean => site.hasPower && site.isReachable;

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
    const { activeRegion, epoch } = assignment;
    const regions = involvedRegions(this.#instance(), assignment).map((name) => {
      const sinceAckMs = this.#since(this.#sites.get(name)?.ackedAt);
      const state = this.#sites.get(name)?.state;
      const mustConfirm = isPlanned(assignment) && (state === 'Healthy' || state === 'Degraded');
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
