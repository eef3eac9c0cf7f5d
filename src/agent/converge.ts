import { fencedMark, isFencedMark, markOf, RUNNING_MARK } from '../act/fence.ts';
import { pruneChildren } from '../act/prune.ts';
import { LABELS } from '../api/labels.ts';
import type { ComponentOrder, RegionalService } from '../api/regional-service.ts';
import { type Children, computeChildren } from '../decide/desired/children.ts';
import type { DesiredWorkload } from '../decide/desired/workloads.ts';
import type { PodFact } from '../decide/facts.ts';
import { chooseSlot, type SlotDecision, type SlotPolicy } from '../decide/slot.ts';
import { chooseEviction } from '../decide/spread.ts';
import type { EnsureOptions } from '../kube/apply.ts';
import { ifPresent, TransientError } from '../kube/errors.ts';
import {
  DEPLOYMENT,
  type Deployment,
  POD,
  POD_DISRUPTION_BUDGET,
  SERVICE,
  STATEFUL_SET,
  type StatefulSet,
} from '../kube/kinds.ts';
import { keyOf } from '../kube/object.ts';
import { type ServicePicture, selectedSlot } from '../observe/service-picture.ts';
import { slotPromoted, spreadRepaired } from '../report/events.ts';
import type { ReconcileResult } from '../runtime/controller.ts';
import type { AgentContext } from './context.ts';
import { lookAtZone } from './zone-drill.ts';

const SLOT_TIMES = { nodeLostAfterMs: 2000, crashedAfterMs: 10_000, settledAfterMs: 1000 } as const;
/** How long zones and instances must have been well before an instance is evicted to repair the spread. */
const SPREAD_STABLE_MS = 20_000;
const LEAST_RECHECK_MS = 50;

export interface Convergence {
  readonly context: AgentContext;
  readonly order: RegionalService;
  readonly picture: ServicePicture;
  /** The last look before each write that may start something. */
  readonly mayStart: () => boolean;
  readonly signal: AbortSignal;
}

/** Makes everything of a service that runs here as ordered: workloads, then budgets, then what traffic reaches. */
export async function converge(convergence: Convergence): Promise<ReconcileResult> {
  const { context, order, picture, signal } = convergence;
  const slots = chooseSlots(order, picture);
  const selected = new Map([...slots].map(([name, decisions]) => [name, decisions.map(({ select }) => select)]));
  const emptying = lookAtZone(context, order, picture, SLOT_TIMES.settledAfterMs);
  const emptyZone = emptying?.isInForce ? order.spec.keptEmpty?.zone : undefined;
  const children = computeChildren(order, { running: true, selected, gate: context.gate, emptyZone });
  await Promise.all(children.workloads.map((workload) => startWorkload(convergence, workload)));
  await ensureRest(context, children, signal);
  await pruneChildren(context.client, picture, children, signal);
  const decisions = [...slots.values()].flat();
  announce(convergence, slots);
  await deletePods(
    convergence,
    decisions.flatMap(({ deletePods: pods }) => pods),
  );
  // A zone that is kept empty is no spread to repair.
  const spreadMs = emptyZone === undefined ? await repairSpread(convergence) : undefined;
  const recheckMs = [...decisions.map(({ recheckAfterMs }) => recheckAfterMs), spreadMs, emptying?.recheckAfterMs];
  const times = recheckMs.filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : { requeueAfterMs: Math.max(LEAST_RECHECK_MS, Math.min(...times)) };
}

/** A region that stands by has everything in place, at zero: a promotion is then one write for each workload. */
export async function prepareAtZero(context: AgentContext, order: RegionalService, signal: AbortSignal): Promise<void> {
  const children = computeChildren(order, { running: false, selected: new Map(), gate: context.gate });
  await Promise.all(
    children.workloads.map((workload) => ensureWorkload(context, atZero(context, workload), { signal })),
  );
  await ensureRest(context, children, signal);
}

function chooseSlots(order: RegionalService, picture: ServicePicture): Map<string, SlotDecision[]> {
  const policy: SlotPolicy = { ...SLOT_TIMES, fencedByAgent: order.spec.fencing === 'Agent' };
  const choose = (component: ComponentOrder, pair: number): SlotDecision => {
    const pods = picture.pods.filter((pod) => pod.component === component.name && pod.pair === pair);
    return chooseSlot({ current: selectedSlot(picture, component.name, pair), pods, nodes: picture.nodes, policy });
  };
  const paired = order.spec.components.filter(({ layout }) => layout === 'Pairs');
  return new Map(
    paired.map((component) => [component.name, (component.pairs ?? []).map((_, pair) => choose(component, pair))]),
  );
}

/**
 * A workload of a `Backup` service is made at zero first and started by a compare-and-swap on exactly that object: a
 * start that another leader's fence has overtaken fails. Of the others nothing is ever fenced, so they start at once.
 */
async function startWorkload(
  { context, order, mayStart, signal }: Convergence,
  desired: DesiredWorkload,
): Promise<void> {
  if (order.spec.mode === 'Active') return ensureWorkload(context, desired, { signal });
  if (order.spec.mode === 'None')
    return ensureWorkload(context, desired, { signal, beforeWrite: () => assertMay(mayStart) });
  if (!cachedWorkload(context, desired)) await ensureWorkload(context, atZero(context, desired), { signal });
  const isRunning = (cachedWorkload(context, desired)?.spec?.replicas ?? 0) > 0;
  const beforeWrite = (): void => {
    assertMay(mayStart);
    // The write is a compare-and-swap on that very workload: what it shows is what it is.
    if (!isRunning && context.promises.holdMs(order) > 0)
      throw new TransientError('a promise not to start still holds');
  };
  await ensureWorkload(context, withMark(desired, RUNNING_MARK), { signal, beforeWrite });
}

/** Also of what needs no right: its order may ask for one by now. */
function assertMay(mayStart: () => boolean): void {
  if (!mayStart()) throw new TransientError('the right to start has ended');
}

const cachedWorkload = ({ caches }: AgentContext, desired: DesiredWorkload): Deployment | StatefulSet | undefined =>
  (desired.kind === 'Deployment' ? caches.deployments : caches.statefulSets).store.get(keyOf(desired));

/**
 * No object is at this version: a write that asks for it makes one, and is refused where one stands. What a cache does
 * not show may be running since another agent started it.
 */
const ABSENT = '1';

/** Always a compare-and-swap on what was seen, so that a write that comes late changes nothing and makes nothing anew. */
export async function ensureWorkload(
  context: AgentContext,
  desired: DesiredWorkload,
  options: EnsureOptions,
): Promise<void> {
  const { applier, caches } = context;
  const { resourceVersion = ABSENT, uid } = cachedWorkload(context, desired)?.metadata ?? {};
  const swap = { ...options, resourceVersion, uid };
  if (desired.kind === 'Deployment') await applier.ensure(DEPLOYMENT, desired, caches.deployments.store, swap);
  else await applier.ensure(STATEFUL_SET, desired, caches.statefulSets.store, swap);
}

async function ensureRest({ applier, caches }: AgentContext, children: Children, signal: AbortSignal): Promise<void> {
  const { budgets, services } = caches;
  await Promise.all([
    ...children.pdbs.map((budget) =>
      applier.ensure(POD_DISRUPTION_BUDGET, budget, budgets.store, {
        signal,
        resourceVersion: budgets.store.get(keyOf(budget))?.metadata.resourceVersion ?? ABSENT,
      }),
    ),
    ...children.services.map((service) =>
      applier.ensure(SERVICE, service, services.store, {
        signal,
        resourceVersion: services.store.get(keyOf(service))?.metadata.resourceVersion ?? ABSENT,
      }),
    ),
  ]);
}

function withMark(desired: DesiredWorkload, mark: string): DesiredWorkload {
  const metadata = { ...desired.metadata, labels: { ...desired.metadata.labels, [LABELS.fenceToken]: mark } };
  return desired.kind === 'Deployment' ? { ...desired, metadata } : { ...desired, metadata };
}

/** At zero, with the mark that it has: a fence's mark stays, so that the object is not written for nothing. */
function atZero(context: AgentContext, desired: DesiredWorkload): DesiredWorkload {
  const cached = cachedWorkload(context, desired);
  const mark = cached && isFencedMark(markOf(cached)) ? markOf(cached) : fencedMark(context.leadership.token);
  const stopped =
    desired.kind === 'Deployment'
      ? { ...desired, spec: { ...desired.spec, replicas: 0 } }
      : { ...desired, spec: { ...desired.spec, replicas: 0 } };
  return withMark(stopped, mark);
}

function announce({ context, order }: Convergence, slots: ReadonlyMap<string, readonly SlotDecision[]>): void {
  for (const [component, decisions] of slots) {
    for (const [pair, { message, reason }] of decisions.entries()) {
      if (reason === 'SlotPromoted') context.events.record(slotPromoted(order, component, pair, message));
    }
  }
}

async function deletePods({ context, order, signal }: Convergence, pods: readonly PodFact[]): Promise<void> {
  const namespace = order.metadata.namespace ?? '';
  await Promise.all(
    pods.map(({ name, uid }) =>
      ifPresent(context.client.delete(POD, { name, namespace }, { preconditions: { uid }, signal })),
    ),
  );
}

/** One eviction at most, through the API that respects disruption budgets. Returns when to look again. */
async function repairSpread({ context, order, picture, signal }: Convergence): Promise<number | undefined> {
  let recheckMs: number | undefined;
  for (const component of order.spec.components) {
    const pods = picture.pods.filter((pod) => pod.component === component.name);
    const decision = chooseEviction({ order: component, pods, nodes: picture.nodes, stableForMs: SPREAD_STABLE_MS });
    if (decision.kind === 'Keep') {
      recheckMs = Math.min(recheckMs ?? Number.POSITIVE_INFINITY, decision.recheckAfterMs ?? Number.POSITIVE_INFINITY);
      continue;
    }
    await context.client.evict({ name: decision.pod.name, namespace: order.metadata.namespace ?? '' }, { signal });
    context.events.record(spreadRepaired(order, decision.message));
    context.log('info', 'Instance evicted to repair the spread', { pod: decision.pod.name, because: decision.message });
    return undefined;
  }
  return Number.isFinite(recheckMs) ? recheckMs : undefined;
}
