import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup } from '../api/iu-group.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import { RESOURCES } from '../api/resources.ts';
import type { TenantDirectory } from '../api/tenant-directory.ts';
import { judgeInheritance, type RegionMark, type Verdict } from '../decide/inheritance.ts';
import { describeMissing, digestOf, isNothingMissing, type Missing, missingOf } from '../decide/missing.ts';
import { computeProtocolTiming } from '../decide/timing.ts';
import { ifPresent } from '../kube/errors.ts';
import { keyOf } from '../kube/object.ts';
import { hubFollows, hubInherited } from '../report/events.ts';
import { elapsedAtLeast, type Instant } from '../runtime/clock.ts';
import type { HubContext } from './context.ts';
import { isReachable } from './diagnose.ts';
import type { RegionLink } from './region-link.ts';
import { regionsOfGroup } from './region-links.ts';
import { RivalWatch } from './rival.ts';

/** How often it is looked what is missing, while it is asked. */
const LOOK_EVERY_MS = 5000;

type Context = Pick<
  HubContext,
  | 'assignments'
  | 'clock'
  | 'diagnoses'
  | 'events'
  | 'groups'
  | 'instances'
  | 'leadership'
  | 'links'
  | 'tenants'
  | 'log'
  | 'lookAgain'
>;

/** Of one group, in this leadership. */
interface Account {
  /** Since when no other hub can acknowledge any more. */
  readonly since: Instant;
  /** What regions hold that has no manifest here; undefined: not looked at yet. */
  missing?: Missing | undefined;
  lookedAt?: Instant;
  isLooking?: boolean;
}

/** `<uid>/<version>` of hubs, as a person names them. */
const recordsIn = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((record) => record.trim())
    .filter((record) => record !== '');

/**
 * Whether this hub may act for a group, or follows another one that the regions remember (`decide/inheritance.ts`). It is
 * asked right before whatever only the one hub may do, so it is reckoned anew each time, from what the leases show.
 */
export class Inheritance {
  readonly #context: Context;
  readonly #rivals = new Map<string, RivalWatch>();
  readonly #accounts = new Map<string, Account>();
  readonly #followed = new Set<string>();
  readonly #told = new Map<string, { readonly kind: string; readonly what: string }>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** A leadership begins: what was seized before was so under another term. */
  forget(): void {
    this.#accounts.clear();
  }

  /** What is seen of other hubs in a region. */
  rivalIn(region: string): RivalWatch {
    const known = this.#rivals.get(region);
    if (known) return known;
    const made = new RivalWatch(this.#context, region);
    this.#rivals.set(region, made);
    return made;
  }

  isOwn = (group: IUGroup): boolean => this.look(group).kind === 'Own';

  /** Whether this hub may write to a region: one that belongs to no group is nobody's. */
  mayWriteTo(region: string): boolean {
    const { links } = this.#context;
    const group = links.groupOf(region);
    if (!group || links.get(region)?.leases.reflector.synced !== true) return false;
    // What was told last is a wait: each order asks, and a wait is not reckoned anew for each of them.
    const told = this.#told.get(group.metadata.name);
    return (told === undefined || told.kind === 'Own') && this.isOwn(group);
  }

  look(group: IUGroup): Verdict {
    const { leadership, links } = this.#context;
    const own = leadership.own();
    if (!own) return NOT_LEADING;
    const names = regionsOfGroup(links, group);
    if (names.every((region) => links.get(region)?.leases.reflector.synced !== true)) return NOTHING_READ;
    const regions = names.map((region) => this.#markOf(region));
    const stopped = recordsIn(this.#annotationOf(group, ANNOTATIONS.hubStopped));
    const verdict = judgeInheritance({ own, regions, stopped });
    const { name } = group.metadata;
    if (verdict.kind !== 'Seized') {
      this.#accounts.delete(name);
      if (verdict.kind !== 'Own') this.#followed.add(name);
      return verdict;
    }
    this.#followed.add(name);
    const account = this.#accounts.get(name) ?? this.#open(name, regions);
    return this.#waitOut(group, account, regions) ?? { kind: 'Own' };
  }

  /** Looks what is missing, where that is the question. Never rejects: what cannot be read stays unknown. */
  async lookForMissing(group: IUGroup, signal: AbortSignal): Promise<void> {
    const account = this.#accounts.get(group.metadata.name);
    const now = this.#context.clock.now();
    if (!account || account.isLooking) return;
    if (account.lookedAt && elapsedAtLeast(account.lookedAt, now) < LOOK_EVERY_MS) return;
    account.lookedAt = now;
    account.isLooking = true;
    const { instances, links, log, tenants } = this.#context;
    const read = regionsOfGroup(links, group).flatMap((region) =>
      this.#markOf(region).isRead ? (links.get(region) ?? []) : [],
    );
    try {
      account.missing = missingOf(group.metadata.name, {
        orders: read.flatMap(({ services }) => services.store.list()),
        shards: (await Promise.all(read.map((link) => shardsIn(link, signal)))).flat(),
        isInstance: (key) => instances.store.get(key) !== undefined,
        isTenant: (key) => tenants.store.get(key) !== undefined,
      });
    } catch (error) {
      account.missing = undefined;
      log('debug', 'Tenant directory not read', { group: group.metadata.name, error: String(error) });
    } finally {
      account.isLooking = false;
    }
  }

  /** As the status of the group tells it; undefined where there never was another hub. */
  condition(group: IUGroup): ConditionState | undefined {
    const { name } = group.metadata;
    const type = 'Inherited';
    const said = group.status?.conditions?.find((known) => known.type === type);
    if (!this.#context.leadership.own()) return said;
    const verdict = this.look(group);
    if (verdict === NOTHING_READ) return said;
    if (verdict.kind === 'Wait') return { type, status: 'False', reason: verdict.reason, message: verdict.message };
    if (verdict.kind !== 'Own') {
      const message = 'this hub begins a term above all that the regions know';
      return { type, status: 'False', reason: 'WaitingOutPredecessor', message };
    }
    if (!said && !this.#followed.has(name)) return undefined;
    const message = 'epochs and active regions are those that the regions knew';
    return { type, status: 'True', reason: 'HubInherited', message };
  }

  /** Has the group told of what has changed since it was last asked. */
  tell(group: IUGroup, verdict: Verdict): void {
    if (verdict === NOTHING_READ) return;
    const { events, log, lookAgain } = this.#context;
    const { name } = group.metadata;
    const [kind, what] =
      verdict.kind === 'Wait' ? [verdict.reason, verdict.message] : [verdict.kind, String(verdict.kind)];
    const before = this.#told.get(name) ?? { kind: 'Own', what: 'Own' };
    if (what === before.what) return;
    this.#told.set(name, { kind, what });
    lookAgain.group(name);
    if (verdict.kind === 'Own') {
      log('info', 'Hub has inherited a group', { group: name });
      events.record(hubInherited(group));
      return;
    }
    log('warn', 'Hub follows another one', { group: name, because: what });
    // Whom it waits for changes by the region; an event tells of another thing that it waits for.
    if (verdict.kind === 'Wait' && kind !== before.kind) events.record(hubFollows(group, verdict.reason, what));
  }

  /** Of the newest object: an annotation is no new generation, so whoever asks may hold an older one. */
  #annotationOf({ metadata }: IUGroup, annotation: string): string | undefined {
    const { metadata: newest } = this.#context.groups.store.get(metadata.name) ?? { metadata };
    return newest.annotations?.[annotation];
  }

  #open(name: string, regions: readonly RegionMark[]): Account {
    const account = { since: this.#context.clock.now() };
    this.#accounts.set(name, account);
    // What the other hub ordered until now is read by quorum, not waited for: a watch may be dead without a word.
    for (const { region } of regions) void this.#context.links.get(region)?.services.reflector.refresh();
    return account;
  }

  #waitOut(group: IUGroup, account: Account, regions: readonly RegionMark[]): Verdict | undefined {
    const { waitMs } = computeProtocolTiming(group.spec.timings);
    const leftMs = waitMs - elapsedAtLeast(account.since, this.#context.clock.now());
    // A region that nobody reads was confirmed; one that answers is read to the end, and what it knows is adopted.
    const isBehind = (): boolean => regions.some(({ isRead, region }) => isRead && !this.#knowsAllOf(region));
    if (leftMs > 0 || isBehind()) {
      const message = 'what the hub before has permitted is waited out for one wait; nothing is permitted meanwhile';
      return { kind: 'Wait', reason: 'WaitingOutPredecessor', message, endsWhen: 'a full wait has passed' };
    }
    const { missing } = account;
    if (!missing) {
      const message = 'it is not known yet whether the manifests here name all that regions hold';
      return { kind: 'Wait', reason: 'ManifestsMissing', message, endsWhen: 'the tenant directories are read' };
    }
    const accepted = this.#annotationOf(group, ANNOTATIONS.missingAccepted);
    if (isNothingMissing(missing) || accepted === digestOf(missing)) return undefined;
    const endsWhen = 'the manifests are applied, or a person accepts that they are missing (restore-hub)';
    return { kind: 'Wait', reason: 'ManifestsMissing', message: describeMissing(missing), endsWhen };
  }

  #markOf(region: string): RegionMark {
    const link = this.#context.links.get(region);
    const isRead = link?.synced === true && link.leases.reflector.synced && isReachable(this.#context, link);
    const mark = link?.leases.store.get(region)?.spec.hub;
    return { region, mark, isRead, other: this.rivalIn(region).standing };
  }

  /** Whether the orders of a region were read since the wait began, and none of them is ahead of what is recorded here. */
  #knowsAllOf(region: string): boolean {
    const { assignments, instances, links } = this.#context;
    const services = links.get(region)?.services;
    const isBehind = services?.store.list().some((order) => {
      // What is not recorded at all is granted to nobody.
      const known = assignments.get(keyOf(order))?.epoch ?? Number.POSITIVE_INFINITY;
      return instances.store.get(keyOf(order)) !== undefined && order.spec.epoch > known;
    });
    return services?.reflector.fresh === true && isBehind === false;
  }
}

/** The directory is not cached with its tenants: it is large, and nothing else asks for them. */
async function shardsIn({ client }: RegionLink, signal: AbortSignal): Promise<readonly TenantDirectory[]> {
  // A region of an older version may not have the kind.
  return (await ifPresent(client.list(RESOURCES.tenantDirectory, { signal })))?.items ?? [];
}

/** Before the first region is read nobody can say whether there was another hub. */
const NOTHING_READ: Verdict = {
  kind: 'Wait',
  reason: 'WaitingForRegions',
  message: 'no region of the group has been read yet: they may remember another hub',
  endsWhen: 'the hub has read one of them',
};

const NOT_LEADING: Verdict = {
  kind: 'Wait',
  reason: 'NotObserved',
  message: 'this process does not lead',
  endsWhen: 'it leads',
};
