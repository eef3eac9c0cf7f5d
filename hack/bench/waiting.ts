import { setTimeout as sleep } from 'node:timers/promises';
import { type Condition, isTrue } from '../../src/api/conditions.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject, Resource } from '../../src/kube/object.ts';

/** Far apart, because each look lists everything: it must not become the load that is measured. */
const LOOK_EVERY_MS = 1000;

interface Conditioned extends KubeObject {
  readonly status?: { readonly observedGeneration?: number; readonly conditions?: Condition[] | undefined };
}

/** Waits until exactly `count` objects of a kind are there, and all of them `Ready` at their own generation. */
export async function waitUntilReady<T extends Conditioned>(
  client: KubeClient,
  resource: Resource<T>,
  count: number,
  timeoutMs: number,
): Promise<void> {
  const isReady = ({ metadata, status }: T): boolean =>
    isTrue(status?.conditions, 'Ready') && status?.observedGeneration === metadata.generation;
  let items: readonly T[] = [];
  await poll(timeoutMs, async () => {
    ({ items } = await client.list(resource));
    return items.length === count && items.every(isReady);
  }).catch((error: unknown) => {
    const lazy = items.find((item) => !isReady(item));
    const why = lazy?.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
    const example = lazy ? `, for example ${lazy.metadata.name}: ${why ?? 'no status'}` : '';
    throw new Error(`${items.filter(isReady).length} of ${count} ${resource.plural} are ready${example}`, {
      cause: error,
    });
  });
}

export async function poll(timeoutMs: number, isDone: () => Promise<boolean>, everyMs = LOOK_EVERY_MS): Promise<void> {
  const startedAt = performance.now();
  while (!(await isDone())) {
    if (performance.now() - startedAt > timeoutMs) throw new Error(`not within ${timeoutMs / 1000} s`);
    await sleep(everyMs);
  }
}
