/**
 * All that is checked without a cluster, in well under a minute: `npm run check`. Prints one line for each step when it
 * ends, then the output of those that failed; the exit code says whether all went well.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { checkImportRules } from './import-rules.ts';

const ROOT = join(import.meta.dirname, '..');
/** Two cores: more at once would only make each step slower, and a failure come later. */
const AT_ONCE = 2;

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

/** The longest first, so that none of them is left alone at the end. */
const STEPS: readonly Step[] = [
  { name: 'unit tests', run: () => command('vitest', 'run', '--project', 'unit', '--reporter=dot') },
  { name: 'types', run: () => command('tsc', '--noEmit') },
  { name: 'format and lint', run: () => command('biome', 'check', '--error-on-warnings', '.') },
  { name: 'dead code', run: () => command('knip', '--no-progress', '--treat-config-hints-as-errors') },
  { name: 'generated files', run: () => command('node', 'hack/gen/main.ts', '--check') },
  { name: 'import rules', run: importRules },
];

const startMs = performance.now();
const failed: { readonly step: Step; readonly output: string }[] = [];
const queue = [...STEPS];
await Promise.all(Array.from({ length: AT_ONCE }, work));

for (const { step, output } of failed) console.log(`\n--- ${step.name}\n${output.trim()}`);
const verdict = failed.length === 0 ? 'all is well' : `${failed.length} of ${STEPS.length} steps failed`;
console.log(`\n${verdict}, ${seconds(startMs)}`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function work(): Promise<void> {
  for (let step = queue.shift(); step; step = queue.shift()) {
    const stepStartMs = performance.now();
    const { ok, output } = await step.run();
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(16)} ${seconds(stepStartMs)}`);
    if (!ok) failed.push({ step, output });
  }
}

/** Runs a tool of this checkout, whatever is installed elsewhere. */
function command(program: string, ...args: string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const tools = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  child.once('error', (error) => resolve({ ok: false, output: `cannot run ${program}: ${error.message}` }));
  child.once('close', (code) => resolve({ ok: code === 0, output }));
  return promise;
}

async function importRules(): Promise<Outcome> {
  const findings = checkImportRules(ROOT);
  return { ok: findings.length === 0, output: findings.map(({ file, message }) => `${file} ${message}`).join('\n') };
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1).padStart(5)} s`;
}
