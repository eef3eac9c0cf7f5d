import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import { type Role, RULES, type Rule, type Verb } from './roles.ts';

/** What somebody asks to do. */
export interface Attempt {
  readonly verb: Verb | 'deletecollection';
  readonly group: string;
  /** With the subresource: `pods/eviction`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** One thing that a role may do, as a line: `agent: delete pods`. */
export type Grant = string;

/** Every single thing that the table grants, in its order. */
export function listGrants(roles: readonly Role[]): readonly Grant[] {
  return roles.flatMap((role) =>
    RULES[role].flatMap((rule) =>
      rule.resources.flatMap((resource) => rule.verbs.map((verb) => grantOf(role, rule, resource, verb))),
    ),
  );
}

/** The grant that lets a role do this; undefined when the API server would answer 403. */
export function findGrant(role: Role, attempt: Attempt): Grant | undefined {
  const rule = RULES[role].find((candidate) => allows(candidate, attempt));
  return rule && grantOf(role, rule, attempt.resource, attempt.verb);
}

/** As RBAC reads it. A list of one object by its name (`fieldSelector`) counts as one of that name. */
function allows({ group, names, own, resources, verbs }: Rule, attempt: Attempt): boolean {
  const allowed: readonly string[] = verbs;
  if (group !== attempt.group || !resources.includes(attempt.resource) || !allowed.includes(attempt.verb)) return false;
  if (own && attempt.namespace !== SYSTEM_NAMESPACE) return false;
  if (names === undefined) return true;
  return attempt.name !== undefined && (names === 'credentials' || names.includes(attempt.name));
}

const grantOf = (role: Role, { group, names, own }: Rule, resource: string, verb: string): Grant => {
  const kind = group === '' ? resource : `${resource} (${group})`;
  const which = names === undefined ? '' : ` named ${names === 'credentials' ? 'as credentials' : names.join(', ')}`;
  return `${role}: ${verb} ${kind}${which}${own ? ' in its namespace' : ''}`;
};
