/**
 * Failovers and switchbacks without end, on real API servers: `npm run soak -- --cycles 100`. Prints a line for each
 * cycle; exits with 1 when something drifts, two regions ever ran a service at once, or a cycle does not come to its end.
 */
import { readArguments } from '../../hack/arguments.ts';
import { type Cycle, openSoak } from './cycles.ts';
import { findDrift } from './drift.ts';
import { describeCycle, describeSoak } from './report.ts';

const USAGE = `npm run soak -- [--cycles N]
  --cycles N   failovers, each with its switchback (default 100, some 40 minutes)`;

const { values } = readArguments(USAGE, { cycles: { type: 'string', default: '100' } });
const wanted = Number(values.cycles);
if (!Number.isInteger(wanted) || wanted < 3) {
  console.error('--cycles is a whole number of at least 3: drift shows itself over time');
  process.exit(2);
}

const { cycle, world } = await openSoak();
const cycles: Cycle[] = [];
let faults: readonly string[];
try {
  while (cycles.length < wanted) {
    const done = await cycle();
    cycles.push(done);
    console.log(describeCycle(done, wanted));
  }
  faults = [
    ...findDrift(cycles),
    ...world.observer.overlaps.map((overlap) => `two active: ${JSON.stringify(overlap)}`),
  ];
} finally {
  await world[Symbol.asyncDispose]();
}
for (const fault of faults) console.log(`DRIFT ${fault}`);
console.log(describeSoak(cycles, faults.length));
process.exitCode = faults.length === 0 ? 0 : 1;
