import { API_VERSION, isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup, RequestEntry } from '../api/iu-group.ts';
import { ANNOTATIONS, FIELD_MANAGERS } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import {
  changesOf,
  NOTHING_TO_CHANGE,
  type RequestAnswer,
  readRequest,
  rememberRequest,
  requestCondition,
} from '../decide/switch-request.ts';
import { ConflictError, TerminalError } from '../kube/errors.ts';
import { requestChanged, requestMade, requestRefused } from '../report/events.ts';
import type { HubContext } from './context.ts';

/** What the group tells of requests. */
export interface RequestFacts {
  readonly requests: readonly RequestEntry[];
  readonly requested: ConditionState | undefined;
}

/**
 * Makes the RegionSwitch that the annotation of a group asks for. It is made first and remembered then: after a crash in
 * between its name says that it is made.
 */
export async function answerRequest(context: HubContext, group: IUGroup, signal: AbortSignal): Promise<RequestFacts> {
  const done = group.status?.requests ?? [];
  const answer = readRequest({
    group: group.metadata.name,
    text: group.metadata.annotations?.[ANNOTATIONS.request],
    reason: group.metadata.annotations?.[ANNOTATIONS.requestReason],
    done,
    regions: group.spec.infrastructureUnits.map(({ region }) => region),
    now: context.clock.now().wallMs,
  });
  const outcome = await carryOut(context, group, answer, signal);
  if ('kind' in outcome) {
    if (outcome.kind === 'Refused') tellRefusal(context, group, outcome.message);
    return { requests: done, requested: requestCondition(outcome) };
  }
  return { requests: rememberRequest(done, outcome), requested: requestCondition({ kind: 'Known', entry: outcome }) };
}

/** @returns what is remembered of it; or, when nothing new was carried out, what is told instead */
async function carryOut(
  context: HubContext,
  group: IUGroup,
  answer: RequestAnswer,
  signal: AbortSignal,
): Promise<RequestEntry | RequestAnswer> {
  if (answer.kind !== 'Make' && answer.kind !== 'Change') return answer;
  const { expiresAt, nonce } = answer.request;
  const time = isoTime(context.clock.now().wallMs);
  if (answer.kind === 'Make') {
    return (await make(context, group, answer, signal)) ?? { nonce, regionSwitch: answer.name, time, expiresAt };
  }
  const changed = await change(context, group, answer, { signal, time });
  if (typeof changed !== 'string') return changed;
  return { nonce, regionSwitch: changed, change: answer.request.type, time, expiresAt };
}

/**
 * Each by compare-and-swap on what was read. After a crash in between, what is done already is not there to be done again.
 *
 * @returns the name of the first that was changed, empty where there is nothing to change; or what is told instead
 */
async function change(
  context: HubContext,
  group: IUGroup,
  answer: Extract<RequestAnswer, { kind: 'Change' }>,
  { signal, time }: { readonly signal: AbortSignal; readonly time: string },
): Promise<string | RequestAnswer> {
  if (!context.leadership.isCertain() || !context.switches.reflector.synced) return answer;
  const { request } = answer;
  const done = group.status?.requests ?? [];
  const facts = { done, group: group.metadata.name, switches: context.switches.store.list() };
  const changes = changesOf(request, facts, time);
  const [first] = changes;
  // Remembered too: a yes that found nothing must not be one to what comes to wait for it later.
  if (!first) {
    tellRefusal(context, group, NOTHING_TO_CHANGE[request.type]);
    return '';
  }
  for (const { object, spec } of changes) {
    const { name, resourceVersion, uid } = object.metadata;
    try {
      const options = { fieldManager: FIELD_MANAGERS.hub, signal };
      const body = { metadata: { resourceVersion, uid }, spec };
      context.switches.store.apply(await context.client.mergePatch(RESOURCES.regionSwitch, { name }, body, options));
      context.events.record(requestChanged(group, request.type, name));
    } catch (error) {
      if (error instanceof TerminalError) {
        return { kind: 'Refused', reason: 'RequestInvalid', message: error.message.slice(0, 512) };
      }
      return answer;
    }
  }
  return first.object.metadata.name;
}

/** Once: the condition stays as long as the annotation does. */
function tellRefusal(context: HubContext, group: IUGroup, message: string): void {
  const said = group.status?.conditions?.find(({ type }) => type === 'RequestMade');
  if (said?.message !== message) context.events.record(requestRefused(group, message));
}

/** @returns why it is not there now; undefined: it is */
async function make(
  context: HubContext,
  group: IUGroup,
  answer: Extract<RequestAnswer, { kind: 'Make' }>,
  signal: AbortSignal,
): Promise<RequestAnswer | undefined> {
  if (!context.leadership.isCertain()) return answer;
  const { name, request } = answer;
  const { drill, reason, region, services, switchExpiresAt, tenants, type } = request;
  const object: RegionSwitch = {
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name },
    spec: {
      iuGroupRef: { name: group.metadata.name },
      type,
      trigger: 'Manual',
      ...(region === undefined ? {} : { region }),
      ...(drill && { drill }),
      ...(services && { services }),
      ...(tenants && { tenants }),
      reason,
      ...(switchExpiresAt === undefined ? {} : { expiresAt: switchExpiresAt }),
      dryRun: false,
      abort: false,
      undo: false,
      pause: false,
    },
  };
  try {
    context.switches.store.apply(await context.client.create(RESOURCES.regionSwitch, object, { signal }));
    context.events.record(requestMade(group, name));
  } catch (error) {
    if (error instanceof TerminalError) {
      return { kind: 'Refused', reason: 'RequestInvalid', message: error.message.slice(0, 512) };
    }
    // A group whose request cannot be written now is still told of in all other respects.
    if (!(error instanceof ConflictError)) return answer;
  }
  return undefined;
}
