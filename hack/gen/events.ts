import { API_VERSION } from '../../src/api/common.ts';
import { REASONS, type Reason } from '../../src/api/conditions.ts';
import type { EventNote } from '../../src/kube/event-recorder.ts';
import * as events from '../../src/report/events.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/report/events.ts by `npm run gen`: do not edit. -->';

/** An event as it looks, with names in angle brackets for what it is about. */
export interface EventEntry {
  readonly note: Pick<EventNote, 'type' | 'action' | 'note'> & { readonly kind: string };
  /** One or several: what is told in the same words for different reasons. Empty: that of the guard that holds. */
  readonly reasons: readonly Reason[];
}

/** Only what events read of an object. */
const object = <T>(kind: string, more: object = {}): T =>
  ({ apiVersion: API_VERSION, kind, metadata: { name: 'sample', namespace: 'sample' }, ...more }) as unknown as T;

type First<F extends (...args: never) => unknown> = Parameters<F>[0];
const group = object<First<typeof events.regionLost>>('IUGroup');
const instance = object<First<typeof events.moved>>('ServiceInstance');
const tenant = object<First<typeof events.tenantMoves>>('Tenant');
const regionSwitch = (spec: object = {}) => object<First<typeof events.freezeExpired>>('RegionSwitch', { spec });
const order = (role: 'Active' | 'Standby') =>
  object<First<typeof events.fenced>>('RegionalService', { spec: { role, epoch: '<epoch>' } });
const assignment = (more: object = {}) => {
  const sample = { activeRegion: '<region>', epoch: '<epoch>', mode: '<mode>', reason: 'FailedOver', ...more };
  return sample as unknown as Parameters<typeof events.moved>[2];
};

const WHY = '<why>';
const hold = { wanted: 'FailedOver', reason: 'AsDeclared', message: WHY, endsWhen: '<what ends it>' } as const;
const of = ({ action, note, reason, regarding, type }: EventNote, ...reasons: readonly Reason[]): EventEntry => ({
  note: { type, action, note: note.replaceAll('NaN', '<number>'), kind: regarding.kind },
  reasons: reasons.length > 0 ? reasons : [reason as Reason],
});
/** Held by a guard. */
const ofGuards = (note: EventNote): EventEntry => ({ ...of(note), reasons: [] });

/** Of transit centres, in sentences of their own (`report/transit-events.ts`). */
const transit = (type: EventNote['type'], action: string, text: string, ...reasons: readonly Reason[]): EventEntry =>
  of(events.groupNote(group, type, reasons[0] ?? 'AsDeclared', action, text), ...reasons);

/** A sample of every event: one that has none here is an error of its type. */
const SAMPLES: { readonly [Name in keyof typeof events]: readonly EventEntry[] } = {
  regionLost: [of(events.regionLost(group, '<region>', WHY))],
  regionTroubled: [
    of(
      events.regionTroubled(group, '<region>', 'LinkLost', WHY),
      'LinkLost',
      'WritesFail',
      'RegionSick',
      'Flapping',
      'ZoneLost',
    ),
  ],
  regionRecovered: [of(events.regionRecovered(group, '<region>'))],
  drillStarted: [of(events.drillStarted(group, '<drill>', '<switch>'))],
  drillSkipped: [of(events.drillSkipped(group, '<drill>', WHY))],
  requestMade: [of(events.requestMade(group, '<switch>'))],
  requestChanged: [of(events.requestChanged(group, '<change>', '<switch>'))],
  requestRefused: [of(events.requestRefused(group, WHY))],
  hubFollows: [of(events.hubFollows(group, 'PredecessorAnswers', WHY), 'PredecessorAnswers', 'PredecessorUnproved')],
  hubInherited: [of(events.hubInherited(group))],
  moved: [
    of(events.moved(instance, '<region>', assignment()), 'FailedOver', 'RegionSick'),
    of(
      events.moved(instance, '<region>', assignment({ reason: 'Evacuated', regionSwitch: '<switch>' })),
      'SwitchedBack',
      'Moved',
      'Evacuated',
    ),
  ],
  successorLost: [of(events.successorLost(instance, '<region>', assignment()))],
  successorBack: [of(events.successorBack(instance, '<region>', assignment()))],
  modeChanged: [of(events.modeChanged(instance, assignment()))],
  held: [ofGuards(events.held(instance, hold))],
  tenantWarned: [of(events.tenantWarned(tenant, 'TierDeprecated', WHY), 'TierDeprecated', 'TierRefused')],
  tenantMoves: [of(events.tenantMoves(tenant, '<what moves, from where to where>'))],
  freezeExpired: [of(events.freezeExpired(regionSwitch({ expiresAt: '<time>' })))],
  notCovered: [
    of(
      events.notCovered(regionSwitch(), { type: 'Covered', status: 'False', reason: 'SharedWithOthers', message: WHY }),
    ),
  ],
  dependencyTimedOut: [of(events.dependencyTimedOut(instance, '<region>', ['<service>'], Number.NaN))],
  fenced: [
    of(events.fenced(order('Standby'), false)),
    of(events.fenced(order('Active'), false)),
    of(events.fenced(order('Active'), true)),
  ],
  slotPromoted: [of(events.slotPromoted(order('Active'), '<component>', Number.NaN, WHY))],
  spreadRepaired: [of(events.spreadRepaired(order('Active'), '<which pod was evicted, and why>'))],
  zoneReleased: [of(events.zoneReleased(order('Active'), WHY))],
  zoneDrillHeld: [ofGuards(events.zoneDrillHeld(regionSwitch(), 'AsDeclared', WHY))],
  groupNote: [
    transit(
      'Warning',
      'Diagnose',
      'The voice of transit centre <centre> was found <state>: <why>',
      'VoiceLost',
      'VoiceAndMplsLost',
      'MplsLost',
      'PartialLoss',
      'OneWayLoss',
      'Flapping',
    ),
    transit('Warning', 'Diagnose', 'The voice of transit centre <centre> could not be judged: <why>', 'ProbesSuspect'),
    transit('Normal', 'Diagnose', 'The voice of transit centre <centre> is up again', 'TransitUp'),
    transit(
      'Warning',
      'Diagnose',
      'Region <region> was found to reach the voice of no transit centre: <why>',
      'RegionUplinkLost',
    ),
    transit(
      'Warning',
      'MoveIngress',
      'Callers of <centre> were moved from <centre> to <centre>: <why>',
      'IngressMoved',
    ),
    transit('Normal', 'MoveIngress', 'Callers of <centre> returned to it from <centre>', 'IngressReturned'),
    ofGuards(
      events.groupNote(group, 'Warning', 'AsDeclared', 'Hold', 'A move of the callers of <centre> was held: <why>'),
    ),
    ofGuards(
      events.groupNote(group, 'Normal', 'AsDeclared', 'Hold', 'The return of the callers of <centre> was held: <why>'),
    ),
  ],
};

export const listEvents = (): readonly EventEntry[] => Object.values(SAMPLES).flat();

const row = ({ note, reasons }: EventEntry): readonly string[] => [
  reasons.length > 0 ? reasons.map(code).join(', ') : 'that of the [guard](guards.md)',
  note.type,
  note.action,
  cell(note.note),
];

/** The page of all events. */
export function renderEvents(): readonly GeneratedFile[] {
  const byKind = Map.groupBy(listEvents(), ({ note }) => note.kind);
  const used = [...new Set(listEvents().flatMap(({ reasons }) => reasons))].sort();
  const text = [
    NOTE,
    '# Events',
    'Hub and agents write them as `events.k8s.io/v1`, the hub on its own cluster, agents in their region. They tell people what happened; whatever matters stands in a status too, and nothing reads them. What is told again within some minutes is counted in one event; who repeats too much is slowed down. `kubectl get events --field-selector reason=RegionLost` finds those of one reason.',
    ...[...byKind].flatMap(([kind, entries]) => [
      `## Of ${kind}`,
      table(['reason', 'type', 'action', 'what it says'], entries.map(row)),
    ]),
    '## Reasons',
    table(
      ['reason', 'meaning'],
      used.map((reason) => [code(reason), cell(REASONS[reason])]),
    ),
  ].join('\n\n');
  return [{ path: 'docs/reference/events.md', text: `${text}\n` }];
}
