import { z } from 'zod';
import { dnsLabel, objectKey, regionName, timestamp } from './common.ts';
import { MOST_TENANTS } from './region-switch.ts';

/** What the annotation `switchback.dev/request` of an IU group may ask for. */
export const annotatedRequest = z.strictObject({
  nonce: dnsLabel(40),
  type: z.enum(['Evacuate', 'Failover', 'Switchback']),
  region: regionName,
  services: z.array(objectKey).min(1).max(200).optional(),
  tenants: z.array(objectKey).min(1).max(MOST_TENANTS).optional(),
  reason: z.string().min(1).max(1024),
  /** Read later than that it does nothing. */
  expiresAt: timestamp,
  /** `expiresAt` of the RegionSwitch that is made. */
  switchExpiresAt: timestamp.optional(),
});
export type AnnotatedRequest = z.infer<typeof annotatedRequest>;
