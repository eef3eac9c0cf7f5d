import { isDeepStrictEqual } from 'node:util';
import { type TransitPath, transitPath } from '../../api/transit-centre.ts';
import type { LinkState, TransitOrders, TransitSighting } from '../../api/transit-link.ts';
import type { Clock } from '../../runtime/clock.ts';
import { canonicalAddress } from './address.ts';
import { type Hearing, isHeard, noteHeard } from './hearing.ts';
import type { Outcome } from './outcome.ts';
import { judgeLink, lossOf, NOTHING_KNOWN, noteOutcome, type Standing } from './standing.ts';

type CentreOrders = TransitOrders['centres'][number];

/** The link between this region and a centre, for one path, as it is now. */
export interface LinkView {
  readonly centre: string;
  readonly path: TransitPath;
  /** Undefined: not known yet. */
  readonly state: LinkState | undefined;
  /** Of the probe that loses most, from 0 to 1. */
  readonly loss: number;
}

/**
 * What one leadership of the agent has learnt about the transit centres. It is told of a centre only once all of it is
 * known, and says nothing that changes with each question.
 */
export class LinkBook {
  readonly #clock: Clock;
  #orders: TransitOrders | undefined;
  readonly #standings = new Map<string, Standing>();
  readonly #hearings = new Map<string, Hearing>();
  #sources: ReadonlyMap<string, readonly Pick<LinkView, 'centre' | 'path'>[]> = new Map();
  readonly #told = new Map<string, TransitSighting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Another leadership has asked meanwhile, or nobody has. */
  clear(): void {
    this.#standings.clear();
    this.#hearings.clear();
    this.#told.clear();
  }

  /** What of a centre was learnt by another question than now is forgotten. */
  configure(orders: TransitOrders | undefined): void {
    const before = this.#orders?.centres ?? [];
    const after = orders?.centres ?? [];
    const probeOf = (centres: readonly CentreOrders[], key: string): unknown =>
      centres.flatMap(({ name, probes }) => probes.filter((probe) => `${name}/${probe.name}` === key))[0];
    const centreOf = (centres: readonly CentreOrders[], key: string): unknown =>
      centres.find(({ name }) => name === key.split('/')[0]);
    keep(this.#standings, (key) => isDeepStrictEqual(probeOf(before, key), probeOf(after, key)));
    keep(this.#hearings, (key) => isDeepStrictEqual(centreOf(before, key), centreOf(after, key)));
    keep(this.#told, (key) => centreOf(after, key) !== undefined);
    this.#orders = orders;
    this.#sources = sourcesOf(after);
    for (const { name } of after) this.#tell(name);
  }

  /** Takes what came of a question; returns whether that changes what is said of the centre. */
  take(centre: string, probe: string, outcome: Outcome): boolean {
    // What ended because this agent stops says nothing.
    if (!this.#orders || (outcome.result === 'NotAsked' && outcome.why === 'Stopped')) return false;
    const key = `${centre}/${probe}`;
    this.#standings.set(key, noteOutcome(this.#standings.get(key) ?? NOTHING_KNOWN, outcome, this.#orders));
    return this.#tell(centre);
  }

  isDecided(centre: string, probe: string): boolean {
    return this.#standings.get(`${centre}/${probe}`)?.verdict !== undefined;
  }

  /** Whether questions from this address are those of a centre. */
  knows(address: string): boolean {
    return this.#sources.has(canonicalAddress(address));
  }

  /** A question of a centre has arrived; returns whether that changes what is said of it. */
  hear(address: string): boolean {
    let isNews = false;
    for (const { centre, path } of this.#sources.get(canonicalAddress(address)) ?? []) {
      const key = `${centre}/${path}`;
      this.#hearings.set(key, noteHeard(this.#hearings.get(key), this.#clock.now()));
      isNews = this.#tell(centre) || isNews;
    }
    return isNews;
  }

  /** What to say of all centres: of one that is not known yet, what an earlier leadership said. */
  list(before: readonly TransitSighting[] | undefined): readonly TransitSighting[] {
    return (this.#orders?.centres ?? []).flatMap(
      ({ name }) => this.#told.get(name) ?? before?.find((sighting) => sighting.name === name) ?? [],
    );
  }

  links(centre: string): readonly LinkView[] {
    const orders = this.#orders?.centres.find(({ name }) => name === centre);
    return orders ? transitPath.options.flatMap((path) => this.#look(orders, path)?.view ?? []) : [];
  }

  /** Returns whether what is said has changed. */
  #tell(centre: string): boolean {
    const orders = this.#orders?.centres.find(({ name }) => name === centre);
    const sighting = orders && this.#describe(orders);
    if (!sighting) return false;
    const before = this.#told.get(centre);
    this.#told.set(centre, sighting);
    return JSON.stringify(before) !== JSON.stringify(sighting);
  }

  #describe(orders: CentreOrders): TransitSighting | undefined {
    const voice = this.#look(orders, 'Voice');
    const mpls = this.#look(orders, 'Mpls');
    const links = [voice, mpls].filter((link) => link !== undefined);
    if (links.length === 0 || links.some(({ view }) => view.state === undefined)) return undefined;
    const message = links.map(({ view, words }) => `${view.path}: ${words.join(', ') || 'well'}`).join('; ');
    return {
      name: orders.name,
      ...(voice?.view.state ? { voice: voice.view.state } : {}),
      ...(mpls?.view.state ? { mpls: mpls.view.state } : {}),
      message: message.slice(0, 512),
    };
  }

  /** Undefined: nothing is asked of this path. */
  #look({ name, probes }: CentreOrders, path: TransitPath) {
    const asked = probes.filter((probe) => probe.path === path);
    if (asked.length === 0) return undefined;
    const standings = asked.map((probe) => this.#standings.get(`${name}/${probe.name}`) ?? NOTHING_KNOWN);
    const heard = this.#heard(name, path);
    const state = judgeLink(standings, heard);
    const loss = Math.max(...standings.map(lossOf));
    const view: LinkView = { centre: name, path, state, loss };
    return {
      view,
      words: [...asked.flatMap(({ name }, i) => wordsOf(name, standings[i])), ...wordsOfHearing(heard, state)],
    };
  }

  #heard(centre: string, path: TransitPath): boolean | undefined {
    if (!this.#orders) return undefined;
    const { failureThreshold, intervalSeconds } = this.#orders;
    const limits = { failureThreshold, intervalMs: intervalSeconds * 1000 };
    return isHeard(this.#hearings.get(`${centre}/${path}`), this.#clock.now(), limits);
  }
}

function keep(map: Map<string, unknown>, isKept: (key: string) => boolean): void {
  for (const key of map.keys()) if (!isKept(key)) map.delete(key);
}

/** What is wrong with a probe; nothing when it answers. */
function wordsOf(name: string, standing: Standing | undefined): string[] {
  switch (standing?.verdict) {
    case 'Silent':
      return [`${name} does not answer (${standing.why})`];
    case 'Loses':
      return [`${name} does not always answer`];
    case 'CannotAsk':
      return [`${name} cannot be asked (${standing.why})`];
    default:
      return [];
  }
}

/** Only where it makes the state: otherwise it would be written for its own sake. */
function wordsOfHearing(heard: boolean | undefined, state: LinkState | undefined): string[] {
  if (state !== 'OneWay') return [];
  return [heard ? 'its own questions arrive' : 'its own questions arrive no more'];
}

/**
 * Who asks from where, for which path. Only addresses that somebody wrote down: what a name means today is not said by
 * those who may ask.
 */
function sourcesOf(centres: readonly CentreOrders[]): Map<string, Pick<LinkView, 'centre' | 'path'>[]> {
  const sources = new Map<string, Pick<LinkView, 'centre' | 'path'>[]>();
  const add = (address: string, centre: string, path: TransitPath): void => {
    const key = canonicalAddress(address);
    const links = sources.get(key) ?? [];
    if (!links.some((link) => link.centre === centre && link.path === path)) links.push({ centre, path });
    if (key !== '') sources.set(key, links);
  };
  for (const { asksFrom = [], name, probes } of centres) {
    const sip = probes.filter(({ type }) => type === 'SipOptions');
    for (const { host, path } of sip) add(host, name, path);
    for (const { path } of sip) for (const address of asksFrom) add(address, name, path);
  }
  return sources;
}
