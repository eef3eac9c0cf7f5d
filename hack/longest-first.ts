import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The longest files, the longest first; but for the one that starts six control planes: it does so while nothing is timed
 * yet. A fresh clone knows no durations, and the size of a file says nothing of them.
 */
const LONGEST = ['partitions', 'global', 'soak', 'restart', 'failover', 'catalogue-next', 'switches', 'hub-loss'];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/integration/${name}.test.ts`));
  return rank < 0 ? LONGEST.length : rank;
};

/** Begins with what takes longest, so that no file is left to run alone in the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((x, y) => rankOf(x) - rankOf(y));
  }
}
