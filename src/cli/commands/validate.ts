import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import { chooseGroup, readGroups } from '../picture.ts';
import { checkGroup, checkLeader, checkPermissions, checkRegion } from '../preflight.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { hasFailed, validateView } from '../views/validate.ts';

async function validate(session: Session): Promise<ExitCode> {
  const { client, clock, connectTo, options, paint, terminal } = session;
  const group = chooseGroup(await readGroups(client), options.group);
  const regions = group.spec.infrastructureUnits.map(({ region }) => region);
  const checks = await Promise.all([
    checkPermissions(client),
    checkLeader('the hub', 'switchback-hub', client, clock),
    Promise.resolve(checkGroup(group)),
    ...regions.map((region) => checkRegion(region, connectTo, clock)),
  ]);
  show(validateView(checks.flat()), options.output, paint, terminal);
  return hasFailed(checks.flat()) ? EXIT.no : EXIT.ok;
}

export function addValidateCommand(program: Command, run: Run): void {
  program
    .command('validate')
    .description(
      `whether all is there that a switch needs: credentials, permissions, capacity, clocks; changes nothing, ends with ${EXIT.no} when something failed`,
    )
    .action(run((session) => validate(session)));
}
