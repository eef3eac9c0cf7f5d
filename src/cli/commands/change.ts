import type { Command } from 'commander';
import { isoTime } from '../../api/common.ts';
import type { RegionSwitch, RegionSwitchSpec } from '../../api/region-switch.ts';
import { parseDuration } from '../durations.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { servicesOption } from '../options.ts';
import { readSwitch } from '../picture.ts';
import { changeSwitch, whoAmI } from '../requests.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';

async function change(
  session: Session,
  name: string,
  what: string,
  next: (present: RegionSwitch) => Partial<RegionSwitchSpec>,
): Promise<ExitCode> {
  const present = await readSwitch(session.client, name);
  await changeSwitch(session.client, present, next(present));
  session.terminal.out(`regionswitch.switchback.dev/${present.metadata.name} ${what}\n`);
  return EXIT.ok;
}

interface ApproveOptions {
  readonly comment?: string;
  readonly for?: string;
  readonly service?: readonly string[];
}

async function approve(session: Session, name: string, asked: ApproveOptions): Promise<ExitCode> {
  const nowMs = session.clock.now().wallMs;
  const approval = {
    by: await whoAmI(session.client),
    at: isoTime(nowMs),
    ...(asked.comment === undefined ? {} : { comment: asked.comment }),
    ...(asked.for === undefined ? {} : { expiresAt: isoTime(nowMs + parseDuration(asked.for) * 1000) }),
    ...(asked.service && { services: [...asked.service] }),
  };
  return change(session, name, `approved by ${approval.by}`, ({ spec }) => ({
    approvals: [...(spec.approvals ?? []), approval],
  }));
}

/** Commands that change a switch that is there. */
export function addChangeCommands(program: Command, run: Run): void {
  const named = (name: string, about: string) =>
    program.command(name).description(about).argument('<switch>', 'name of a RegionSwitch');
  named('approve', 'say yes, in your name, to what waits for an approval')
    .option('--comment <text>', 'stays on record')
    .option('--for <duration>', 'what has not begun by then needs another approval')
    .addOption(servicesOption())
    .action(run((session, name: string, asked: ApproveOptions) => approve(session, name, asked)));
  named('abort', 'begin nothing more; ends a freeze; brings a drill home')
    .option('--undo', 'bring home what it has moved')
    .action(
      run((session, name: string, { undo }: { undo?: boolean }) =>
        change(session, name, 'aborted', () => ({ abort: true, ...(undo && { undo }) })),
      ),
    );
  named('pause', 'begin nothing more until it is resumed').action(
    run((session, name: string) => change(session, name, 'paused', () => ({ pause: true }))),
  );
  named('resume', 'go on with a switch that was paused').action(
    run((session, name: string) => change(session, name, 'resumed', () => ({ pause: false }))),
  );
}
