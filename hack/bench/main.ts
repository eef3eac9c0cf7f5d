/**
 * Measures the operator on real control planes: `npm run bench -- [name …] [--quick]`; all of them without a name.
 * Prints one JSON line for each result, and one line for people for each goal. The exit code says whether every goal
 * was met; with `--quick` the figures mean nothing and only failures count.
 */
import { readArguments } from '../arguments.ts';
import { runFailover } from './failover.ts';
import { runMemory } from './memory.ts';
import { runProbes } from './probes.ts';
import { runRestart } from './restart.ts';
import type { Bench, BenchResult } from './result.ts';
import { runSteady } from './steady.ts';
import { runStorm } from './storm.ts';
import { runTenants } from './tenants.ts';
import { describeMachine } from './world.ts';
import { runWrites } from './writes.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  writes: runWrites,
  steady: runSteady,
  restart: runRestart,
  memory: runMemory,
  failover: runFailover,
  storm: runStorm,
  probes: runProbes,
  tenants: runTenants,
};

const USAGE = `npm run bench -- [NAME …] [--quick]
  NAME      ${Object.keys(BENCHES).join(', ')}; all of them without a name
  --quick   small ones, to see that they work: the figures mean nothing`;

const { positionals, values } = readArguments(
  USAGE,
  { quick: { type: 'boolean', default: false } },
  { allowPositionals: true },
);
const names = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there is ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

let failed = 0;
for (const name of names) {
  const bench = BENCHES[name];
  if (!bench) continue;
  for await (const result of bench({ quick: values.quick, log: (line) => console.error(`${name}: ${line}`) }))
    report(result);
}
process.exitCode = failed > 0 && !values.quick ? 1 : 0;

function report({ figures, goals, name }: BenchResult): void {
  const machine = describeMachine();
  console.log(JSON.stringify({ bench: name, machine, goals, figures }));
  for (const { goal, measured, met, what } of goals) {
    if (!met) failed += 1;
    console.log(`${met ? 'met   ' : 'MISSED'} ${what}: ${measured} (goal ${goal}; ${machine})`);
  }
}
