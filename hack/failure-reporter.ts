import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** Longest part of a message that is shown: the whole of it stands further up. */
const MESSAGE_CHARS = 1500;

/**
 * A line for each failed test, as the last thing that a run prints: who sees only the end of a log, as in most CI, reads
 * there what failed first.
 */
export class FailureReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const failed = modules.flatMap((module) => [...module.children.allTests('failed')]);
    if (failed.length === 0) return;
    console.log(`\nfailed, in the order of the run:\n${failed.map(lineOf).join('\n')}`);
  }
}

function lineOf(test: TestCase): string {
  const [error] = test.result().errors ?? [];
  const message = (error?.message ?? 'no error was kept').replace(/\s+/g, ' ').slice(0, MESSAGE_CHARS);
  return `- ${test.module.relativeModuleId} > ${test.fullName}: ${message}`;
}
