import { parseArgs } from 'node:util';
import { DIRECTED } from './directed.ts';
import { type Job, type JobResult, nameOf } from './job.ts';
import { PLANTED } from './planted.ts';
import { playAll } from './pool.ts';

const USAGE = `npm run sim -- [options]
  --histories N   histories of chance to play (default 100)
  --seed S        seed of the first one (default 1); one seed plays the same history each time
  --directed NAME a directed history instead: ${DIRECTED.map(({ name }) => name).join(', ')}
  --plant NAME    with a planted bug: ${PLANTED.map(({ name }) => name).join(', ')}
  --threads N     default 2
  --trace         prints all that happens in every history
The exit status is 1 when an invariant was violated.`;

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    directed: { type: 'string' },
    plant: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const startedAt = performance.now();
  const { directed, plant: bug, trace } = values;
  const first = Number(values.seed);
  const jobs = Array.from(
    { length: Number(values.histories) },
    (_, index): Job => ({ seed: first + index, trace, ...(directed === undefined ? {} : { directed }) }),
  );
  const results = await playAll(jobs, {
    threads: Number(values.threads),
    ...(bug === undefined ? {} : { bug }),
    onResult: (result) => {
      tell(result);
      return false;
    },
  });
  const violations = results.filter(({ violation }) => violation).length;
  const steps = results.reduce((sum, result) => sum + result.steps, 0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${results.length} histories, ${steps} steps, ${violations} violations, ${seconds} s`);
  process.exitCode = violations > 0 ? 1 : 0;
}

function tell({ job, transcript, violation }: JobResult): void {
  if (transcript.length > 0) console.log(`--- ${nameOf(job)}\n${transcript.join('\n')}`);
  if (violation) console.log(`${nameOf(job)}: ${violation.invariant}: ${violation.message}`);
}
