import type { RegionSwitch, RegionSwitchStatus, SwitchStep } from '../api/region-switch.ts';
import { type EndedSpan, spanIdOf, traceIdOf } from './span.ts';
import type { StatusReport } from './status.ts';

/**
 * Says in the first report on a switch which trace will tell of it, whether or not anybody traces: who begins to do so
 * later finds it there. Never a write of its own, so what was reported before there was such a field stays as it is.
 */
export function withTraceId({ metadata, status }: RegionSwitch, report: StatusReport): StatusReport {
  const traceID = status?.conditions === undefined ? traceIdOf(metadata.uid) : undefined;
  return traceID === undefined ? report : { ...report, fields: { ...report.fields, traceID } };
}

type Attributes = EndedSpan['attributes'];

/** A part of a switch, before it is a span: ids and bounds come from the whole. */
interface Part {
  /** Unique in the switch: the span id follows from it. */
  readonly id: string;
  readonly name: string;
  readonly startTime: string | undefined;
  readonly endTime: string | undefined;
  readonly attributes?: Attributes;
  readonly failure?: string | undefined;
  readonly parts?: readonly Part[];
}

/**
 * The trace of a switch, from what its status says: a root, a span for each step, and the wait for persons by itself.
 * Nothing of it was kept in memory, so no crash on the way loses any of it. The root comes when the switch has ended,
 * which a lost region may put off for days; what has an end of its own comes when all services are where they shall be.
 * Empty before: another service may open a step again.
 */
export function switchSpans(one: RegionSwitch): readonly EndedSpan[] {
  const { metadata, spec, status } = one;
  const traceId = status?.traceID ?? traceIdOf(metadata.uid);
  const isSwitchedOver = status !== undefined && conditionOf(status, 'SwitchedOver')?.status === 'True';
  if (traceId === undefined || (status?.endTime === undefined && !isSwitchedOver)) return [];
  const { uid = traceId } = metadata;
  const root: Part = {
    id: '',
    name: spec.type,
    startTime: status.startTime ?? metadata.creationTimestamp,
    endTime: status.endTime,
    attributes: attributesOf(one, status),
    failure: failureOf(status),
    parts: [...waitOf(status), ...stepsOf(status.steps, ''), ...zoneOf(status), ...wayHomeOf(status)],
  };
  return spansOf(root, { traceId, uid, endTime: status.endTime });
}

interface Whole {
  readonly traceId: string;
  readonly uid: string;
  /** Of the switch: what has no end of its own ends with it. Undefined: it goes on. */
  readonly endTime: string | undefined;
}

function spansOf(part: Part, whole: Whole, parent?: Part): EndedSpan[] {
  const below = (part.parts ?? []).flatMap((child) => spansOf(child, whole, part));
  const endTime = part.endTime ?? whole.endTime;
  if (endTime === undefined) return below;
  const startMs = Date.parse(part.startTime ?? endTime);
  const span: EndedSpan = {
    traceId: whole.traceId,
    spanId: spanIdOf(whole.uid, part.id),
    ...(parent === undefined ? {} : { parentSpanId: spanIdOf(whole.uid, parent.id) }),
    name: part.name,
    startMs,
    endMs: Math.max(startMs, Date.parse(endTime)),
    attributes: part.attributes ?? {},
    ...(part.failure === undefined ? {} : { failure: part.failure }),
  };
  return [span, ...below];
}

/** One word where all services go the same way, several where they do not. */
const regionsOf = (names: readonly string[]): string => [...new Set(names)].sort().join(',');

function attributesOf({ metadata, spec }: RegionSwitch, status: RegionSwitchStatus): Attributes {
  const { services = [] } = status;
  const known: Readonly<Record<string, string | number | boolean | undefined>> = {
    'switchback.switch': metadata.name,
    'switchback.iu_group': spec.iuGroupRef.name,
    'switchback.type': spec.type,
    'switchback.trigger': spec.trigger,
    'switchback.dry_run': spec.dryRun,
    'switchback.drill': spec.drill?.kind,
    'switchback.scope': spec.services ? 'Services' : spec.tenants ? 'Tenants' : (spec.drill?.zone ?? 'Region'),
    'switchback.region': spec.region,
    'switchback.from': services.length > 0 ? regionsOf(services.map(({ from }) => from)) : undefined,
    'switchback.to': services.length > 0 ? regionsOf(services.map(({ to }) => to)) : undefined,
    'switchback.services': status.servicesTotal,
    'switchback.slowest_recovery_ms': status.slowestRecoveryMilliseconds,
    'switchback.result': conditionOf(status, 'Ready')?.reason,
  };
  return Object.fromEntries(
    Object.entries(known).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
  );
}

const conditionOf = ({ conditions }: RegionSwitchStatus, wanted: string) =>
  conditions?.find(({ type }) => type === wanted);

/** What did not do what was asked: aborted, expired, or a drill that did not pass. */
function failureOf(status: RegionSwitchStatus): string | undefined {
  const stalled = conditionOf(status, 'Stalled');
  return stalled?.status === 'True' ? stalled.message : undefined;
}

function stepsOf(steps: readonly SwitchStep[] = [], way: string): Part[] {
  return steps
    .filter(({ startTime }) => startTime !== undefined)
    .map(({ done, endTime, name, startTime, state, total }) => ({
      id: `${way}${name}`,
      name,
      startTime,
      endTime,
      attributes: { 'switchback.state': state, 'switchback.done': done, 'switchback.total': total },
      failure: state === 'Aborted' ? `aborted: ${done} of ${total} services had passed it` : undefined,
    }));
}

function waitOf({ approval }: RegionSwitchStatus): Part[] {
  if (!approval) return [];
  const { grantedTime: endTime, requestedTime: startTime } = approval;
  const attributes = { 'switchback.approved': endTime !== undefined };
  return [{ id: 'approval', name: 'WaitForApproval', startTime, endTime, attributes }];
}

/** A drill of a zone has no steps: it empties the zone, stays, and fills it again. */
function zoneOf({ drill, emptied, startTime }: RegionSwitchStatus): Part[] {
  if (!emptied?.length) return [];
  const last = (times: readonly (string | undefined)[]) =>
    times
      .filter((time) => time !== undefined)
      .sort()
      .at(-1);
  const left = last(emptied.map(({ emptyTime }) => emptyTime));
  const leave: Part = { id: 'leave', name: 'LeaveZone', startTime, endTime: left ?? drill?.homeTime };
  if (drill?.homeTime === undefined) return [leave];
  const filled = last(emptied.map(({ filledTime }) => filledTime));
  return [leave, { id: 'fill', name: 'FillZone', startTime: drill.homeTime, endTime: filled }];
}

/** The way home of a drill, or of what was undone. */
function wayHomeOf({ back }: RegionSwitchStatus): Part[] {
  const parts = stepsOf(back?.steps, 'back/');
  const startTime = parts.map((part) => part.startTime ?? '').sort()[0];
  return startTime === undefined ? [] : [{ id: 'back', name: 'WayHome', startTime, endTime: undefined, parts }];
}
