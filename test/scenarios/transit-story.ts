import { isoTime } from '../../src/api/common.ts';
import type { ConditionState } from '../../src/api/conditions.ts';
import type { TransitCentre, TransitCentreStatus, TransitPath } from '../../src/api/transit-centre.ts';
import { transitPolicy } from '../../src/api/transit-centre.ts';
import type { LinkState } from '../../src/api/transit-link.ts';
import type { Callers } from '../../src/decide/transit/callers.ts';
import type { GroupFreeze } from '../../src/decide/transit/ingress-view.ts';
import { lookAtTransit, type PathHistories } from '../../src/decide/transit/look.ts';
import type { Row } from '../../src/decide/transit/matrix.ts';
import { judgeProtection, judgeReach } from '../../src/decide/transit/reach.ts';
import { describeHold } from '../../src/report/hold.ts';
import { recordedTransit, transitReady, transitStatus } from '../../src/report/transit.ts';
import { aTransitCentre } from '../support/objects.ts';

const BEGIN_MS = Date.UTC(2026, 0, 1);

interface Site {
  presence: Row['presence'];
  hasUplink: boolean;
  /** By `<centre> <path>`: what is the matter with the link itself. */
  readonly links: Map<string, LinkState>;
}
interface Place {
  spec: TransitCentre;
  readonly lost: Set<TransitPath>;
  /** It comes and goes: half a period there, half a period away. */
  flapsEverySeconds: number | undefined;
}

/**
 * The transit centres of one group, second by second: what the regions report, what the hub makes of it, and through which
 * centre callers come in. What an agent needs to find a link down is left out: it reports at once.
 */
export class TransitStory {
  readonly #sites = new Map<string, Site>();
  readonly #places = new Map<string, Place>();
  #callers: Callers[] = [];
  #policy = transitPolicy.parse({});
  #freezes: GroupFreeze[] = [];
  #isIsolated = false;
  #histories: PathHistories = new Map();
  #status: TransitCentreStatus[] | undefined;
  #conditions = new Map<string, string>();
  #nowMs = 0;

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    const words = line.split(/\s+/);
    const [first = '', second = ''] = words;
    if (first === 'for') return this.#pass(Number(second));
    const site = this.#sites.get(first);
    const place = this.#places.get(first);
    if (first === 'regions') for (const region of words.slice(1)) this.#sites.set(region, aSite());
    else if (first === 'centre') this.#places.set(second, aPlace(second, words.slice(2)));
    else if (first === 'policy') this.#policy = { ...this.#policy, [second]: readValue(words[2]) };
    else if (first === 'callers') this.#callers.push(readCallers(words.slice(1)));
    else if (first === 'hub') this.#hub(words.slice(1).join(' '));
    else if (first === 'agents') this.#move(words.slice(1));
    else if (first === 'freeze') this.#freeze(Number(words[2]));
    else if (site) this.#site(site, words.slice(1));
    else if (place) this.#place(place, words.slice(1));
    else throw new Error(`the story says nothing of "${line}"`);
    return [];
  }

  #hub(what: string): void {
    if (what === 'restarts') this.#histories = new Map();
    else if (what === 'is isolated' || what === 'sees again') this.#isIsolated = what === 'is isolated';
    else throw new Error(`a hub does not "${what}"`);
  }

  #freeze(seconds: number): void {
    this.#freezes = [{ name: 'holiday', until: isoTime(BEGIN_MS + this.#nowMs + seconds * 1000) }];
  }

  /** `agents at <centre> go to <region>...` */
  #move([, centre, , , ...regionsNow]: readonly string[]): void {
    this.#callers = this.#callers.map((each) => (each.centre === centre ? { ...each, regionsNow } : each));
  }

  #site(site: Site, words: readonly string[]): void {
    const what = words.join(' ');
    const [verb, state = '', to, path] = words;
    if (what === 'is dead') site.presence = 'Lost';
    else if (what === 'is silent') site.presence = 'Silent';
    else if (what === 'is back') site.presence = 'Heard';
    else if (what === 'has no uplink' || what === 'has its uplink again') site.hasUplink = what !== 'has no uplink';
    else if (verb === 'finds' && to !== undefined) {
      for (const each of path === undefined ? ['Voice', 'Mpls'] : [path]) {
        site.links.set(`${state} ${each}`, to as LinkState);
      }
    } else throw new Error(`a region does not "${what}"`);
  }

  #place(place: Place, words: readonly string[]): void {
    const what = words.join(' ');
    const path = /^loses (voice|mpls)$/.exec(what)?.[1];
    if (path !== undefined) place.lost.add(path === 'voice' ? 'Voice' : 'Mpls');
    else if (what === 'is back') place.lost.clear();
    else if (what === 'is steady') place.flapsEverySeconds = undefined;
    else if (words[0] === 'flaps') place.flapsEverySeconds = Number(words[2]);
    else if (words[0] === 'becomes') place.spec = { ...place.spec, state: words[1] as TransitCentre['state'] };
    else throw new Error(`a transit centre does not "${what}"`);
  }

  #rows(): Row[] {
    return [...this.#sites].map(([region, site]): Row => {
      const links = [...this.#places].map(([name, place]) => {
        const state = (path: TransitPath): LinkState => this.#link(site, name, place, path);
        return [name, { Voice: state('Voice'), Mpls: state('Mpls') }] as const;
      });
      return { region, presence: site.presence, links: new Map(site.presence === 'Heard' ? links : []) };
    });
  }

  #link(site: Site, name: string, { flapsEverySeconds, lost }: Place, path: TransitPath): LinkState {
    const isAway = flapsEverySeconds !== undefined && (this.#nowMs / 1000) % flapsEverySeconds >= flapsEverySeconds / 2;
    if (!site.hasUplink || lost.has(path) || isAway) return 'Down';
    return site.links.get(`${name} ${path}`) ?? 'Up';
  }

  #pass(seconds: number): string[] {
    const lines: string[] = [];
    for (let left = seconds; left > 0; left--, this.#nowMs += 1000) lines.push(...this.#step());
    return lines;
  }

  #step(): string[] {
    const nowMs = BEGIN_MS + this.#nowMs;
    this.#freezes = this.#freezes.filter(({ until }) => Date.parse(until ?? '') > nowMs);
    const question = {
      centres: [...this.#places.values()].map(({ spec }) => spec),
      policy: this.#policy,
      rows: this.#rows(),
      callers: this.#callers,
      countries: undefined,
      freezes: this.#freezes,
      hubIsolated: this.#isIsolated,
      nowMs,
      monoMs: this.#nowMs,
    };
    const look = lookAtTransit({ ...question, recorded: recordedTransit(this.#status), histories: this.#histories });
    this.#histories = look.histories;
    const before = this.#status;
    this.#status = transitStatus(look, before, nowMs);
    const ingress = recordedTransit(this.#status);
    const centres = look.view.centres.map((c) => ({ ...c, ingress: ingress.get(c.spec.name)?.ingress }));
    const view = { ...look.view, centres };
    const conditions = [transitReady(look, this.#status), judgeProtection(view), judgeReach(view)];
    const told = [...this.#centreNews(before), ...conditions.flatMap((condition) => this.#conditionNews(condition))];
    return told.map((text) => `${String(this.#nowMs / 1000).padStart(5)} s  ${text}`);
  }

  #centreNews(before: readonly TransitCentreStatus[] | undefined): string[] {
    return (this.#status ?? []).flatMap(({ hold, ingress, mpls, name, voice }) => {
      const known = before?.find((entry) => entry.name === name);
      const lines: string[] = [];
      if (voice && voice.state !== known?.voice?.state) lines.push(`${name} voice ${voice.state}: ${voice.message}`);
      if (mpls && mpls.state !== known?.mpls?.state) lines.push(`${name} mpls ${mpls.state}: ${mpls.message}`);
      if (ingress && ingress.servedBy !== known?.ingress?.servedBy) {
        lines.push(`${name} callers come in through ${ingress.servedBy} (${ingress.reason})`);
      }
      const [was, is] = [known?.hold, hold].map(
        (each) => each && `${each.wanted} ${each.reason} ${describeHold(each)}`,
      );
      if (is !== was) lines.push(is === undefined ? `${name} held no more` : `${name} held: ${is}`);
      return lines;
    });
  }

  #conditionNews({ message, reason, status, type }: ConditionState): string[] {
    const text = `${type} ${status} ${reason}: ${message}`;
    const isNews = this.#conditions.get(type) !== text;
    this.#conditions.set(type, text);
    return isNews ? [text] : [];
  }
}

const aSite = (): Site => ({ presence: 'Heard', hasUplink: true, links: new Map() });

const readValue = (word: string | undefined): string | number | boolean =>
  word === 'true' || word === 'false' ? word === 'true' : Number.isNaN(Number(word)) ? String(word) : Number(word);

/** The words behind each of the key words. */
function section(words: readonly string[], key: string, keys: readonly string[]): string[] {
  const at = words.indexOf(key);
  if (at < 0) return [];
  const rest = words.slice(at + 1);
  const end = rest.findIndex((word) => keys.includes(word));
  return end < 0 ? rest : rest.slice(0, end);
}

/** `centre <name> pair <pair> [in <geography>] serves <region>... [calls <n>] [mpls] [special] [pending]` */
function aPlace(name: string, words: readonly string[]): Place {
  const keys = ['pair', 'in', 'serves', 'calls', 'mpls', 'special', 'pending'];
  const [pair] = section(words, 'pair', keys);
  const [geography = 'US'] = section(words, 'in', keys);
  const [calls] = section(words, 'calls', keys);
  const spec = aTransitCentre(name, section(words, 'serves', keys), {
    pair,
    geography,
    mpls: words.includes('mpls'),
    use: words.includes('special') ? 'Special' : 'General',
    state: words.includes('pending') ? 'Pending' : 'Active',
    ...(calls !== undefined && { calls: Number(calls) }),
  });
  return { spec, lost: new Set(), flapsEverySeconds: undefined };
}

/** `callers <agents> at <centre> in <region>...` */
function readCallers([agents, , centre = '', , ...regions]: readonly string[]): Callers {
  return { centre, tenants: 1, agents: Number(agents), regions, regionsNow: regions };
}
