import { keyOf, type Resource } from '../../src/kube/object.ts';
import type { ApiResponse } from '../../src/kube/transport.ts';
import { type Admission, AdmissionChain } from './admission.ts';
import {
  asStored,
  type Call,
  deleteOptionsOf,
  describe,
  keepServerPart,
  keyAt,
  missing,
  partOf,
  type RequestContext,
  readObject,
  type ServerRequest,
  uidOf,
} from './api-call.ts';
import { type ApiPath, parseApiPath } from './api-path.ts';
import {
  ApiFailure,
  badRequest,
  conflict,
  failureResponse,
  invalid,
  noSuchPath,
  tooManyRequests,
} from './api-status.ts';
import { mayEvict } from './disruption-budget.ts';
import {
  type ApplyOptions,
  applyFields,
  beforeFirstApply,
  emptied,
  type Owners,
  ownsSame,
  trackUpdate,
} from './field-ownership.ts';
import { type JsonObject, mergePatch, objectOf } from './json.ts';
import {
  type DeleteOptions,
  deleteObject,
  isFinalState,
  refuseLateFinalizer,
  refuseStale,
} from './object-lifecycle.ts';
import { type ListAnswer, listObjects } from './object-list.ts';
import { ObjectStorage, type StoredObject, type Table, type TableOptions } from './object-storage.ts';
import type { SeededRandom } from './seeded-random.ts';
import { ServerWatch, type WatchSink } from './server-watch.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface FakeApiServerOptions {
  /** Name of the cluster: `hub` or the region. */
  readonly name: string;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Changes kept per kind; a watch or page from before them is answered with 410. Default 1,000. */
  readonly window?: number;
}

const MERGE_PATCH = 'application/merge-patch+json';
const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
const APPLY_PATCH = 'application/apply-patch+yaml';

/**
 * A Kubernetes API server in memory, with the semantics that clients stand on: one resource version, compare-and-swap,
 * subresources, finalizers, merge patch, server-side apply, paged lists, watches that expire. All answers are given at
 * once; `FakeNetwork` puts the time and the faults in between.
 *
 * Left out: managedFields in answers, discovery, RBAC, schemas other than `TableOptions.schema`, JSON patch and
 * strategic merge patch (415), deletion of collections (405).
 */
export class FakeApiServer {
  readonly name: string;
  readonly storage: ObjectStorage;
  readonly #time: VirtualTime;
  readonly #admissions = new AdmissionChain();
  readonly #owners = new Map<string, Owners>();
  readonly #runningListeners: ((isRunning: boolean) => void)[] = [];
  #isRunning = true;
  #staleMs = 0;
  #generatedNames = 0;

  constructor(options: FakeApiServerOptions) {
    const { name, time, random } = options;
    this.name = name;
    this.#time = time;
    this.storage = new ObjectStorage({
      nowMs: () => time.nowMs,
      wallMs: () => time.wallMs,
      newUid: () => random.token(),
      window: options.window ?? 1000,
    });
    this.storage.onChange((_, change) => {
      if (change.type === 'DELETED') this.#owners.delete(uidOf(change.object));
    });
  }

  /** False while its process is dead, stopped or without power: the controllers of its cluster stand still with it. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Set by the network together with what clients see; see `Endpoint`. */
  setRunning(isRunning: boolean): void {
    if (this.#isRunning === isRunning) return;
    this.#isRunning = isRunning;
    for (const listener of this.#runningListeners) listener(isRunning);
  }

  onRunning(listener: (isRunning: boolean) => void): void {
    this.#runningListeners.push(listener);
  }

  /** Makes a kind known; requests for any other are answered with 404, as before its CRD is installed. */
  serve(resource: Resource, options: TableOptions = {}): void {
    this.storage.addTable(resource, options);
  }

  /** Adds a rule that every write of the kind must pass; its message is the answer (422). */
  admit(resource: Resource, rule: Admission): void {
    this.#admissions.add(this.storage.table(resource), rule);
  }

  /** From now on reads with `resourceVersion=0` are answered as of `ageMs` ago: a watch cache that lags behind etcd. */
  serveStale(ageMs: number): void {
    this.#staleMs = ageMs;
  }

  /** Forgets the history of one kind or of all: running pages and watches from old versions get 410. */
  compact(resource?: Resource): void {
    const tables = resource ? [this.storage.table(resource)] : this.storage.tables;
    for (const table of tables) table.compact();
  }

  /** Answers one request. The objects in the answer are the server's own, and frozen. */
  handle(request: ServerRequest, context: RequestContext = {}): ApiResponse {
    if (/^\/(healthz|livez|readyz)/.test(request.path)) return { status: 200, body: 'ok' };
    try {
      return this.#route(request, context);
    } catch (error) {
      if (error instanceof ApiFailure) return failureResponse(error);
      throw error;
    }
  }

  /**
   * Opens a watch: returns it, or the error answer. Events go to `sink` synchronously at each write, with the server's
   * own frozen objects.
   */
  watch(request: Pick<ServerRequest, 'path' | 'query'>, sink: WatchSink): ServerWatch | ApiResponse {
    try {
      const target = this.#target(request.path);
      return new ServerWatch(this.storage, this.#time, { ...target, query: request.query ?? {}, sink });
    } catch (error) {
      if (error instanceof ApiFailure) return failureResponse(error);
      throw error;
    }
  }

  #target(path: string): { table: Table; at: ApiPath } {
    const at = parseApiPath(path);
    const table = at && this.storage.findTable(at.group, at.version, at.plural);
    if (!at || !table) throw noSuchPath();
    return { table, at };
  }

  #route(request: ServerRequest, context: RequestContext): { status: number; body: unknown } {
    const { table, at } = this.#target(request.path);
    const call: Call = { ...request, table, at, context, query: request.query ?? {} };
    if (request.method === 'GET' && at.name === undefined) return { status: 200, body: this.#list(call) };
    if (request.method === 'GET') return { status: 200, body: this.#read(call) };
    if (request.method === 'POST' && at.subresource === 'eviction') return this.#evict(call);
    if (request.method === 'POST' && at.name === undefined) return { status: 201, body: this.#create(call, call.body) };
    if (at.name === undefined || request.method === 'POST') {
      throw new ApiFailure(405, 'MethodNotAllowed', `${request.method} is not allowed here`);
    }
    if (request.method === 'PUT') return { status: 200, body: this.#replace(call) };
    if (request.method === 'PATCH') return this.#patch(call);
    const last = this.#delete(call, deleteOptionsOf(call.body, call.query));
    // Only kinds with a grace period answer with the object when it is gone at once.
    const isGone = !table.objects.has(keyAt(at)) && table.resource.kind !== 'Pod';
    return { status: 200, body: isGone ? SUCCESS : last };
  }

  #list(call: Call): ListAnswer {
    const staleMs = Math.max(this.#staleMs, call.context.staleMs ?? 0);
    const asOfMs = call.query['resourceVersion'] === '0' && staleMs > 0 ? this.#time.nowMs - staleMs : undefined;
    return listObjects(this.storage, call.table, { namespace: call.at.namespace, query: call.query, asOfMs });
  }

  #read(call: Call): StoredObject {
    const staleMs = Math.max(this.#staleMs, call.context.staleMs ?? 0);
    if (call.query['resourceVersion'] !== '0' || staleMs === 0) return this.#existing(call);
    const state = call.table.stateAt(call.table.versionAt(this.#time.nowMs - staleMs));
    return state.get(keyAt(call.at)) ?? missing(call);
  }

  #existing(call: Call): StoredObject {
    return call.table.objects.get(keyAt(call.at)) ?? missing(call);
  }

  #create(call: Call, body: unknown): StoredObject {
    const object = this.#named(readObject(body, call), call);
    if (object.metadata.resourceVersion) {
      throw new ApiFailure(500, 'InternalError', 'resourceVersion should not be set on objects to be created');
    }
    if (call.table.objects.has(keyOf(object))) {
      throw new ApiFailure(409, 'AlreadyExists', `${describe(call)} "${object.metadata.name}" already exists`);
    }
    const { deletionTimestamp: _, ...metadata } = object.metadata;
    const { status: _ignored, ...withoutStatus } = object;
    const kept: JsonObject = call.table.hasStatus ? withoutStatus : object;
    const next = this.#admissions.admit(call, { ...kept, metadata }, undefined, 'CREATE');
    return this.storage.insert(call.table, next);
  }

  /** Fills in what the path says, and a name where only a prefix is given. */
  #named(object: StoredObject, call: Call): StoredObject {
    const { namespace } = call.at;
    const prefix = objectOf(object.metadata)['generateName'];
    const name =
      object.metadata.name ?? (typeof prefix === 'string' ? `${prefix}${++this.#generatedNames}` : undefined);
    if (name === undefined) throw invalid('metadata.name: Required value: name or generateName is required');
    if (call.table.resource.namespaced && namespace === undefined)
      throw badRequest('an empty namespace may not be set');
    return { ...object, metadata: { ...object.metadata, name, ...(namespace === undefined ? {} : { namespace }) } };
  }

  #replace(call: Call): StoredObject {
    const old = this.#existing(call);
    const next = readObject(call.body, call);
    if (call.table.versionRequired && !next.metadata.resourceVersion) {
      throw invalid('metadata.resourceVersion: Invalid value: 0: must be specified for an update');
    }
    return this.#update(call, old, next);
  }

  #patch(call: Call): { status: number; body: unknown } {
    if (call.contentType === APPLY_PATCH) return this.#apply(call);
    if (call.contentType !== MERGE_PATCH) throw new ApiFailure(415, 'UnsupportedMediaType', `${call.contentType}`);
    const old = this.#existing(call);
    const next = readObject(mergePatch(old, call.body), call);
    if (next.metadata.uid !== old.metadata.uid) throw invalid('metadata.uid: Invalid value: field is immutable');
    return { status: 200, body: this.#update(call, old, next) };
  }

  #apply(call: Call): { status: number; body: unknown } {
    const manager = call.query['fieldManager'];
    if (!manager) throw invalid('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
    const applied = readObject(call.body, call);
    const old = call.table.objects.get(keyAt(call.at));
    const options = { owner: `apply:${manager}:${call.at.subresource ?? ''}`, force: call.query['force'] === 'true' };
    if (old) return { status: 200, body: this.#applyTo(call, old, applied, options) };
    if (call.at.subresource) return missing(call);
    return { status: 201, body: this.#applyNew(call, applied, options) };
  }

  #applyTo(call: Call, old: StoredObject, applied: StoredObject, options: ApplyOptions): StoredObject {
    refuseStale(old, applied);
    const owners = this.#owners.get(uidOf(old)) ?? beforeFirstApply(old);
    const merged = applyFields(old, owners, partOf(applied, call), options);
    if (call.at.subresource === 'status' && old['status'] && !merged.object['status']) throw emptied('status');
    const written = this.#write(call, old, asStored(merged.object, call));
    if (!call.table.objects.has(keyAt(call.at))) return written;
    this.#owners.set(uidOf(old), merged.owners);
    // Another owner is a change of managedFields, and so a new version, although nobody can see it here.
    const isOwnedAnew = written === old && !ownsSame(owners, merged.owners, options.owner);
    return isOwnedAnew ? this.storage.touch(call.table, old) : written;
  }

  #applyNew(call: Call, applied: StoredObject, options: ApplyOptions): StoredObject {
    // A uid asks for one incarnation, which is gone; a version is ignored here, as by the real server.
    const { uid, resourceVersion: _, ...metadata } = applied.metadata;
    if (uid) throw conflict(`${describe(call)} "${call.at.name}": the object with uid ${uid} does not exist`);
    const { owners } = applyFields({}, new Map(), partOf(applied, call), options);
    const stored = this.#create(call, { ...applied, metadata });
    this.#owners.set(uidOf(stored), owners);
    return stored;
  }

  #update(call: Call, old: StoredObject, next: StoredObject): StoredObject {
    refuseStale(old, next);
    const stored = this.#write(call, old, next);
    const owners = this.#owners.get(uidOf(old));
    if (owners && stored !== old) {
      const owner = `update:${call.query['fieldManager'] ?? 'unknown'}:${call.at.subresource ?? ''}`;
      this.#owners.set(uidOf(old), trackUpdate(owners, owner, old, stored));
    }
    return stored;
  }

  /** The common end of all writes to an existing object. */
  #write(call: Call, old: StoredObject, wanted: StoredObject): StoredObject {
    const next = this.#admissions.admit(call, keepServerPart(call, old, wanted), old, 'UPDATE');
    refuseLateFinalizer(old, next);
    // The last finalizer goes together with the object: nobody sees a state in between.
    return isFinalState(next)
      ? this.storage.remove(call.table, old, next)
      : this.storage.replace(call.table, old, next);
  }

  #delete(call: Call, options: DeleteOptions): StoredObject {
    const old = this.#existing(call);
    this.#admissions.refuse(call, undefined, old, 'DELETE');
    return deleteObject(this.storage, call.table, old, { ...options, wallMs: this.#time.wallMs });
  }

  #evict(call: Call): { status: number; body: unknown } {
    const pod = this.#existing(call);
    const options = deleteOptionsOf(objectOf(call.body)['deleteOptions'], {});
    const refusal = mayEvict(this.storage, pod);
    if (refusal) throw tooManyRequests(refusal, 10);
    this.#delete(call, options);
    return { status: 201, body: SUCCESS };
  }
}
