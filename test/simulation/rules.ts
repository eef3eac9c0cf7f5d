import type { ApiResource } from '../../src/api/resources.ts';
import { RESOURCES } from '../../src/api/resources.ts';
import type { Admission } from '../support/admission.ts';
import type { FakeApiServer } from '../support/fake-api-server.ts';
import { equalJson, type JsonObject, numberOf, objectOf } from '../support/json.ts';

/**
 * The CEL rules over time of the CRDs (`src/api`), as far as the protocol leans on them as its second line. What they
 * refuse is refused here too; rules over fields alone are left to the integration tests.
 */
const specOf = (object: JsonObject | undefined): JsonObject => objectOf(object?.['spec']);
const statusOf = (object: JsonObject | undefined): JsonObject => objectOf(object?.['status']);
const numberIn = (object: JsonObject, field: string): number | undefined => numberOf(object[field]);

const same = (object: JsonObject, old: JsonObject, fields: readonly string[]): boolean =>
  fields.every((field) => equalJson(object[field], old[field]));

const DECISION = ['activeRegion', 'successors', 'onHubLoss'] as const;

const orderRules: Admission = (object, old) => {
  if (!object) return undefined;
  const [spec, status] = [specOf(object), statusOf(object)];
  const epoch = numberIn(spec, 'epoch') ?? 0;
  for (const field of ['grantedEpoch', 'standbyEpoch']) {
    if ((numberIn(status, field) ?? 0) > epoch) return `status.${field} is ahead of spec.epoch`;
    const before = numberIn(statusOf(old), field);
    if (before !== undefined && (numberIn(status, field) ?? -1) < before) return `status.${field} never falls`;
  }
  if (!old) return undefined;
  const oldEpoch = numberIn(specOf(old), 'epoch') ?? 0;
  if (epoch < oldEpoch) return 'epoch never falls';
  if (epoch > oldEpoch || same(spec, specOf(old), ['role', ...DECISION])) return undefined;
  return 'role, activeRegion, successors and onHubLoss change only with a higher epoch';
};

const leaseRules: Admission = (object, old) => {
  if (!object || !old) return undefined;
  const [before, after] = [specOf(old)['hub'], specOf(object)['hub']];
  if (before === undefined) return undefined;
  if (after === undefined) return 'hub cannot be removed';
  const term = (part: unknown): number => numberOf(objectOf(part)['term']) ?? 0;
  if (term(after) < term(before)) return 'term never falls';
  const by = (part: unknown): unknown => objectOf(part)['by'];
  const isTaken = term(after) === term(before) && by(before) !== undefined && by(after) !== by(before);
  return isTaken ? 'a term belongs to one hub process' : undefined;
};

const instanceRules: Admission = (object, old) => {
  const before = statusOf(old)['assignment'];
  if (!object || before === undefined) return undefined;
  const after = statusOf(object)['assignment'];
  const epochOf = (assignment: unknown): number => numberOf(objectOf(assignment)['epoch']) ?? -1;
  if (epochOf(after) < epochOf(before)) return 'status.assignment.epoch never falls';
  const isUnchanged = epochOf(after) > epochOf(before) || same(objectOf(after), objectOf(before), DECISION);
  return isUnchanged ? undefined : 'status.assignment changes only with a higher epoch';
};

const regionRules: Admission = (object, old) =>
  !object || !old || same(specOf(object), specOf(old), ['timings', 'iuGroup'])
    ? undefined
    : 'timings and iuGroup cannot be changed';

interface ServedKind {
  readonly resource: ApiResource<unknown>;
  readonly rules?: Admission;
}

const HUB_KINDS: readonly ServedKind[] = [
  { resource: RESOURCES.iuGroup },
  { resource: RESOURCES.serviceClass },
  { resource: RESOURCES.tenant },
  { resource: RESOURCES.serviceInstance, rules: instanceRules },
  { resource: RESOURCES.regionSwitch },
];

const REGION_KINDS: readonly ServedKind[] = [
  { resource: RESOURCES.region, rules: regionRules },
  { resource: RESOURCES.regionLease, rules: leaseRules },
  { resource: RESOURCES.regionalService, rules: orderRules },
  { resource: RESOURCES.tenantDirectory },
];

/** Serves the kinds of Switchback that belong to a cluster of that role, with their rules. */
export function serveOurKinds(server: FakeApiServer, role: 'hub' | 'region'): void {
  for (const { resource, rules } of role === 'hub' ? HUB_KINDS : REGION_KINDS) {
    const { group, version, kind, plural, namespaced } = resource;
    const served = { group, version, kind, plural, namespaced };
    server.serve(served);
    if (rules) server.admit(served, rules);
  }
}
