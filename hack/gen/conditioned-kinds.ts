import { z } from 'zod';
import { KINDS } from '../../src/api/kinds.ts';

/** Kinds whose status has conditions: what tools can wait for. A RegionLease and a TenantDirectory have none. */
export const conditionedKinds = (): readonly string[] =>
  KINDS.filter(({ status }) => status instanceof z.ZodObject && 'conditions' in status.shape).map(({ kind }) => kind);
