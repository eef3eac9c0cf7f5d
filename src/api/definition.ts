import type { z } from 'zod';
import type { CelRule } from './common.ts';
import { GROUP, VERSION } from './common.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 0 is shown always, 1 with `-o wide`. */
  readonly priority?: 0 | 1;
}

/** All that a CRD is made from. Types, defaults, CRDs and the reference page have this one source. */
export interface KindDefinition<Spec extends z.ZodType = z.ZodType, Status extends z.ZodType = z.ZodType> {
  readonly group: typeof GROUP;
  readonly version: typeof VERSION;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Where it lives: on the hub, or in every region. */
  readonly livesIn: 'hub' | 'region';
  /** One paragraph for `kubectl explain`. */
  readonly description: string;
  readonly spec: Spec;
  /** Absent: no status subresource. */
  readonly status?: Status;
  readonly columns: readonly PrinterColumn[];
  /** CEL rules at the root of the object (`self.spec`, `self.metadata.name`, `oldSelf.status`). */
  readonly rules?: readonly CelRule[];
}

type Definition<S extends z.ZodType, T extends z.ZodType> = Omit<KindDefinition<S, T>, 'group' | 'version'>;

export function defineKind<Spec extends z.ZodType, Status extends z.ZodType>(
  definition: Definition<Spec, Status>,
): KindDefinition<Spec, Status> {
  return { group: GROUP, version: VERSION, ...definition };
}

/** Metadata as far as `api` cares; `kube/object.ts` has the whole. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** An object of one of our kinds, as it comes from the API server. */
export interface ApiObject<Spec, Status> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: Spec;
  readonly status?: Status;
}
