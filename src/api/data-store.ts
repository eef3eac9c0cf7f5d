import { z } from 'zod';
import { cel, count, dnsLabel, epoch, imageByDigest, listMap, listSet, seconds, timestamp } from './common.ts';

/** Data stores of a service, and how they are handed over from one region to the next: docs/data-stores.md. */

const hookFields = {
  image: imageByDigest.describe('Image by digest (`name@sha256:…`): what was tested is what runs.'),
  command: z.array(z.string().max(1024)).max(32).optional().describe('Entry point. Absent: that of the image.'),
  args: z.array(z.string().max(1024)).max(64).optional().describe('Arguments of the entry point.'),
  env: z
    .array(
      z.object({
        name: z.string().min(1).max(128).describe('Name of the variable.'),
        value: z.string().max(4096).describe('Its value.'),
      }),
    )
    .max(32)
    .meta(listMap('name'))
    .optional()
    .describe('Never a secret: use `secrets`. `SWITCHBACK_…` is set by the operator.'),
  secrets: z
    .array(dnsLabel())
    .max(4)
    .meta(listSet)
    .optional()
    .describe('Secrets of the namespace whose keys become variables.'),
  serviceAccountName: dnsLabel()
    .optional()
    .describe('Service account of the pod; its token is mounted then. Absent: none.'),
  deadlineSeconds: seconds(5, 3600)
    .default(120)
    .describe('How long one attempt may take. The kubelet ends it then, also without an agent.'),
};

const hook = z.object(hookFields);
const lagHook = z.object({
  ...hookFields,
  everySeconds: seconds(10, 3600).default(60).describe('How often it is asked.'),
});
export type HookSpec = z.infer<typeof hook>;

const hooks = z.object({
  demote: hook
    .optional()
    .describe('In the region that is left, after its pods have ended: when it succeeds, nothing can write there.'),
  promote: hook.optional().describe('In the region that takes over, before its pods start.'),
  verify: hook.optional().describe('After the promotion: when it succeeds, the store takes writes.'),
  lag: lagHook
    .optional()
    .describe('In a region that stands by: its termination message is the lag in seconds, a number.'),
  promoteOnFirst: z
    .boolean()
    .default(false)
    .describe('Whether promote and verify run also where the service is assigned for the first time.'),
});

export const storeDriver = z
  .enum(['None', 'Hook', 'CloudNativePG'])
  .describe(
    'How it is handed over. `None`: by the service itself. `Hook`: by Jobs of yours. `CloudNativePG`: a replica cluster is demoted and promoted.',
  );

const driverRules = cel(
  {
    rule: "self.driver != 'None' || !has(self.hooks)",
    message: 'hooks are run by a driver only: set driver to Hook or CloudNativePG, or leave hooks out',
  },
  {
    rule: "self.driver != 'Hook' || (has(self.hooks) && (has(self.hooks.demote) || has(self.hooks.promote)))",
    message: 'driver Hook does what its hooks do: give hooks.demote, hooks.promote or both',
  },
  {
    rule: "self.driver != 'CloudNativePG' || !has(self.hooks) || (!has(self.hooks.demote) && !has(self.hooks.promote))",
    message: 'driver CloudNativePG demotes and promotes by itself: leave hooks.demote and hooks.promote out',
  },
  {
    rule: '!has(self.hooks) || !has(self.hooks.promoteOnFirst) || !self.hooks.promoteOnFirst || has(self.hooks.promote)',
    message: 'promoteOnFirst is about hooks.promote, which is missing: give it, or leave promoteOnFirst out',
  },
  {
    rule: "self.driver == 'None' || self.crossRegion",
    message:
      'a data store that is handed over has a copy in the other region: set crossRegion to true, or driver to None',
  },
);

/** In a service class. */
export const dataStore = z
  .object({
    name: dnsLabel(20).describe('Name of the data store.'),
    pattern: z.enum(['A-B', 'N+1']).describe('How its instances back each other up inside a region.'),
    crossRegion: z.boolean().default(false).describe('Whether it keeps a copy in the secondary region.'),
    driver: storeDriver.default('None'),
    hooks: hooks.optional().describe('Jobs of yours, by what they do.'),
  })
  .meta(driverRules);

/** Bounded and plain: a region gives it, and another one is given it. */
const promotionToken = z
  .string()
  .min(1)
  .max(2048)
  .regex(/^[A-Za-z0-9+/=]+$/)
  .describe('What the store that was demoted gives to the one that is promoted.');

/** In the order to a region: stores with a driver of ours. */
export const dataStoreOrder = z.object({
  name: dnsLabel(20).describe('The data store of the service class.'),
  driver: z.enum(['Hook', 'CloudNativePG']).describe('How it is handed over.'),
  hooks: hooks.optional().describe('Jobs of the user, by what they do.'),
  promotionToken: promotionToken.optional(),
  lossObjectiveSeconds: count(2_000_000)
    .optional()
    .describe('The lag that is still within the objective of the class.'),
});
export type DataStoreOrder = z.infer<typeof dataStoreOrder>;

/**
 * How the active region came by its right. It is told once for each time that a region becomes active, and never changed:
 * what was done by it cannot be undone.
 */
export const handOver = z
  .enum(['Confirmed', 'Forced'])
  .describe(
    '`Confirmed`: this region, or every other one where this is the active one, has confirmed that it stands by. `Forced`: the active region was given its right without that.',
  );
export type HandOver = z.infer<typeof handOver>;

/** What became of a data store in a region. */
export const dataStoreStatus = z.object({
  name: dnsLabel(20).describe('The data store.'),
  state: z
    .enum(['Standby', 'Promoting', 'Promoted', 'Demoting', 'Demoted', 'RebuildNeeded'])
    .describe(
      'It is written before the first step of what it says. `RebuildNeeded`: another region went on without what was written here last.',
    ),
  run: epoch.describe('The epoch at which this region became active when it was last promoted, or was to be.'),
  handedTo: epoch.optional().describe('The epoch at which the region became active that it was demoted for.'),
  beganTime: timestamp.optional().describe('When what is under way was begun.'),
  failing: z.boolean().optional().describe('What is under way has failed or is overdue; it is tried again.'),
  attempts: count(1_000_000).optional().describe('Attempts that have failed.'),
  retryTime: timestamp.optional().describe('When it is tried again.'),
  failedJob: z.string().max(64).optional().describe('The Job of the attempt that failed last, by uid.'),
  token: promotionToken.optional(),
  cluster: z.string().max(64).optional().describe('The CloudNativePG Cluster that this is about, by uid.'),
  message: z.string().max(512).optional().describe('Where it stands, in a sentence for people.'),
  lagSeconds: count(2_000_000_000)
    .optional()
    .describe(
      'How far it is behind, as last told: again when it doubles, halves or crosses the objective. Absent: unknown.',
    ),
});
export type DataStoreStatus = z.infer<typeof dataStoreStatus>;

/** What may be lost, and what is done when more would be. */
export const objectives = z.object({
  dataLossSeconds: count(86_400).describe(
    'The most that may be lost, in seconds of writes. A planned move waits until the copy is no further behind.',
  ),
  onLag: z
    .enum(['Proceed', 'Hold'])
    .default('Proceed')
    .describe(
      'When a region is lost and the copy is known to be further behind. `Proceed`: fail over, and show the loss. `Hold`: a person decides.',
    ),
});
