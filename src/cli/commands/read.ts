import type { Command } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import {
  chooseByName,
  chooseGroup,
  instancesOf,
  readGroups,
  readPicture,
  readSwitch,
  requireRegion,
} from '../picture.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { explain, explainView } from '../views/explain.ts';
import { computeStatus, isSafe, statusView } from '../views/status.ts';
import { switchView } from '../views/switch.ts';
import { treeView } from '../views/tree.ts';
import { whatIfView } from '../views/what-if.ts';

async function status(
  { client, options, paint, terminal }: Session,
  { check }: { check?: boolean },
): Promise<ExitCode> {
  const picture = await readPicture(client);
  const groups = options.group === undefined ? picture.groups : [chooseGroup(picture, options.group)];
  if (groups.length === 0) throw new CommandError('there is no IU group on this cluster: is it the hub? (--context)');
  const answer = computeStatus(picture, groups);
  show(statusView(answer), options.output, paint, terminal);
  return check && !isSafe(answer) ? EXIT.no : EXIT.ok;
}

async function tree({ client, options, paint, terminal }: Session): Promise<ExitCode> {
  const picture = await readPicture(client);
  const group = chooseGroup(picture, options.group);
  show(treeView(group, instancesOf(picture, group.metadata.name)), options.output, paint, terminal);
  return EXIT.ok;
}

async function explainService({ client, options, paint, terminal }: Session, name: string): Promise<ExitCode> {
  const picture = await readPicture(client);
  const instance = chooseByName('ServiceInstance', picture.instances, name);
  const group = chooseGroup(picture, instance.spec.iuGroupRef.name);
  const serviceClass = picture.classes.find(({ metadata }) => metadata.name === instance.spec.serviceClassRef.name);
  show(explainView(explain(instance, group, serviceClass)), options.output, paint, terminal);
  return EXIT.ok;
}

async function whatIf({ client, options, paint, terminal }: Session, region: string | undefined): Promise<ExitCode> {
  const group = chooseGroup(await readGroups(client), options.group);
  if (region !== undefined) requireRegion(group, region);
  show(whatIfView(group, region), options.output, paint, terminal);
  const losses = (group.status?.whatIf ?? []).filter((loss) => region === undefined || loss.region === region);
  return losses.every(({ survives }) => survives) ? EXIT.ok : EXIT.no;
}

async function showSwitch({ client, options, paint, terminal }: Session, name: string): Promise<ExitCode> {
  show(switchView(await readSwitch(client, name)), options.output, paint, terminal);
  return EXIT.ok;
}

/** Commands that only read. */
export function addReadCommands(program: Command, run: Run): void {
  program
    .command('status')
    .description('groups, regions, what is active where, and whether a region may be lost now')
    .option('--check', `end with ${EXIT.no} unless all is ready and any one region may be lost`)
    .action(run((session, options: { check?: boolean }) => status(session, options)));
  program
    .command('tree')
    .description('a group, its regions, and what runs in each')
    .action(run((session) => tree(session)));
  program
    .command('explain')
    .description('why a service is where it is, and why not elsewhere')
    .argument('<service>', 'name of a ServiceInstance')
    .action(run((session, name: string) => explainService(session, name)));
  program
    .command('what-if')
    .description(`what the loss of a region would do; ends with ${EXIT.no} when it is not survived`)
    .argument('[region]', 'the region; all of the group when left out')
    .action(run((session, region: string | undefined) => whatIf(session, region)));
  program
    .command('show')
    .description('a RegionSwitch: its plan, its steps, and with -o wide each service')
    .argument('<switch>', 'name of a RegionSwitch')
    .action(run((session, name: string) => showSwitch(session, name)));
}
