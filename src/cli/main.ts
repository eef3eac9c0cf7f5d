import { Command, CommanderError, Option } from 'commander';
import type { Clock } from '../runtime/clock.ts';
import { addChangeCommands } from './commands/change.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addImpactCommand } from './commands/impact.ts';
import { addReadCommands } from './commands/read.ts';
import { addReportCommands } from './commands/report.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addSwitchCommands } from './commands/switch.ts';
import { addUninstallCommand } from './commands/uninstall.ts';
import { addValidateCommand } from './commands/validate.ts';
import { addWatchCommand } from './commands/watch.ts';
import { CommandError, EXIT, type ExitCode } from './exit.ts';
import { FORMATS } from './output.ts';
import type { Run } from './run.ts';
import { connectToHub, type GlobalOptions } from './session.ts';
import { createPaint, type Terminal } from './terminal.ts';

const EPILOGUE = `
It acts with your own rights: each command reads or makes objects that kubectl could as well.
Ends with 0: done, or yes. 1: could not be done. 2: wrong command line. 3: the answer is no. 4: not in time.`;

/** `kubectl switchback`, `switchback`: the commands, and what they end with. */
export async function runCli(
  args: readonly string[],
  terminal: Terminal,
  { clock, connect = connectToHub }: { readonly clock: Clock; readonly connect?: typeof connectToHub },
): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const run: Run =
    (act) =>
    async (...given) => {
      // The last two are the options of the command and the command itself.
      const options = program.opts<GlobalOptions>();
      const client = await connect(options, terminal.env, clock);
      try {
        const connectTo = (context: string) => connect({ ...options, context }, terminal.env, clock);
        const session = { client, clock, terminal, paint: createPaint(terminal), options, connectTo };
        code = await act(session, ...(given.slice(0, -1) as never));
      } finally {
        await client.transport.close();
      }
    };
  const program = createProgram(terminal, run);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explainFailure(error, terminal);
  }
}

/** Every command, each doing what `run` makes of it. */
export function createProgram({ err, out }: Pick<Terminal, 'err' | 'out'>, run: Run): Command {
  const program = new Command('switchback')
    .description('Regional failover and switchback: what is active where, may a region be lost, and how to move it.')
    .option('--kubeconfig <file>', 'of the hub; KUBECONFIG or ~/.kube/config when left out')
    .option('--context <name>', 'context of the kubeconfig')
    .option('-g, --group <name>', 'IU group, where there are several')
    .addOption(new Option('-o, --output <format>', 'how the answer is written').choices(FORMATS).default('table'))
    .addHelpText('after', EPILOGUE)
    .showHelpAfterError('(switchback --help shows the commands)')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err });
  addReadCommands(program, run);
  addSwitchCommands(program, run);
  addChangeCommands(program, run);
  addWatchCommand(program, run);
  addReportCommands(program, run);
  addUninstallCommand(program, run);
  addImpactCommand(program, run);
  addValidateCommand(program, run);
  addRestoreCommand(program, run);
  addCompletionCommand(program, run, out);
  return program;
}

function explainFailure(error: unknown, { err }: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  err(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof CommandError ? error.code : EXIT.failed;
}
