import type { TransitPath, TransitProbe } from '../../api/transit-centre.ts';
import type { LinkState, TransitOrders, TransitSighting } from '../../api/transit-link.ts';
import type { Log } from '../../report/log-port.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { Ticker } from '../../runtime/ticker.ts';
import type { Ask } from './ask.ts';
import { LinkBook } from './link-book.ts';
import type { Outcome } from './outcome.ts';
import { Slots } from './slots.ts';

/** Told what came of each question, and what the links are. */
export interface ProbeMetrics {
  asked(
    probe: { centre: string; path: TransitPath; type: TransitProbe['type'] },
    outcome: Outcome,
    seconds: number,
  ): void;
  link(link: { centre: string; path: TransitPath }, state: LinkState | undefined, loss: number): void;
  /** Nobody asks any more, or not the same centres. */
  forget(): void;
}

export interface TransitProbesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly ask: Ask;
  readonly metrics?: ProbeMetrics;
  /** Told when there is something new to say. */
  readonly onNews: () => void;
}

/** Questions in flight: a socket each. All the questions of 32 centres are 256; that many are never open. */
const MOST_AT_ONCE = 64;
/** Timer F of RFC 3261: an answer that comes later is to nobody. */
const LONGEST_MS = 32_000;
/** While nothing is known, questions come at least so often. */
const UNDECIDED_EVERY_MS = 5_000;

/**
 * Asks the transit centres, each probe in a rhythm of its own, with one question in flight: its deadline is the interval.
 * Only while this agent leads. The rhythms begin at random moments, so regions do not ask a centre in step.
 */
export class TransitProbes {
  readonly #options: TransitProbesOptions;
  readonly #book: LinkBook;
  readonly #slots = new Slots(MOST_AT_ONCE);
  #orders: TransitOrders | undefined;
  #isLeading = false;
  #rhythms: readonly Ticker[] = [];

  constructor(options: TransitProbesOptions) {
    this.#options = options;
    this.#book = new LinkBook(options.clock);
  }

  /** Takes what the hub wants to be asked. What is known by questions that stay the same is kept. */
  configure(orders: TransitOrders | undefined): void {
    if (JSON.stringify(orders) === JSON.stringify(this.#orders)) return;
    this.#orders = orders;
    this.#book.configure(orders);
    this.#options.metrics?.forget();
    if (this.#isLeading) this.#restart();
    // Also when nothing is asked any more: then nothing is said.
    this.#options.onNews();
  }

  beginLeadership(): void {
    this.#isLeading = true;
    this.#book.clear();
    this.#restart();
  }

  endLeadership(): void {
    this.#isLeading = false;
    void this.stop();
    this.#options.metrics?.forget();
  }

  async stop(): Promise<void> {
    const rhythms = this.#rhythms;
    this.#rhythms = [];
    await Promise.all(rhythms.map((rhythm) => rhythm.stop()));
  }

  /** Whether questions from this address are those of a centre that is asked from here. */
  knows(address: string): boolean {
    return this.#book.knows(address);
  }

  /** A question of a centre has arrived. What another agent of the region hears is not known here. */
  heard(address: string): void {
    if (this.#isLeading && this.#book.hear(address)) this.#options.onNews();
  }

  /** What to say of the centres, given what was said before; null: nothing is asked. */
  list(before: readonly TransitSighting[] | undefined): readonly TransitSighting[] | null {
    const sightings = this.#book.list(before);
    return sightings.length > 0 ? sightings : null;
  }

  #restart(): void {
    void this.stop();
    const { centres = [], intervalSeconds = 0 } = this.#orders ?? {};
    this.#rhythms = centres.flatMap(({ name, probes }) =>
      probes.map((probe) => this.#createRhythm(name, probe, intervalSeconds * 1000)),
    );
    for (const rhythm of this.#rhythms) rhythm.start();
  }

  #createRhythm(centre: string, probe: TransitProbe, intervalMs: number): Ticker {
    const { clock, log, random } = this.#options;
    let isFirst = true;
    return new Ticker({
      clock,
      random,
      everyMs: intervalMs,
      atRate: true,
      onError: (error) => log('warn', 'Transit centre not asked', { centre, probe: probe.name, error: String(error) }),
      run: async (signal) => {
        const soonMs = Math.min(intervalMs, UNDECIDED_EVERY_MS);
        if (isFirst) {
          isFirst = false;
          return { requeueAfterMs: random.next() * soonMs };
        }
        await this.#slots.run(() => this.#ask(centre, probe, intervalMs, signal));
        return this.#book.isDecided(centre, probe.name) ? undefined : { requeueAfterMs: soonMs };
      },
    });
  }

  async #ask(centre: string, probe: TransitProbe, intervalMs: number, signal: AbortSignal): Promise<void> {
    const { ask, clock, metrics, onNews } = this.#options;
    const startedAt = clock.now();
    const outcome = await ask(probe, { clock, signal, timeoutMs: Math.min(intervalMs, LONGEST_MS) });
    // It was asked for an earlier leadership, or by orders that are no more.
    if (signal.aborted) return;
    const seconds = (clock.now().monoMs - startedAt.monoMs) / 1000;
    metrics?.asked({ centre, path: probe.path, type: probe.type }, outcome, seconds);
    const isNews = this.#book.take(centre, probe.name, outcome);
    const links = this.#book.links(centre);
    for (const link of links) metrics?.link(link, link.state, link.loss);
    if (!isNews) return;
    const states = Object.fromEntries(links.map(({ path, state }) => [path, state ?? 'unknown']));
    this.#options.log('info', 'Transit centre looks different', { centre, ...states });
    onNews();
  }
}
