import { z } from 'zod';
import { dnsLabel, objectKey, regionName, timestamp } from './common.ts';
import { drillFields, MOST_TENANTS } from './region-switch.ts';

/** What becomes a RegionSwitch, and what changes those that requests of the group have made and that are open. */
const MAKES = ['Evacuate', 'Failover', 'Switchback', 'Drill', 'Freeze'] as const;
const CHANGES = ['Approve', 'Abort', 'Resume'] as const;

const common = {
  nonce: dnsLabel(40),
  /** Read later than that it does nothing. */
  expiresAt: timestamp,
};

const toMake = z.strictObject({
  ...common,
  type: z.enum(MAKES),
  reason: z.string().min(1).max(1024),
  /** Of a freeze it may be absent: it is one of the whole group then. */
  region: regionName.optional(),
  services: z.array(objectKey).min(1).max(200).optional(),
  tenants: z.array(objectKey).min(1).max(MOST_TENANTS).optional(),
  /** `expiresAt` of the RegionSwitch that is made; a freeze must say it. */
  switchExpiresAt: timestamp.optional(),
  /** `drill` of the RegionSwitch; a drill must say it. */
  drill: z.strictObject(drillFields).optional(),
});
const toChange = z.strictObject({
  ...common,
  type: z.enum(CHANGES),
  /** Becomes the comment of an approval. */
  reason: z.string().min(1).max(512),
  /** Who says yes to an approval, as far as the one who writes the annotation knows. */
  by: z.string().min(1).max(256).optional(),
});

/** What the annotation `switchback.dev/request` of an IU group may ask for. */
export const annotatedRequest = z.discriminatedUnion('type', [toMake, toChange]);
export type RequestToMake = z.infer<typeof toMake>;
export type RequestToChange = z.infer<typeof toChange>;

export const isChange = (request: RequestToMake | RequestToChange): request is RequestToChange =>
  CHANGES.some((type) => type === request.type);
