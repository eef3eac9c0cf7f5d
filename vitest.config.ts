import { defineConfig } from 'vitest/config';
import { FailureReporter } from './hack/failure-reporter.ts';
import { LongestFirst } from './hack/longest-first.ts';

export default defineConfig({
  test: {
    reporters: ['default', new FailureReporter()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'hack/**/*.test.ts',
            'test/unit/**/*.test.ts',
            'test/soak/**/*.test.ts',
            'test/e2e/**/*.test.ts',
          ],
          pool: 'threads',
          // Nothing is mocked and nothing global is changed: modules are loaded once and not for each of the files.
          isolate: false,
          // For a hang, not for slowness: a property of some hundred runs takes a second, and more where others work too.
          testTimeout: 60_000,
        },
      },
      { test: { name: 'scenarios', include: ['test/scenarios/**/*.test.ts'], pool: 'threads' } },
      // Some hundred short processes of the Lua machine of Argo CD.
      { test: { name: 'gitops', include: ['test/gitops/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: 900_000,
          maxConcurrency: 2,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Most of the time they wait for clocks and leases: two at a time keep two cores busy, more would only be late.
          maxWorkers: 2,
        },
      },
      // Real nodes, pods and callers: `npm run e2e`. One world for all, in which one thing happens after the other.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
