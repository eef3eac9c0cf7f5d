import { ConflictError, ExpiredError, NotFoundError, TerminalError, TransientError } from './errors.ts';
import { isJsonObject } from './json.ts';
import type { ApiResponse } from './transport.ts';

/** The useful part of a Kubernetes `Status`. */
export interface StatusBody {
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
}

const MAX_MESSAGE_LENGTH = 2_000;

/** Reads what there is of a `Status`, whatever the server (or a proxy in between) sent. */
export function statusOf(body: unknown): StatusBody {
  if (typeof body === 'string') return { message: body.trim().slice(0, 300) };
  if (!isJsonObject(body)) return {};
  const { code, message, reason, details } = body;
  const seconds = isJsonObject(details) ? details['retryAfterSeconds'] : undefined;
  return {
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof message === 'string' ? { message: message.slice(0, MAX_MESSAGE_LENGTH) } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof seconds === 'number' && seconds > 0 ? { retryAfterSeconds: seconds } : {}),
  };
}

/** 401 too: tokens rotate and issuers' clocks differ, and the transport has already tried fresh credentials once. */
const isTransient = (status: number): boolean =>
  status === 401 || status === 408 || status === 429 || status >= 500 || status < 400;

/** Maps an answer that is no success to the family of errors; `what` names the request. */
export function errorOf(response: ApiResponse, what: string): Error {
  const { status } = response;
  const { message, reason = 'Unknown', retryAfterSeconds } = statusOf(response.body);
  const text = `${what}: ${status} ${message ?? reason}`;
  if (status === 404) return new NotFoundError(text, { status, reason });
  if (status === 409) return new ConflictError(text, { reason });
  if (status === 410) return new ExpiredError(text, { status });
  if (!isTransient(status)) return new TerminalError(text, { status, reason });
  const asked = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
  return new TransientError(text, { status, retryAfterMs: response.retryAfterMs ?? asked });
}
