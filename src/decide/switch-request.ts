import { type AnnotatedRequest, annotatedRequest } from '../api/annotated-request.ts';
import type { ConditionState, Reason } from '../api/conditions.ts';
import { MOST_REQUESTS, type RequestEntry } from '../api/iu-group.ts';
import { joinName } from './name.ts';

const DAY_MS = 86_400_000;

export type RequestAnswer =
  | { readonly kind: 'None' }
  /** It was carried out before, by this or an earlier leader. */
  | { readonly kind: 'Known'; readonly entry: RequestEntry }
  | { readonly kind: 'Refused'; readonly reason: Reason; readonly message: string }
  | { readonly kind: 'Make'; readonly name: string; readonly request: AnnotatedRequest };

export interface RequestQuestion {
  readonly group: string;
  readonly text: string | undefined;
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
export function readRequest({ done, group, now, regions, text }: RequestQuestion): RequestAnswer {
  if (text === undefined) return { kind: 'None' };
  const json = text.length <= 8192 ? parseJson(text) : undefined;
  if (json === undefined) return invalid('the annotation is no JSON of at most 8192 characters');
  const parsed = annotatedRequest.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalid(`${issue?.path.join('.') || 'the request'}: ${issue?.message ?? 'is not understood'}`);
  }
  const { expiresAt, nonce, region } = parsed.data;
  const entry = done.find((known) => known.nonce === nonce);
  if (entry) return { kind: 'Known', entry };
  const leftMs = Date.parse(expiresAt) - now;
  if (leftMs <= 0) return refused('RequestExpired', `request ${nonce} expired at ${expiresAt}: nothing is done`);
  if (leftMs > DAY_MS) return invalid(`expiresAt is more than a day ahead: a request is for now`);
  if (!regions.includes(region)) return invalid(`region ${region} is no infrastructure unit of IU group ${group}`);
  const open = done.filter((known) => Date.parse(known.expiresAt) > now).length;
  if (open >= MOST_REQUESTS) return invalid(`${open} requests have not expired yet: no more are remembered`);
  return { kind: 'Make', name: joinName([group, 'request', nonce], 63), request: parsed.data };
}

/** What is remembered: of those that must go the ones that expired first go first. */
export function rememberRequest(done: readonly RequestEntry[], entry: RequestEntry): RequestEntry[] {
  const kept = done.toSorted((x, y) => (x.expiresAt < y.expiresAt ? 1 : -1)).slice(0, MOST_REQUESTS - 1);
  return [...done.filter((known) => kept.includes(known)), entry];
}

/** The answer as the group tells it; undefined: nothing was asked. */
export function requestCondition(answer: RequestAnswer): ConditionState | undefined {
  const type = 'RequestMade';
  switch (answer.kind) {
    case 'None':
      return undefined;
    case 'Known': {
      const message = `request ${answer.entry.nonce} made RegionSwitch ${answer.entry.regionSwitch}`;
      return { type, status: 'True', reason: 'AsDeclared', message };
    }
    case 'Refused':
      return { type, status: 'False', reason: answer.reason, message: answer.message };
    case 'Make': {
      const message = `request ${answer.request.nonce} has not made its RegionSwitch yet`;
      return { type, status: 'False', reason: 'Progressing', message };
    }
    default:
      return answer satisfies never;
  }
}
