import { defineConfig } from 'vitest/config';
import { FailureReporter } from './hack/failure-reporter.ts';

export default defineConfig({
  test: {
    reporters: ['default', new FailureReporter()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'hack/**/*.test.ts', 'test/unit/**/*.test.ts', 'test/soak/**/*.test.ts'],
          pool: 'threads',
        },
      },
      { test: { name: 'scenarios', include: ['test/scenarios/**/*.test.ts'], pool: 'threads' } },
      { test: { name: 'simulation', include: ['test/simulation/**/*.test.ts'], testTimeout: 900_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
