import { createHash } from 'node:crypto';
import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { InfrastructureUnit, IUGroup } from '../api/iu-group.ts';
import type { KubeClient } from '../kube/client.ts';
import { createInformer, type Informer } from '../kube/informer.ts';
import { SECRET, type Secret } from '../kube/kinds.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
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
}

interface Wanted {
  readonly unit: InfrastructureUnit;
  readonly group: IUGroup;
}

export type CredentialsState = 'Ok' | 'NotFound' | 'Invalid';

/**
 * The regions that the hub talks to: engaged and disengaged at run time as groups and credentials come, change and go.
 * A Secret that changes gives the region a new link; one that disappears leaves the old link alone, because a missing
 * credential means "unknown", never "gone".
 */
export class RegionLinks {
  readonly #options: RegionLinksOptions;
  readonly #secrets = new Map<string, Informer<Secret>>();
  readonly #links = new Map<string, RegionLink>();
  /** Hash of the kubeconfig that was last tried for a region. */
  readonly #fingerprints = new Map<string, string>();
  readonly #credentials = new Map<string, CredentialsState>();
  #wanted = new Map<string, Wanted>();

  constructor(options: RegionLinksOptions) {
    this.#options = options;
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
    this.#wanted = wanted;
    for (const { unit } of wanted.values()) this.#watchSecret(unit.credentials.secretName);
    for (const region of [...this.#fingerprints.keys()]) if (!wanted.has(region)) this.#disengage(region);
    for (const region of wanted.keys()) this.#engage(region);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#secrets.values()].map((informer) => informer.reflector.stop()));
    for (const region of [...this.#fingerprints.keys()]) this.#disengage(region);
  }

  #watchSecret(name: string): void {
    if (this.#secrets.has(name)) return;
    const informer = createInformer<Secret>({
      client: this.#options.hub,
      clock: this.#options.clock,
      random: this.#options.random,
      resource: SECRET,
      namespace: SYSTEM_NAMESPACE,
      // One object by name: no right to list the other Secrets of the namespace is needed.
      fieldSelector: `metadata.name=${name}`,
      onError: (error) => this.#options.onError(name, error),
    });
    this.#secrets.set(name, informer);
    informer.store.addHandler(() => this.#secretChanged(name));
    informer.reflector.start();
  }

  #secretChanged(secretName: string): void {
    for (const [region, { unit }] of this.#wanted) {
      if (unit.credentials.secretName === secretName) this.#engage(region);
    }
  }

  #engage(region: string): void {
    const wanted = this.#wanted.get(region);
    if (!wanted) return;
    const { secretName, key } = wanted.unit.credentials;
    const encoded = this.#secrets.get(secretName)?.store.get(`${SYSTEM_NAMESPACE}/${secretName}`)?.data?.[key];
    if (encoded === undefined) {
      if (!this.#links.has(region)) this.#credentials.set(region, 'NotFound');
      return;
    }
    const fingerprint = createHash('sha256').update(encoded).digest('hex');
    if (this.#fingerprints.get(region) === fingerprint) return;
    this.#fingerprints.set(region, fingerprint);
    void this.#connect(region, fingerprint, Buffer.from(encoded, 'base64').toString('utf8'));
  }

  async #connect(region: string, fingerprint: string, kubeconfig: string): Promise<void> {
    const isLatest = (): boolean => this.#fingerprints.get(region) === fingerprint;
    try {
      const client = await this.#options.connect(region, kubeconfig);
      const wanted = this.#wanted.get(region);
      if (isLatest() && wanted) this.#replace(region, client, wanted.group);
      else await client.transport.close();
    } catch (error) {
      if (isLatest()) this.#credentials.set(region, 'Invalid');
      this.#options.onError(region, error);
    }
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
    this.#fingerprints.delete(region);
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

/** The regions of a group. One that belongs to another group is none of it. */
export const regionsOfGroup = (links: Pick<RegionLinks, 'groupOf'>, { metadata, spec }: IUGroup): string[] =>
  spec.infrastructureUnits
    .map(({ region }) => region)
    .filter((region) => links.groupOf(region)?.metadata.name === metadata.name);
