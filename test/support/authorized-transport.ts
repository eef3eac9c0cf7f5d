import { type Attempt, findGrant, type Grant } from '../../hack/rbac/authorize.ts';
import type { Role, Verb } from '../../hack/rbac/roles.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../src/kube/transport.ts';
import { parseApiPath } from './api-path.ts';
import { objectOf } from './json.ts';

/** What of the roles was used, and what was asked for beyond them. */
export class AccessLog {
  readonly used = new Set<Grant>();
  /** As lines: `agent: get secrets`. */
  readonly refused = new Set<string>();
  readonly #onRefused: (line: string) => void;

  constructor(onRefused: (line: string) => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  refuse(line: string): void {
    this.refused.add(line);
    this.#onRefused(line);
  }
}

const VERBS = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;
const APPLY_PATCH = 'application/apply-patch+yaml';

/** A transport that lets through what the role grants, and answers everything else as RBAC does: 403. */
export function withRole(transport: Transport, role: Role, log: AccessLog): Transport {
  const may = (attempt: Attempt): boolean => {
    const grant = findGrant(role, attempt);
    if (grant !== undefined) log.used.add(grant);
    else log.refuse(`${role}: ${attempt.verb} ${attempt.resource} (${attempt.group}) ${attempt.name ?? ''}`.trim());
    return grant !== undefined;
  };
  return {
    async request(request) {
      const attempt = attemptOf(request);
      const wanted = [attempt, ...ownersHeld(request)];
      for (const one of wanted) if (!may(one)) return forbidden(one);
      const response = await transport.request(request);
      // An apply that makes the object needs `create` too. Here that is known only afterwards, so it is but noted.
      const isNew = response.status === 201 && request.contentType === APPLY_PATCH;
      if (isNew) may({ ...attempt, verb: 'create' });
      return response;
    },
    async watch(request) {
      const attempt = { ...attemptOf({ ...request, method: 'GET' }), verb: 'watch' } as const;
      return may(attempt) ? transport.watch(request) : forbidden(attempt);
    },
    close: () => transport.close(),
  };
}

function attemptOf({ method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>): Attempt {
  const target = parseApiPath(path);
  if (!target) throw new Error(`${path} is no path of an object`);
  const { group, name, namespace, plural, subresource } = target;
  const verb: Verb = method === 'GET' && name === undefined ? 'list' : VERBS[method];
  const only = name ?? /^metadata\.name=(.+)$/.exec(query?.['fieldSelector'] ?? '')?.[1];
  return {
    verb,
    group,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(only === undefined ? {} : { name: only }),
  };
}

/**
 * What the admission plugin OwnerReferencesPermissionEnforcement asks of whoever makes an object whose owner cannot go before
 * it. (The server asks only where the reference is new; every write of ours that carries one may be that.)
 */
function ownersHeld({ body }: ApiRequest): readonly Attempt[] {
  const owners: unknown = objectOf(objectOf(body)['metadata'])['ownerReferences'];
  return (Array.isArray(owners) ? owners.map(objectOf) : [])
    .filter(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
    .map(({ apiVersion, kind, name }) => ({
      verb: 'update',
      group: String(apiVersion).split('/')[0] ?? '',
      resource: `${String(kind).toLowerCase()}s/finalizers`,
      name: String(name),
    }));
}

const forbidden = ({ resource, verb }: Attempt): ApiResponse => ({
  status: 403,
  body: {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'Forbidden',
    code: 403,
    message: `${verb} ${resource} is forbidden`,
  },
});
