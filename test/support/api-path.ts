/** What the path of a request names. */
export interface ApiPath {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Paths that were read before: a simulation asks for the same few hundred again and again. Emptied when it grows. */
const known = new Map<string, ApiPath | undefined>();
const MOST_KNOWN = 10_000;

/** Reads any resource path of the Kubernetes API, served or not; undefined when it is none. */
export function parseApiPath(path: string): ApiPath | undefined {
  const before = known.get(path);
  if (before !== undefined) return before;
  const parsed = parsePath(path);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(path, parsed);
  return parsed;
}

function parsePath(path: string): ApiPath | undefined {
  const [root, ...segments] = decodeURI(path).split('/').slice(1);
  if (root !== 'api' && root !== 'apis') return undefined;
  const group = root === 'api' ? '' : segments.shift();
  const version = segments.shift();
  if (group === undefined || version === undefined) return undefined;
  return parseScope(group, version, segments);
}

function parseScope(group: string, version: string, segments: readonly string[]): ApiPath | undefined {
  const isInNamespace = segments[0] === 'namespaces' && segments.length > 2 && !isNamespaceSubresource(segments);
  const namespace = isInNamespace ? segments[1] : undefined;
  const [plural, name, subresource, ...rest] = isInNamespace ? segments.slice(2) : segments;
  if (plural === undefined || rest.length > 0) return undefined;
  return {
    group,
    version,
    plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

const isNamespaceSubresource = (segments: readonly string[]): boolean =>
  segments.length === 3 && (segments[2] === 'status' || segments[2] === 'finalize');

/**
 * A short name for what a request does, for faults that aim at one kind of step: `GET`, `LIST`, `WATCH`, `POST`, `PUT`,
 * `PATCH` or `DELETE`, then the plural, then the subresource: `PATCH serviceinstances/status`, `PUT leases`.
 */
export function tagOf(method: string, path: string, isWatch = false): string {
  const target = parseApiPath(path);
  if (!target) return `${method} ${path}`;
  const verb = isWatch ? 'WATCH' : method === 'GET' && target.name === undefined ? 'LIST' : method;
  return `${verb} ${target.plural}${target.subresource === undefined ? '' : `/${target.subresource}`}`;
}
