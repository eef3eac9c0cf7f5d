import { SYSTEM_NAMESPACE } from '../api/common.ts';
import type { InfrastructureUnit } from '../api/iu-group.ts';
import type { KubeClient } from '../kube/client.ts';
import { accessOf, CLUSTER_PROFILE, type ClusterProfile, type ProfileAccess } from '../kube/cluster-profile.ts';
import type { PluginProvider } from '../kube/exec-credential.ts';
import { createInformer, type Informer } from '../kube/informer.ts';
import { SECRET, type Secret } from '../kube/kinds.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import { type CredentialsProblem, SWITCHED_OFF } from './profile-credentials.ts';

type Credentials = InfrastructureUnit['credentials'];

export interface CredentialSourcesOptions {
  readonly hub: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Whose plugins may run; absent: ClusterProfiles are not read. */
  readonly providers: readonly PluginProvider[] | undefined;
  /** Told when what is named may say something else. */
  readonly onChange: (isMeant: (credentials: Credentials) => boolean) => void;
  readonly onError: (name: string, error: unknown) => void;
}

/** What an infrastructure unit names. */
export type CredentialsFound =
  | { readonly from: 'secret'; readonly kubeconfig: string }
  /** `profile` is `namespace/name`. */
  | { readonly from: 'profile'; readonly profile: string; readonly access: ProfileAccess }
  | { readonly from: 'nothing'; readonly problem?: CredentialsProblem };

/** The Secrets and ClusterProfiles that groups name, each watched by its name and no other. */
export class CredentialSources {
  readonly #options: CredentialSourcesOptions;
  readonly #secrets = new Map<string, Informer<Secret>>();
  readonly #profiles = new Map<string, Informer<ClusterProfile>>();

  constructor(options: CredentialSourcesOptions) {
    this.#options = options;
  }

  watch({ clusterProfileRef, secretName }: Credentials): void {
    if (secretName !== undefined) {
      const isMeant = (credentials: Credentials): boolean => credentials.secretName === secretName;
      this.#watch(this.#secrets, SECRET, { namespace: SYSTEM_NAMESPACE, name: secretName }, isMeant);
    }
    if (clusterProfileRef && this.#options.providers) {
      const key = keyOfRef(clusterProfileRef);
      const isMeant = ({ clusterProfileRef: ref }: Credentials): boolean => ref !== undefined && keyOfRef(ref) === key;
      this.#watch(this.#profiles, CLUSTER_PROFILE, clusterProfileRef, isMeant);
    }
  }

  find({ clusterProfileRef, key, secretName }: Credentials): CredentialsFound {
    if (clusterProfileRef) return this.#findByProfile(keyOfRef(clusterProfileRef));
    const at = `${SYSTEM_NAMESPACE}/${secretName}`;
    const encoded = this.#secrets.get(at)?.store.get(at)?.data?.[key];
    if (encoded === undefined) return { from: 'nothing' };
    return { from: 'secret', kubeconfig: Buffer.from(encoded, 'base64').toString('utf8') };
  }

  async stop(): Promise<void> {
    const informers = [...this.#secrets.values(), ...this.#profiles.values()];
    await Promise.all(informers.map((informer) => informer.reflector.stop()));
  }

  #findByProfile(profile: string): CredentialsFound {
    const { providers } = this.#options;
    if (!providers) return { from: 'nothing', problem: SWITCHED_OFF };
    const object = this.#profiles.get(profile)?.store.get(profile);
    if (!object) return { from: 'nothing' };
    const access = accessOf(object, providers);
    return 'reason' in access ? { from: 'nothing', problem: access } : { from: 'profile', profile, access };
  }

  #watch<T extends KubeObject>(
    informers: Map<string, Informer<T>>,
    resource: Resource<T>,
    ref: { readonly namespace: string; readonly name: string },
    isMeant: (credentials: Credentials) => boolean,
  ): void {
    const { clock, hub, onChange, onError, random } = this.#options;
    if (informers.has(keyOfRef(ref))) return;
    const informer = createInformer<T>({
      client: hub,
      clock,
      random,
      resource,
      namespace: ref.namespace,
      // One object by name: no right to list the others of the namespace is needed.
      fieldSelector: `metadata.name=${ref.name}`,
      onError: (error) => onError(ref.name, error),
    });
    informers.set(keyOfRef(ref), informer);
    informer.store.addHandler(() => onChange(isMeant));
    informer.reflector.start();
  }
}

const keyOfRef = ({ name, namespace }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;
