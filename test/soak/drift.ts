import type { Cycle } from './cycles.ts';
import type { ProcessFootprint } from './footprint.ts';

/** What has grown from the first third of the cycles to the last one, in sentences for people; empty when nothing has. */
export function findDrift(cycles: readonly Cycle[]): readonly string[] {
  const third = Math.floor(cycles.length / 3);
  const [early, late] = [cycles.slice(0, third), cycles.slice(-third)];
  if (third === 0) throw new Error('drift shows itself over three cycles at least');
  return [...objectDrift(early, late), ...processDrift(early, late)];
}

/** To the object: whatever a failover leaves behind, a hundred of them leave a hundred times. */
function objectDrift(early: readonly Cycle[], late: readonly Cycle[]): string[] {
  const countsOf = (cycles: readonly Cycle[], key: string): number[] =>
    cycles.map(({ footprint }) => footprint.objects[key] ?? 0);
  const keys = new Set(late.flatMap(({ footprint }) => Object.keys(footprint.objects)));
  return [...keys].flatMap((key) => {
    const [before, after] = [Math.max(...countsOf(early, key)), Math.min(...countsOf(late, key))];
    return after > before ? [`${key}: ${before} became ${after}`] : [];
  });
}

/**
 * Of the least seen, because a heap is as large as the garbage in it at the moment, and a connection may be open or not.
 * The limits are what a single process varies by from one run to the next.
 */
const LIMITS: Readonly<Record<keyof ProcessFootprint, { readonly ratio: number; readonly slack: number }>> = {
  heapBytes: { ratio: 1.1, slack: 2 * 1024 * 1024 },
  residentBytes: { ratio: 1.1, slack: 8 * 1024 * 1024 },
  handles: { ratio: 1, slack: 4 },
  resources: { ratio: 1, slack: 6 },
};

function processDrift(early: readonly Cycle[], late: readonly Cycle[]): string[] {
  const names = Object.keys(late[0]?.footprint.processes ?? {});
  return names.flatMap((name) =>
    (Object.keys(LIMITS) as (keyof ProcessFootprint)[]).flatMap((what) => {
      const least = (cycles: readonly Cycle[]): number =>
        Math.min(...cycles.map(({ footprint }) => footprint.processes[name]?.[what] ?? Number.POSITIVE_INFINITY));
      const [before, after] = [least(early), least(late)];
      const { ratio, slack } = LIMITS[what];
      return after > before * ratio + slack ? [`${name}: ${what} rose from ${before} to ${after}`] : [];
    }),
  );
}
