import process from 'node:process';

/**
 * `switchback hub`, `switchback agent`, `switchback gate`. Each program is loaded only when it is asked for: the gate
 * stands in every write-bearing container, where there is nothing but `node`, this file, `gate/` and the clock.
 */
const args = process.argv.slice(2);
if (args[0] === 'gate') {
  const { runGate } = await import('./gate/main.ts');
  await runGate(args.slice(1));
} else {
  const { runOperator } = await import('./operator.ts');
  await runOperator(args);
}
