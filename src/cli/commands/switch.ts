import type { Command } from 'commander';
import { isoTime } from '../../api/common.ts';
import { isTrue } from '../../api/conditions.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import { RESOURCES } from '../../api/resources.ts';
import { ifPresent } from '../../kube/errors.ts';
import { parseDuration } from '../durations.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { servicesOption } from '../options.ts';
import { show } from '../output.ts';
import { chooseGroup, readGroups, requireRegion } from '../picture.ts';
import { buildSwitch, nameFor, type Wanted, whoAmI } from '../requests.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { hasEnded, switchView } from '../views/switch.ts';
import { waitFor } from '../wait.ts';

interface SwitchOptions {
  readonly reason?: string;
  readonly service?: readonly string[];
  readonly dryRun?: boolean;
  readonly approve?: boolean;
  readonly wait?: boolean;
  readonly timeout: string;
}

const PLAN_TIMEOUT_MS = 30_000;

const MOVES = {
  failover: { type: 'Failover', about: 'leave a region that is lost or not to be trusted' },
  evacuate: { type: 'Evacuate', about: 'empty a healthy region, as a planned switch' },
  switchback: { type: 'Switchback', about: 'bring services home to their primary region' },
} as const;

async function askFor(session: Session, wanted: Omit<Wanted, 'iuGroupRef'>): Promise<RegionSwitch> {
  const { client, clock, options } = session;
  const group = chooseGroup(await readGroups(client), options.group);
  if (wanted.region !== undefined) requireRegion(group, wanted.region);
  const whole: Wanted = { ...wanted, iuGroupRef: { name: group.metadata.name } };
  return client.create(RESOURCES.regionSwitch, buildSwitch(nameFor(whole, clock.now().wallMs), whole));
}

const reread = ({ client }: Session, { metadata: { name } }: RegionSwitch) =>
  client.read(RESOURCES.regionSwitch, { name });

/** A plan, or the hub's word that there cannot be one. */
async function untilPlanned(session: Session, made: RegionSwitch): Promise<RegionSwitch> {
  return waitFor(session.clock, 'the plan', PLAN_TIMEOUT_MS, async () => {
    const now = await reread(session, made);
    return now.status?.plan || hasEnded(now) || isTrue(now.status?.conditions, 'Stalled') ? now : undefined;
  });
}

/** Shows what would be done, and leaves nothing behind. */
async function plan(session: Session, wanted: Omit<Wanted, 'iuGroupRef'>): Promise<ExitCode> {
  const { client, options, paint, terminal } = session;
  const made = await askFor(session, { ...wanted, dryRun: true });
  try {
    const planned = await untilPlanned(session, made);
    show(switchView(planned), options.output, paint, terminal);
    return (planned.status?.plan?.held ?? 0) > 0 || !planned.status?.plan ? EXIT.no : EXIT.ok;
  } finally {
    await ifPresent(client.delete(RESOURCES.regionSwitch, { name: made.metadata.name }));
  }
}

async function begin(session: Session, wanted: Omit<Wanted, 'iuGroupRef'>, asked: SwitchOptions): Promise<ExitCode> {
  const { clock, options, paint, terminal } = session;
  const made = await askFor(session, wanted);
  if (!asked.wait) {
    terminal.out(`regionswitch.switchback.dev/${made.metadata.name} created\n`);
    return EXIT.ok;
  }
  terminal.err(`regionswitch.switchback.dev/${made.metadata.name} created, waiting\n`);
  const ended = await waitFor(clock, 'the end of the switch', parseDuration(asked.timeout) * 1000, async () => {
    const now = await reread(session, made);
    return hasEnded(now) ? now : undefined;
  });
  show(switchView(ended), options.output, paint, terminal);
  const { drill } = ended.spec;
  const isDone = drill && drill.kind !== 'Region' ? ended.status?.drill?.result === 'Passed' : undefined;
  return (isDone ?? isTrue(ended.status?.conditions, 'SwitchedOver')) ? EXIT.ok : EXIT.no;
}

/** @throws CommandError without a reason: it stays on record */
function requireReason(reason: string | undefined): string {
  if (reason !== undefined && reason !== '') return reason;
  throw new CommandError('say why with --reason: it stays on record', EXIT.usage);
}

async function move(session: Session, type: Wanted['type'], region: string, asked: SwitchOptions): Promise<ExitCode> {
  const scope = { type, region, ...(asked.service && { services: [...asked.service] }) };
  if (asked.dryRun) return plan(session, { ...scope, reason: asked.reason ?? 'dry run' });
  const reason = requireReason(asked.reason);
  const at = isoTime(session.clock.now().wallMs);
  const approved = asked.approve ? { approved: { by: await whoAmI(session.client), at } } : {};
  return begin(session, { ...scope, reason, ...approved }, asked);
}

interface FreezeOptions {
  readonly for: string;
  readonly region?: string;
  readonly reason?: string;
}

async function freeze(session: Session, asked: FreezeOptions): Promise<ExitCode> {
  const reason = requireReason(asked.reason);
  const expiresAt = isoTime(session.clock.now().wallMs + parseDuration(asked.for) * 1000);
  const where = asked.region === undefined ? {} : { region: asked.region };
  const made = await askFor(session, { type: 'Freeze', ...where, reason, expiresAt });
  session.terminal.out(
    `regionswitch.switchback.dev/${made.metadata.name} created: nothing moves by itself until ${expiresAt}\n`,
  );
  return EXIT.ok;
}

interface DrillOptions extends SwitchOptions {
  readonly plan?: boolean;
  readonly zone?: string;
  readonly stay: string;
  readonly objective?: string;
}

async function drill(session: Session, region: string, asked: DrillOptions): Promise<ExitCode> {
  const reason = asked.reason ?? 'drill';
  const objective = asked.objective === undefined ? {} : { objectiveSeconds: parseDuration(asked.objective) };
  if (asked.plan && asked.zone !== undefined)
    throw new CommandError('--plan is of a region: leave it out, or leave --zone out', EXIT.usage);
  const ofZone = asked.zone === undefined ? undefined : ({ kind: 'Zone', zone: asked.zone } as const);
  const kind = ofZone ?? ({ kind: asked.plan ? 'Plan' : 'Region' } as const);
  const wanted = { ...kind, staySeconds: parseDuration(asked.stay), ...objective };
  const scope = asked.service ? { services: [...asked.service] } : {};
  return begin(session, { type: 'Drill', region, reason, ...scope, drill: wanted }, asked);
}

function withCommon(command: Command): Command {
  return command
    .option('--reason <text>', 'why; stays on record')
    .option('--wait', 'wait until it has ended')
    .option('--timeout <duration>', 'how long to wait', '30m');
}

/** Commands that ask for something: each makes the RegionSwitch that a person could apply as well. */
export function addSwitchCommands(program: Command, run: Run): void {
  for (const [name, { about, type }] of Object.entries(MOVES)) {
    withCommon(program.command(name))
      .description(about)
      .argument('<region>', type === 'Switchback' ? 'the region to go home to' : 'the region to leave')
      .addOption(servicesOption())
      .option('--dry-run', 'show the plan and do nothing')
      .option('--approve', 'approve services that ask for a yes, in your name')
      .action(run((session, region: string, asked: SwitchOptions) => move(session, type, region, asked)));
  }
  program
    .command('plan')
    .description(`what a switch would do; ends with ${EXIT.no} when something is held`)
    .argument('<verb>', 'failover, evacuate or switchback')
    .argument('<region>', 'the region')
    .addOption(servicesOption())
    .action(
      run((session, verb: string, region: string, asked: SwitchOptions) => {
        if (!(verb in MOVES))
          throw new CommandError(`${verb} cannot be planned: failover, evacuate or switchback`, EXIT.usage);
        return move(session, MOVES[verb as keyof typeof MOVES].type, region, { ...asked, dryRun: true });
      }),
    );
  program
    .command('freeze')
    .description('let nothing move by itself for a time (end it early with abort)')
    .requiredOption('--for <duration>', 'how long, for example 4h')
    .option('--region <region>', 'only moves out of it and into it')
    .option('--reason <text>', 'why; stays on record')
    .action(run((session, asked: FreezeOptions) => freeze(session, asked)));
  withCommon(program.command('drill'))
    .description('rehearse a switch away from a region and home again, or the loss of a zone')
    .argument('<region>', 'the region')
    .option('--plan', 'move nothing, prove that all could')
    .option('--zone <zone>', 'keep this zone of the region empty instead')
    .addOption(servicesOption())
    .option('--stay <duration>', 'how long services stay away, or the zone empty', '5m')
    .option('--objective <duration>', 'longest time that a service may be away')
    .action(run((session, region: string, asked: DrillOptions) => drill(session, region, asked)));
}
