import type { RegionSwitch } from '../../api/region-switch.ts';
import type { View } from '../output.ts';
import { formatTable, indent } from '../table.ts';
import type { Paint, Style } from '../terminal.ts';

const STEP_STYLES: Readonly<Record<string, Style>> = {
  Done: 'green',
  Running: 'yellow',
  Pending: 'dim',
  Aborted: 'red',
};
const seconds = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1000).toFixed(1)} s`);

function stepLines({ status }: RegionSwitch, paint: Paint): string[] {
  const steps = (status?.steps ?? []).map(({ name, state, done, total, startTime = '', endTime = '' }) => [
    name,
    paint(STEP_STYLES[state] ?? 'dim', state),
    `${done}/${total}`,
    startTime,
    endTime,
  ]);
  return steps.length === 0 ? [] : ['', indent(formatTable(['STEP', 'STATE', 'SERVICES', 'BEGUN', 'ENDED'], steps))];
}

function planLines({ status }: RegionSwitch, paint: Paint): string[] {
  const { plan } = status ?? {};
  if (!plan) return [];
  const rows = plan.services.map(({ name, verdict, from = '', to = '', wave, reason = '', message = '' }) => [
    name,
    paint(verdict === 'Moves' ? 'green' : verdict === 'Held' ? 'yellow' : 'dim', verdict),
    [from, to].filter((region) => region !== '').join(' → '),
    wave === undefined ? '' : `${wave}`,
    reason,
    message,
  ]);
  const emptied = plan.empties ? `${plan.empties} leave the zone, ` : '';
  const counts = `${emptied}${plan.moves} move, ${plan.drains ?? 0} drain, ${plan.held} are held, ${plan.stays} stay`;
  return [
    '',
    `Plan: ${counts}`,
    ...(rows.length > 0 ? [indent(formatTable(['SERVICE', 'WHAT', 'WAY', 'WAVE', 'WHY', 'MESSAGE'], rows))] : []),
  ];
}

function movedLines({ status }: RegionSwitch, wide: boolean): string[] {
  const moved = status?.services ?? [];
  if (!wide || moved.length === 0) return [];
  const rows = moved.map(
    ({ name, from, to, epoch, decidedTime, promotedTime = '', readyTime = '', recoveryMilliseconds }) => [
      name,
      `${from} → ${to}`,
      `${epoch}`,
      decidedTime,
      promotedTime,
      readyTime,
      seconds(recoveryMilliseconds),
    ],
  );
  return ['', indent(formatTable(['SERVICE', 'WAY', 'EPOCH', 'DECIDED', 'PROMOTED', 'READY', 'RECOVERY'], rows))];
}

function emptiedLines({ status }: RegionSwitch, wide: boolean): string[] {
  const emptied = status?.emptied ?? [];
  if (!wide || emptied.length === 0) return [];
  const rows = emptied.map(({ beganTime, emptyTime = '', filledTime = '', name, notServingMilliseconds }) => [
    name,
    beganTime,
    emptyTime,
    filledTime,
    seconds(notServingMilliseconds),
  ]);
  return ['', indent(formatTable(['SERVICE', 'BEGUN', 'EMPTY', 'FILLED', 'UNSERVED'], rows))];
}

function text(one: RegionSwitch, paint: Paint, wide: boolean): string {
  const { metadata, spec, status } = one;
  const isOfZone = spec.drill?.kind === 'Zone';
  const state = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const facts = ['SwitchedOver', 'CleanedUp', 'Protected'].map((type) => `${type} ${state(type)?.status ?? 'Unknown'}`);
  return [
    `${paint('bold', metadata.name)}: ${spec.type}${spec.region ? ` ${spec.region}` : ''} of ${spec.iuGroupRef.name}${spec.dryRun ? ' (dry run)' : ''}${spec.reason ? `, ${spec.reason}` : ''}`,
    state('Ready')?.message ?? 'The hub has not taken it up yet.',
    ...(spec.dryRun || spec.type === 'Freeze' || isOfZone ? [] : [facts.join('   ')]),
    ...(status?.slowestRecoveryMilliseconds === undefined
      ? []
      : [`${isOfZone ? 'Longest time unserved' : 'Slowest recovery'}: ${seconds(status.slowestRecoveryMilliseconds)}`]),
    ...stepLines(one, paint),
    ...planLines(one, paint),
    ...movedLines(one, wide),
    ...emptiedLines(one, wide),
  ].join('\n');
}

/** A switch: where it stands, its steps, its plan; with `wide` every service that it moved. */
export const switchView = (one: RegionSwitch): View => ({
  data: one,
  text: (paint, wide) => text(one, paint, wide),
});

/** Whether nothing more will come of it by itself. */
export const hasEnded = ({ status }: RegionSwitch): boolean => status?.endTime !== undefined;
