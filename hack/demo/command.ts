import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './journal.ts';
import type { Stage } from './stage.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const TIMEOUT_MS = 20_000;

/** Runs a command of `kubectl switchback` as a user would, and shows what it says. */
export async function sayCommand(stage: Stage, step: Step, ...args: string[]): Promise<void> {
  const kubeconfig = join(stage.workDir, 'demo.kubeconfig');
  writeFileSync(kubeconfig, stage.regions.hub.kubeconfig('admin'), { mode: 0o600 });
  const { promise, reject, resolve } = Promise.withResolvers<string>();
  const options = { timeout: TIMEOUT_MS, env: { ...process.env, KUBECONFIG: kubeconfig } };
  execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
    // What it ends with tells a script; here people read.
    if (error && stdout === '') reject(new Error(stderr || error.message));
    else resolve(stdout);
  });
  step.say(`$ kubectl switchback ${args.join(' ')}`);
  for (const line of (await promise).trimEnd().split('\n')) step.say(`   ${line}`);
}
