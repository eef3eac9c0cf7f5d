import type { RegionSwitch } from '../../src/api/region-switch.ts';
import type { Drained } from '../../src/api/service-instance.ts';
import type { Ramped } from '../../src/api/traffic.ts';
import { nextDrains, shareOf } from '../../src/decide/drain.ts';
import { readStanding, restraintsOn } from '../../src/decide/manual-switch.ts';
import { nextRamps, rampShare } from '../../src/decide/ramp.ts';
import { computeWeights, type RegionWeight } from '../../src/decide/weights.ts';
import { manualReport } from '../../src/report/manual-switch.ts';
import { aSwitch } from '../support/objects.ts';

const BEGIN_MS = Date.UTC(2026, 0, 1);
const KEY = 'switchback-system/web';

/**
 * The traffic of one service that runs in several regions at once, second by second. Between two seconds nothing is kept
 * but what stands in the statuses, so every second could as well be that of another leader.
 */
export class TrafficStory {
  readonly #regions: string[] = [];
  readonly #serving = new Set<string>();
  readonly #switches = new Map<string, RegionSwitch>();
  /** Regions that come first; undefined: all alike. */
  #home: ReadonlySet<string> | undefined;
  #drains: readonly Drained[] = [];
  #ramps: readonly Ramped[] = [];
  #policy = { rampSteps: 1, rampSeconds: 120 };
  #weights: readonly RegionWeight[] = [];
  #nowMs = 0;

  /** Carries out one line of the story; returns what was seen. Throws when the line means nothing. */
  tell(line: string): string[] {
    const words = line.split(/\s+/);
    const [first = '', second = ''] = words;
    const lines: string[] = [];
    if (first === 'regions') {
      this.#regions.push(...words.slice(1));
      for (const region of this.#regions) this.#serving.add(region);
    } else if (first === 'home') this.#home = new Set(words.slice(1));
    else if (first === 'for') {
      for (let second_ = Number(second); second_ > 0; second_--, this.#nowMs += 1000) lines.push(...this.#step());
    } else if (first === 'switch') this.#switch(second, words.slice(2));
    else if (first === 'abort') this.#setSpec(second, { abort: true });
    else if (first === 'resume') this.#setSpec(second, { pause: false });
    else if (first === 'ramp') this.#policy = { rampSteps: Number(second), rampSeconds: Number(words[4]) };
    else if (line.endsWith('serves no more')) this.#serving.delete(first);
    else if (line.endsWith('serves again')) this.#serving.add(first);
    else throw new Error(`the story says nothing of "${line}"`);
    return lines;
  }

  #iso = (atMs: number): string => `${new Date(BEGIN_MS + atMs).toISOString().slice(0, 19)}Z`;

  /** `switch <name> <type> <region> [paused] [step <percent> every <seconds> s] [for <seconds> s]`. */
  #switch(name: string, words: readonly string[]): void {
    const [type, region] = words;
    const numberAfter = (word: string): number => Number(words[words.indexOf(word) + 1]);
    const drain = { stepPercent: numberAfter('step'), everySeconds: numberAfter('every') };
    const made = aSwitch(name, {
      type,
      region,
      pause: words.includes('paused'),
      ...(words.includes('step') && { drain }),
      ...(words.includes('for') && { expiresAt: this.#iso(this.#nowMs + numberAfter('for') * 1000) }),
    });
    this.#switches.set(name, made);
  }

  #setSpec(name: string, change: Partial<RegionSwitch['spec']>): void {
    const found = this.#switches.get(name);
    if (!found) throw new Error(`there is no switch ${name}`);
    this.#switches.set(name, { ...found, spec: { ...found.spec, ...change } });
  }

  /** As the hub reports it: the steps count from the start that is told here. */
  #report(now: number): void {
    const nothing = { services: [], regions: [], stop: undefined, drain: undefined, obstacle: undefined };
    const plan = [{ name: KEY, verdict: 'Drains' as const }];
    for (const [name, object] of this.#switches) {
      if (object.status?.startTime !== undefined) continue;
      const { fields } = manualReport(object, { ...nothing, plan, back: [], left: 0, drill: undefined }, now);
      this.#switches.set(name, { ...object, status: { observedGeneration: 1, ...fields } });
    }
  }

  #step(): string[] {
    const now = BEGIN_MS + this.#nowMs;
    this.#report(now);
    const standing = readStanding([...this.#switches.values()], 'americas', now);
    const orders = restraintsOn(standing, KEY).keptEmpty.flatMap(({ drain }) => drain ?? []);
    const before = this.#drains;
    this.#drains = nextDrains(this.#regions, before, orders, now);
    const drained = new Set([...before, ...this.#drains].map(({ region }) => region));
    const last = this.#weights.length > 0 ? this.#weights : undefined;
    const facts = { regions: this.#regions, serving: this.#serving, drained, last, before: this.#ramps };
    this.#ramps = nextRamps(facts, this.#policy, now);
    const left = new Map(this.#ramps.map((ramp): [string, number] => [ramp.region, rampShare(ramp, now)]));
    for (const each of this.#drains) left.set(each.region, Math.min(shareOf(each, now), left.get(each.region) ?? 100));
    const told = this.#tell();
    this.#weights = computeWeights(this.#regions, this.#serving, this.#weights, left, this.#home);
    return this.#tell() === told ? [] : [`${String(this.#nowMs / 1000).padStart(4)} s  ${this.#tell()}`];
  }

  #tell = (): string => this.#weights.map(({ region, weight }) => `${region} ${weight} %`).join(', ');
}
