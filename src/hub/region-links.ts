import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { CredentialSources, type CredentialsFound } from './credential-sources.ts';
import { type CredentialsProblem, connectByProfile, type ProfileOptions } from './profile-credentials.ts';
import { RegionLink } from './region-link.ts';

/** Makes a client of a region from its kubeconfig; rejects when that cannot be used. */
export type ConnectRegion = (region: string, kubeconfig: string) => Promise<KubeClient>;

export interface RegionLinksOptions {
  readonly hub: KubeClient;
  readonly connect: ConnectRegion;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEngaged: (link: RegionLink, group: IUGroup) => void;
  readonly onDisengaged: (link: RegionLink) => void;
  readonly onError: (region: string, error: unknown) => void;
  /** Absent: ClusterProfiles are neither read nor used. */
  readonly profiles?: ProfileOptions | undefined;
  /** Told when there is something else to be said of what a ClusterProfile gives. */
  readonly onCredentials?: (region: string, problem: CredentialsProblem | undefined) => void;
}

interface Wanted {
  readonly unit: InfrastructureUnit;
  readonly group: IUGroup;
}

export type CredentialsState = 'Ok' | 'NotFound' | 'Invalid';

/**
 * The regions that the hub talks to: engaged and disengaged at run time as groups and credentials come, change and go.
 * A Secret or ClusterProfile that changes gives the region a new link; one that disappears leaves the old link alone,
 * because a missing credential means "unknown", never "gone". A link by a ClusterProfile renews its credential itself.
 */
export class RegionLinks {
  readonly #options: RegionLinksOptions;
  readonly #sources: CredentialSources;
  readonly #links = new Map<string, RegionLink>();
  /** Hash of what was last tried for a region. */
  readonly #fingerprints = new Map<string, string>();
  readonly #credentials = new Map<string, CredentialsState>();
  readonly #problems = new Map<string, CredentialsProblem>();
  /** Ends what waits for its first credential. */
  readonly #attempts = new Map<string, () => void>();
  #wanted = new Map<string, Wanted>();

  constructor(options: RegionLinksOptions) {
    const { clock, hub, onError, profiles, random } = options;
    this.#options = options;
    this.#sources = new CredentialSources({
      ...{ hub, clock, random, onError, providers: profiles?.providers },
      onChange: (isMeant) => {
        for (const [region, { unit }] of this.#wanted) if (isMeant(unit.credentials)) this.#engage(region);
      },
    });
  }

  get(region: string): RegionLink | undefined {
    return this.#links.get(region);
  }

  list(): readonly RegionLink[] {
    return [...this.#links.values()];
  }

  /** The group that the region belongs to: the first by name of those that name it. */
  groupOf(region: string): IUGroup | undefined {
    return this.#wanted.get(region)?.group;
  }

  credentialsOf(region: string): CredentialsState {
    return this.#credentials.get(region) ?? 'NotFound';
  }

  /** What is the matter with what the ClusterProfile of a region gives; undefined: nothing, or it has none. */
  problemOf(region: string): CredentialsProblem | undefined {
    return this.#problems.get(region);
  }

  beginLeadership(): void {
    for (const link of this.list()) link.beginLeadership();
  }

  /** Makes the links those of the given groups. Call it whenever a group changes. */
  follow(groups: readonly IUGroup[]): void {
    const wanted = new Map<string, Wanted>();
    for (const group of groups.toSorted((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1))) {
      for (const unit of group.spec.infrastructureUnits) {
        if (!wanted.has(unit.region)) wanted.set(unit.region, { unit, group });
      }
    }
    const before = this.#wanted;
    this.#wanted = wanted;
    for (const [region, { unit }] of wanted) {
      this.#sources.watch(unit.credentials);
      // What is named now may not be there yet: what was named before must not be engaged meanwhile.
      if (!isDeepStrictEqual(before.get(region)?.unit.credentials, unit.credentials)) this.#giveUp(region);
    }
    for (const region of this.#engaged()) if (!wanted.has(region)) this.#disengage(region);
    for (const region of wanted.keys()) this.#engage(region);
  }

  async stop(): Promise<void> {
    await this.#sources.stop();
    for (const region of this.#engaged()) this.#disengage(region);
  }

  #engaged(): ReadonlySet<string> {
    return new Set([...this.#fingerprints.keys(), ...this.#links.keys()]);
  }

  #engage(region: string): void {
    const wanted = this.#wanted.get(region);
    if (!wanted) return;
    const found = this.#sources.find(wanted.unit.credentials);
    if (found.from === 'nothing') this.#lack(region, found.problem);
    else this.#try(region, found);
  }

  #try(region: string, found: Exclude<CredentialsFound, { from: 'nothing' }>): void {
    const fingerprint = createHash('sha256').update(JSON.stringify(found)).digest('hex');
    if (this.#fingerprints.get(region) === fingerprint) return;
    this.#giveUp(region);
    this.#fingerprints.set(region, fingerprint);
    if (found.from === 'secret') {
      this.#tell(region, undefined);
      void this.#connect(region, fingerprint, found.kubeconfig);
    } else this.#connectByProfile(region, fingerprint, found);
  }

  /** What is not there, or is refused, takes nothing away: a link that is there stays, and renews its credential. */
  #lack(region: string, problem: CredentialsProblem | undefined): void {
    if (!this.#links.has(region)) {
      const isRefused = problem !== undefined && problem.reason !== 'CredentialsNotFound';
      this.#credentials.set(region, isRefused ? 'Invalid' : 'NotFound');
    }
    if (!problem) return;
    this.#giveUp(region);
    // Nothing that was tried has this hash: what comes next is tried, also when it is what was there before.
    this.#fingerprints.set(region, 'nothing');
    this.#tell(region, problem);
  }

  #giveUp(region: string): void {
    this.#attempts.get(region)?.();
    if (this.#attempts.delete(region)) this.#fingerprints.delete(region);
  }

  #connectByProfile(
    region: string,
    fingerprint: string,
    { access, profile }: Extract<CredentialsFound, { from: 'profile' }>,
  ): void {
    const { clock, onError, profiles, random } = this.#options;
    if (!profiles) return;
    const tell = (problem: CredentialsProblem | undefined): void => {
      if (this.#fingerprints.get(region) !== fingerprint) return;
      if (problem && !this.#links.has(region)) this.#credentials.set(region, 'Invalid');
      this.#tell(region, problem);
    };
    const connection = connectByProfile({ region, profile, access, options: profiles, clock, random, tell });
    this.#attempts.set(region, connection.stop);
    connection.client
      .then((client) => this.#connected(region, fingerprint, client))
      .catch((error) => onError(region, error));
  }

  #tell(region: string, problem: CredentialsProblem | undefined): void {
    if (this.#problems.get(region)?.message === problem?.message) return;
    if (problem) this.#problems.set(region, problem);
    else this.#problems.delete(region);
    this.#options.onCredentials?.(region, problem);
  }

  async #connect(region: string, fingerprint: string, kubeconfig: string): Promise<void> {
    try {
      await this.#connected(region, fingerprint, await this.#options.connect(region, kubeconfig));
    } catch (error) {
      if (this.#fingerprints.get(region) === fingerprint) this.#credentials.set(region, 'Invalid');
      this.#options.onError(region, error);
    }
  }

  async #connected(region: string, fingerprint: string, client: KubeClient): Promise<void> {
    const wanted = this.#wanted.get(region);
    if (this.#fingerprints.get(region) !== fingerprint || !wanted) return client.transport.close();
    this.#attempts.delete(region);
    this.#replace(region, client, wanted.group);
  }

  #replace(region: string, client: KubeClient, group: IUGroup): void {
    this.#close(region);
    const { clock, random } = this.#options;
    const link = new RegionLink({ region, client, clock, random, onError: (error) => this.#failed(region, error) });
    this.#links.set(region, link);
    this.#credentials.set(region, 'Ok');
    link.start();
    this.#options.onEngaged(link, group);
  }

  #failed(region: string, error: unknown): void {
    this.get(region)?.failed(error);
    this.#options.onError(region, error);
  }

  #disengage(region: string): void {
    this.#giveUp(region);
    this.#fingerprints.delete(region);
    this.#tell(region, undefined);
    this.#close(region);
  }

  #close(region: string): void {
    const link = this.#links.get(region);
    if (!link) return;
    this.#links.delete(region);
    this.#options.onDisengaged(link);
    void link.stop().then(() => link.client.transport.close());
  }
}

/**
 * Regions of a group that were told other timings than it has, by one that was there before under its name or over its
 * regions. Rights and promises last there as they were told, which never changes, so a hub that waits by other timings must
 * grant nothing in the whole group. What was not read yet, or never told, is not named.
 */
export const toldOtherTimings = (
  { links }: { readonly links: Pick<RegionLinks, 'get' | 'groupOf'> },
  group: IUGroup | undefined,
): string[] =>
  group === undefined
    ? []
    : regionsOfGroup(links, group).filter((region) => {
        const told = links.get(region)?.regions.store.get(region)?.spec.timings;
        return told !== undefined && !isDeepStrictEqual(told, group.spec.timings);
      });

/** The regions of a group. One that belongs to another group is none of it. */
export const regionsOfGroup = (links: Pick<RegionLinks, 'groupOf'>, { metadata, spec }: IUGroup): string[] =>
  spec.infrastructureUnits
    .map(({ region }) => region)
    .filter((region) => links.groupOf(region)?.metadata.name === metadata.name);
