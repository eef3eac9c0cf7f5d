import { z } from 'zod';

/**
 * Which plugins the hub may run for the credentials of regions: the provider file of cluster-inventory-api, strict. What is
 * not in here is not run, whatever a ClusterProfile says.
 */

/** Set by the hub, or read by the loader of programs before a plugin has begun. */
const RESERVED = /^(KUBERNETES_EXEC_INFO|LD_.*)$/;

const variable = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable')
    .describe('Name of the variable.'),
  value: z.string().max(4096).describe('Its value; not a place for secrets.'),
});

const execConfig = z.strictObject({
  apiVersion: z
    .enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'])
    .describe('Version of the exec protocol that the plugin speaks.'),
  command: z
    .string()
    .max(1024)
    .regex(/^\/\S*[^/\s]$/, 'must be an absolute path without spaces: nothing is looked for in a PATH')
    .describe('Absolute path of the plugin in the pod.'),
  args: z
    .array(z.string().max(4096))
    .max(64)
    .nullish()
    .transform((args) => args ?? [])
    .describe('Its arguments.'),
  env: z
    .array(variable)
    .max(64)
    .nullish()
    .transform((env) => env ?? [])
    .describe('All of its environment beside KUBERNETES_EXEC_INFO.'),
  provideClusterInfo: z
    .boolean()
    .default(false)
    .describe('Tell the plugin the server, the CA and the `config` of the profile.'),
  interactiveMode: z.enum(['Never']).optional().describe('There is nobody to ask.'),
});

export const accessProvider = z.strictObject({
  name: z.string().min(1).max(253).describe('Name of the access provider, as ClusterProfiles offer it.'),
  execConfig: execConfig.describe('The plugin, as an exec credential plugin of a kubeconfig is written.'),
  profileSourcedCLIArgsPolicy: z.enum(['Ignore']).optional().describe('Arguments from a profile are never used.'),
  profileSourcedEnvVarsPolicy: z.enum(['Ignore']).optional().describe('Variables from a profile are never used.'),
});

const file = z
  .strictObject({ providers: z.array(accessProvider).max(32) })
  .superRefine(({ providers }, { addIssue }) => {
    const names = providers.map(({ name }) => name);
    if (new Set(names).size < names.length) {
      addIssue({ code: 'custom', path: ['providers'], message: 'names a provider twice' });
    }
    const reserved = providers.flatMap(({ execConfig: { env } }) => env).find(({ name }) => RESERVED.test(name));
    if (reserved) addIssue({ code: 'custom', path: ['providers'], message: `${reserved.name} must not be set` });
  });

/** The setting: JSON text. What is wrong in it is named by its path, never quoted. */
export const accessProviders = z
  .string()
  .transform((text, { addIssue }): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      addIssue({ code: 'custom', message: 'is no JSON' });
      return z.NEVER;
    }
  })
  .pipe(file)
  .transform(({ providers }) => providers);
