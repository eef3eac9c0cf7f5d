import { API_VERSION, isoTime } from '../api/common.ts';
import type { ConditionState } from '../api/conditions.ts';
import type { IUGroup, RequestEntry } from '../api/iu-group.ts';
import { ANNOTATIONS } from '../api/labels.ts';
import type { RegionSwitch } from '../api/region-switch.ts';
import { RESOURCES } from '../api/resources.ts';
import { type RequestAnswer, readRequest, rememberRequest, requestCondition } from '../decide/switch-request.ts';
import { ConflictError, TerminalError } from '../kube/errors.ts';
import { requestMade, requestRefused } from '../report/events.ts';
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
    done,
    regions: group.spec.infrastructureUnits.map(({ region }) => region),
    now: context.clock.now().wallMs,
  });
  const refusal = answer.kind === 'Make' ? await make(context, group, answer, signal) : answer;
  if (refusal) {
    if (refusal.kind === 'Refused') tellRefusal(context, group, refusal.message);
    return { requests: done, requested: requestCondition(refusal) };
  }
  if (answer.kind !== 'Make') return { requests: done, requested: undefined };
  const time = isoTime(context.clock.now().wallMs);
  const { expiresAt, nonce } = answer.request;
  const entry = { nonce, regionSwitch: answer.name, time, expiresAt };
  return { requests: rememberRequest(done, entry), requested: requestCondition({ kind: 'Known', entry }) };
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
  const { reason, region, services, switchExpiresAt, tenants, type } = request;
  const object: RegionSwitch = {
    apiVersion: API_VERSION,
    kind: 'RegionSwitch',
    metadata: { name },
    spec: {
      iuGroupRef: { name: group.metadata.name },
      type,
      trigger: 'Manual',
      region,
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
