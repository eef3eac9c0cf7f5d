import { ExpiredError, MalformedAnswerError, TerminalError } from './errors.ts';
import { asObject, type KubeObject, pathOf, type Resource } from './object.ts';
import { errorOf } from './status.ts';
import type { Lane, Transport } from './transport.ts';

export interface ListPagesOptions<T extends KubeObject> {
  readonly transport: Transport;
  readonly cluster: string;
  readonly resource: Resource<T>;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly lane?: Lane;
  /** Deadline of one page in milliseconds; 30 s when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called for each object, in the server's order. */
  readonly onItem: (item: T) => void;
  /** What was given so far is void: the list begins again. */
  readonly onRestart: () => void;
}

/**
 * Small enough that a parsed page dies young: most of it is managed fields, and pages of 500 cost 25 MB of resident
 * memory with 3,000 tenants while pages of 100 take 8 % longer.
 */
const PAGE_SIZE = 100;
const PAGE_TIMEOUT_MS = 30_000;
/** A cluster is untrusted input: an endless list must end. */
const MAX_ITEMS = 500_000;

/**
 * Lists a collection page by page as of one moment and returns that moment's resource version. No `resourceVersion` is
 * sent: it is a quorum read, and with `resourceVersion=0` the server would ignore the limit. When the continue token
 * expires on the way (410), the list is asked for once more in one piece.
 */
export async function listPages<T extends KubeObject>(options: ListPagesOptions<T>): Promise<string> {
  try {
    return await followPages(options, { limit: String(PAGE_SIZE) });
  } catch (error) {
    if (!(error instanceof ExpiredError)) throw error;
    options.onRestart();
    return followPages(options, {});
  }
}

async function followPages<T extends KubeObject>(
  options: ListPagesOptions<T>,
  query: Readonly<Record<string, string>>,
): Promise<string> {
  let count = 0;
  let page = await readPage(options, query);
  for (;;) {
    count += page.items.length;
    if (count > MAX_ITEMS) {
      throw new TerminalError(`${options.cluster}: more than ${MAX_ITEMS} ${options.resource.plural}`);
    }
    for (const item of page.items) options.onItem(asItem(options, item));
    if (page.continue === undefined) return page.resourceVersion;
    page = await readPage(options, { ...query, continue: page.continue });
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

async function readPage<T extends KubeObject>(
  options: ListPagesOptions<T>,
  query: Readonly<Record<string, string>>,
): Promise<Page> {
  const { transport, resource, namespace, labelSelector, fieldSelector, signal } = options;
  const path = pathOf(resource, namespace === undefined ? {} : { namespace });
  const response = await transport.request({
    method: 'GET',
    path,
    query: {
      ...query,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    },
    lane: options.lane ?? 'api',
    timeoutMs: options.timeoutMs ?? PAGE_TIMEOUT_MS,
    ...(signal ? { signal } : {}),
  });
  const what = `${options.cluster}: LIST ${path}`;
  if (response.status !== 200) throw errorOf(response, what);
  const page = parsePage(response.body);
  if (!page) throw new MalformedAnswerError(`${what}: the answer is no list`, { status: 200 });
  return page;
}

function parsePage(body: unknown): Page | undefined {
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return undefined;
  const { metadata } = body;
  const items = 'items' in body ? (body.items ?? []) : [];
  if (!Array.isArray(items) || typeof metadata !== 'object' || metadata === null) return undefined;
  const resourceVersion = 'resourceVersion' in metadata ? metadata.resourceVersion : undefined;
  const token = 'continue' in metadata ? metadata.continue : undefined;
  if (typeof resourceVersion !== 'string') return undefined;
  return { items, resourceVersion, ...(typeof token === 'string' && token !== '' ? { continue: token } : {}) };
}

function asItem<T extends KubeObject>(options: ListPagesOptions<T>, item: unknown): T {
  const object = asObject(options.resource, item);
  if (object) return object;
  throw new MalformedAnswerError(`${options.cluster}: an item of the list is no ${options.resource.kind}`);
}
