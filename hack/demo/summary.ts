import { seconds } from './journal.ts';
import type { Report, ServiceRecord } from './report.ts';
import type { Screen } from './screen.ts';

/** The end of the demo: how long each step took, what became of each service that moved, and the verdict. */
export function saySummary(screen: Screen, report: Report): void {
  const { paint } = screen;
  screen.say('');
  screen.say(paint('bold', 'Summary'));
  for (const { title, tookMs } of report.steps) screen.say(`   ${seconds(tookMs).padStart(8)}  ${title}`);
  screen.say('');
  for (const line of formatServices(report.services)) screen.say(`   ${line}`);
  screen.say('');
  const failed = report.steps.flatMap(({ expectations, name }) =>
    expectations.filter(({ met }) => !met).map(({ detail, what }) => `${name}: ${what}: ${detail}`),
  );
  for (const line of failed) screen.say(paint('red', `   not as expected: ${line}`));
  const dual = `time with two active sides, as an independent observer saw it: ${report.twoActiveMs} ms`;
  screen.say(paint(report.twoActiveMs === 0 ? 'green' : 'red', `   ${dual}`));
  screen.say(paint(report.ok ? 'green' : 'red', `   ${report.ok ? 'all as expected' : 'NOT AS EXPECTED'}`));
}

const HEAD = [
  'SERVICE',
  'FAILOVER',
  'EPOCH',
  'RECOVERY',
  'RECORDED',
  'SWITCHBACK',
  'NONE ACTIVE',
  'TWO ACTIVE',
] as const;

/**
 * A table of the services that are active in one region at a time. Recovery, switchback and the times with none and two
 * active sides are the observer's; what the RegionSwitch recorded stands beside them.
 */
export function formatServices(services: readonly ServiceRecord[]): readonly string[] {
  const rows = services
    .filter(({ mode }) => mode === 'Backup')
    .map(({ failover, longestWithoutActiveMs, service, switchback, twoActiveMs }) => [
      service.slice(service.indexOf('/') + 1),
      failover ? `${failover.from} -> ${failover.to}` : 'stayed',
      String(switchback?.epoch ?? failover?.epoch ?? ''),
      secondsOrNothing(failover?.recoveryMs),
      secondsOrNothing(failover?.recordedRecoveryMs),
      secondsOrNothing(switchback?.recoveryMs),
      seconds(longestWithoutActiveMs),
      `${twoActiveMs} ms`,
    ]);
  return alignColumns([HEAD, ...rows]);
}

const secondsOrNothing = (ms: number | undefined): string => (ms === undefined ? '' : seconds(ms));

function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
