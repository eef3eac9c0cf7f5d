/**
 * The main job on real API servers: services fail over when a zone or a region is lost, and go home when it is back.
 * `node hack/demo/demo.ts --help` shows the options.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sayCommand } from './command.ts';
import { stateOf } from './group.ts';
import { sayImpact } from './impact.ts';
import { Journal } from './journal.ts';
import { keepRunning } from './keep.ts';
import type { Move } from './moves.ts';
import { type DemoOptions, readOptions, USAGE } from './options.ts';
import { onPictureChange } from './picture.ts';
import { loseRegion } from './region-loss.ts';
import { healRegion, switchBack } from './region-return.ts';
import { buildReport, type Report, serialise } from './report.ts';
import { buildRows } from './rows.ts';
import { createPlainScreen, createTerminalScreen, type Screen } from './screen.ts';
import { applyEverything } from './setup-steps.ts';
import { bootStage, CleanUp, clearWorkDir, openWorkDir, REGIONS, type Stage, setUpStage } from './stage.ts';
import { saySummary } from './summary.ts';
import { formatTable } from './table.ts';
import { loseTransitCentre } from './transit-steps.ts';
import { loseZone, restoreZone } from './zone-steps.ts';

/** How often the table is drawn anew at most. */
const TERMINAL_DRAW_MS = 200;
const PLAIN_DRAW_MS = 2_000;

const startMs = performance.now();
const options = readOptionsOrExit();
const workDir = openWorkDir(options.keep);
const cleanUp = new CleanUp();
const screen = process.stdout.isTTY
  ? createTerminalScreen(process.stdout, startMs)
  : createPlainScreen((text) => process.stdout.write(text), startMs);

endOn('SIGINT', 130);
endOn('SIGTERM', 143);

try {
  await end((await main()) ? 0 : 1);
} catch (error) {
  screen.say(error instanceof Error ? error.message : String(error));
  await end(1);
}

async function main(): Promise<boolean> {
  // Made at once: that it cannot be written should not be known only at the end.
  if (options.report !== undefined) writeFileSync(options.report, '');
  const journal = new Journal(screen, startMs);
  const regions = await journal.step('boot', 'Boot a hub and two regions of two zones each', (step) =>
    bootStage(workDir, cleanUp, (line) => step.say(line)),
  );
  const stage = await journal.step('install', 'Install the operator: the hub, and an agent in each region', () =>
    setUpStage(regions, cleanUp),
  );
  showTable(stage, screen);
  const report = await tellStory(stage, journal);
  screen.hide();
  saySummary(screen, report);
  if (options.report !== undefined) writeFileSync(options.report, serialise(report));
  if (options.keep) await keepRunning(stage, screen);
  return report.ok;
}

/** The steps stand on each other: after one that fails the report is made of what there is. */
async function tellStory(stage: Stage, journal: Journal): Promise<Report> {
  const { loss } = options;
  const told = { readyMs: 0, failover: [] as readonly Move[], switchback: [] as readonly Move[] };
  const [{ name: home, zones }] = REGIONS;
  const [zone = ''] = zones;
  try {
    await journal.step('apply', 'Apply the catalogue, the IU group and three tenants', (step) =>
      applyEverything(stage, step),
    );
    told.readyMs = stage.observer.nowMs;
    const lostZone = await journal.step('lose-zone', `Lose zone ${zone}`, (step) => loseZone(stage, step, home, zone));
    await journal.step('restore-zone', `Restore zone ${zone}`, (step) => restoreZone(stage, step, lostZone));
    await journal.step('lose-transit-centre', `Lose the voice of transit centre ${stage.centres[0].name}`, (step) =>
      loseTransitCentre(stage, step),
    );
    await journal.step('foresee', `Ask what the loss of region ${home} would mean`, async (step) => {
      await sayCommand(stage, step, 'status');
      sayImpact(stage, step, 'crown', { kind: 'Region', region: home });
    });
    told.failover = await journal.step('lose-region', `Lose region ${home}`, (step) =>
      loseRegion(stage, step, home, loss),
    );
    const healthyMs = await journal.step('restore-region', `Restore region ${home}`, (step) =>
      healRegion(stage, step, home),
    );
    told.switchback = await journal.step('switchback', 'Switch back, after a stable time', (step) =>
      switchBack(stage, step, home, { moved: told.failover, healthyMs }),
    );
  } catch {
    // The step has said what went wrong, and the report has it.
  }
  const { isGood, steps } = journal;
  return buildReport({ stage, loss, tookMs: performance.now() - startMs, steps, isGood, ...told });
}

/** Draws the table whenever something has changed, but not too often. */
function showTable(stage: Stage, { paint, show }: Screen): void {
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    const heads = REGIONS.map((region) => ({ ...region, state: stateOf(stage, region.name) }));
    show(formatTable(buildRows(stage.picture, REGIONS), heads, paint));
  };
  onPictureChange(stage.picture, () => {
    timer ??= setTimeout(draw, process.stdout.isTTY ? TERMINAL_DRAW_MS : PLAIN_DRAW_MS);
  });
  cleanUp.add(async () => clearTimeout(timer));
}

/** Leaves nothing behind but, after a failure, the logs. */
async function end(exitCode: number): Promise<never> {
  screen.hide();
  await cleanUp.run();
  clearWorkDir(workDir, exitCode === 1);
  if (exitCode === 1) screen.say(`the logs of the operator are in ${join(workDir, 'operator')}`);
  process.exit(exitCode);
}

/** What the story says while it is broken off is of no use to anybody. The second signal ends at once. */
function endOn(signal: NodeJS.Signals, exitCode: number): void {
  process.once(signal, () => {
    process.once(signal, () => process.exit(exitCode));
    screen.hide();
    screen.say('ending everything');
    screen.mute();
    cleanUp.run().then(() => {
      clearWorkDir(workDir, false);
      process.exit(exitCode);
    });
  });
}

function readOptionsOrExit(): DemoOptions {
  try {
    const read = readOptions(process.argv.slice(2));
    if (!read.help) return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(USAGE);
    process.exit(2);
  }
}
