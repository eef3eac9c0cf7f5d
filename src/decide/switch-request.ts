import { annotatedRequest, isChange, type RequestToChange, type RequestToMake } from '../api/annotated-request.ts';
import type { ConditionState, Reason } from '../api/conditions.ts';
import { MOST_REQUESTS, type RequestEntry } from '../api/iu-group.ts';
import type { RegionSwitch, RegionSwitchSpec } from '../api/region-switch.ts';
import { joinName } from './name.ts';

const DAY_MS = 86_400_000;

export type RequestAnswer =
  | { readonly kind: 'None' }
  /** It was carried out before, by this or an earlier leader. */
  | { readonly kind: 'Known'; readonly entry: RequestEntry }
  | { readonly kind: 'Refused'; readonly reason: Reason; readonly message: string }
  | { readonly kind: 'Make'; readonly name: string; readonly request: RequestToMake }
  | { readonly kind: 'Change'; readonly request: RequestToChange };

export interface RequestQuestion {
  readonly group: string;
  readonly text: string | undefined;
  /** What the annotation beside it says: the reason of a request that has none of its own. */
  readonly reason?: string | undefined;
  /** What was carried out before. */
  readonly done: readonly RequestEntry[];
  /** Regions of the group. */
  readonly regions: readonly string[];
  readonly now: number;
}

const refused = (reason: Reason, message: string): RequestAnswer => ({
  kind: 'Refused',
  reason,
  message: message.slice(0, 512),
});
const invalid = (message: string): RequestAnswer => refused('RequestInvalid', message);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is made of the annotation. A nonce is carried out once, and an old request never. */
export function readRequest({ done, group, now, reason, regions, text }: RequestQuestion): RequestAnswer {
  if (text === undefined) return { kind: 'None' };
  const json = text.length <= 8192 ? parseJson(text) : undefined;
  if (json === undefined) return invalid('the annotation is no JSON of at most 8192 characters');
  const parsed = annotatedRequest.safeParse(withReason(json, reason));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalid(`${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'is not understood'}`);
  }
  const request = parsed.data;
  const { expiresAt, nonce } = request;
  const entry = done.find((known) => known.nonce === nonce);
  if (entry) return { kind: 'Known', entry };
  const leftMs = Date.parse(expiresAt) - now;
  if (leftMs <= 0) return refused('RequestExpired', `request ${nonce} expired at ${expiresAt}: nothing is done`);
  if (leftMs > DAY_MS) return invalid(`expiresAt is more than a day ahead: a request is for now`);
  const open = done.filter((known) => Date.parse(known.expiresAt) > now).length;
  if (open >= MOST_REQUESTS) return invalid(`${open} requests have not expired yet: no more are remembered`);
  if (isChange(request)) return { kind: 'Change', request };
  const { region } = request;
  if (region !== undefined && !regions.includes(region)) {
    return invalid(`region ${region} is no infrastructure unit of IU group ${group}`);
  }
  return { kind: 'Make', name: joinName([group, 'request', nonce], 63), request };
}

const withReason = (json: unknown, reason: string | undefined): unknown =>
  reason === undefined || typeof json !== 'object' || json === null ? json : { reason, ...json };

/** A RegionSwitch that a request changes, and to what. */
export interface RequestedChange {
  readonly object: RegionSwitch;
  readonly spec: Partial<RegionSwitchSpec>;
}

/**
 * What a request changes: of the open RegionSwitches that the operator made for the group, by request or by calendar. One that
 * somebody else made is theirs, and may stand in Git: it is changed where it was made.
 */
export function changesOf(
  { by = 'request', reason, type }: RequestToChange,
  { done, group, switches }: Pick<RequestQuestion, 'done' | 'group'> & { readonly switches: readonly RegionSwitch[] },
  time: string,
): readonly RequestedChange[] {
  const made = new Set(done.map(({ regionSwitch }) => regionSwitch));
  const open = switches.filter(
    ({ metadata, spec, status }) =>
      spec.iuGroupRef.name === group &&
      (made.has(metadata.name) || spec.trigger === 'Schedule') &&
      status?.endTime === undefined &&
      !spec.abort,
  );
  switch (type) {
    case 'Approve': {
      const waiting = open.filter(
        ({ status }) => status?.approval !== undefined && status.approval.grantedTime === undefined,
      );
      const approval = { by, at: time, comment: reason };
      return waiting.map((object) => ({ object, spec: { approvals: [...(object.spec.approvals ?? []), approval] } }));
    }
    case 'Abort':
      return open.filter(({ spec }) => spec.type !== 'Freeze').map((object) => ({ object, spec: { abort: true } }));
    case 'Resume':
      return open.filter(({ spec }) => spec.type === 'Freeze').map((object) => ({ object, spec: { abort: true } }));
    default:
      return type satisfies never;
  }
}

/** Why a request changes nothing. */
export const NOTHING_TO_CHANGE: Readonly<Record<RequestToChange['type'], string>> = {
  Approve: 'nothing that was asked for by request waits for an approval',
  Abort: 'no switch of a request or of the calendar is open',
  Resume: 'no freeze of a request is in force',
};

/** What is remembered: of those that must go the ones that expired first go first. */
export function rememberRequest(done: readonly RequestEntry[], entry: RequestEntry): RequestEntry[] {
  const kept = done.toSorted((x, y) => (x.expiresAt < y.expiresAt ? 1 : -1)).slice(0, MOST_REQUESTS - 1);
  return [...done.filter((known) => kept.includes(known)), entry];
}

const CHANGED = { Approve: 'approved', Abort: 'aborted', Resume: 'ended' } as const;

/** The answer as the group tells it; undefined: nothing was asked. */
export function requestCondition(answer: RequestAnswer): ConditionState | undefined {
  const type = 'RequestMade';
  switch (answer.kind) {
    case 'None':
      return undefined;
    case 'Known': {
      const { change, nonce, regionSwitch } = answer.entry;
      if (change !== undefined && regionSwitch === '') {
        return { type, status: 'False', reason: 'RequestInvalid', message: NOTHING_TO_CHANGE[change] };
      }
      const done = change === undefined ? 'made' : CHANGED[change];
      const message = `request ${nonce} ${done} RegionSwitch ${regionSwitch}`;
      return { type, status: 'True', reason: 'AsDeclared', message };
    }
    case 'Refused':
      return { type, status: 'False', reason: answer.reason, message: answer.message };
    case 'Change': {
      const message = `request ${answer.request.nonce} is not carried out yet`;
      return { type, status: 'False', reason: 'Progressing', message };
    }
    case 'Make': {
      const message = `request ${answer.request.nonce} has not made its RegionSwitch yet`;
      return { type, status: 'False', reason: 'Progressing', message };
    }
    default:
      return answer satisfies never;
  }
}
