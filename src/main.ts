import process from 'node:process';

/**
 * `switchback hub`, `switchback agent`, `switchback gate`, and the commands of `kubectl switchback`. Each program is loaded
 * only when it is asked for: the gate stands in every write-bearing container, where there is nothing but `node`, this
 * file, `gate/` and the clock.
 */
const args = process.argv.slice(2);
if (args[0] === 'gate') {
  const { runGate } = await import('./gate/main.ts');
  await runGate(args.slice(1));
} else if (args[0] !== 'hub' && args[0] !== 'agent') {
  const [{ runCli }, { foregroundClock }] = await Promise.all([import('./cli/main.ts'), import('./runtime/clock.ts')]);
  const { env, stderr, stdout } = process;
  const terminal = {
    out: (text: string) => void stdout.write(text),
    err: (text: string) => void stderr.write(text),
    isTerminal: stdout.isTTY === true,
    env,
  };
  // Who reads has seen enough, for example `head`.
  stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1));
  // A pipe may still have to take what was written, so the process ends by itself.
  process.exitCode = await runCli(args, terminal, { clock: foregroundClock });
} else {
  const { runOperator } = await import('./operator.ts');
  await runOperator(args);
}
