import type { Disposition } from '../runtime/disposition.ts';

/**
 * The family of errors that the edges (`kube`, `act`, `observe`) throw. `decide` never throws. Where an error decides
 * how a reconcile goes on, it is mapped in one place: `runtime/controller.ts`, which reads `disposition`.
 */

/** Worth trying again: the server is unreachable, busy, or said so. */
export class TransientError extends Error {
  override readonly name: string = 'TransientError';
  readonly disposition: Disposition = 'backoff';
  readonly retryAfterMs: number | undefined;
  /** HTTP status, 0 where no answer came. */
  readonly status: number;
  constructor(message: string, options?: { cause?: unknown; retryAfterMs?: number | undefined; status?: number }) {
    super(message, { cause: options?.cause });
    this.retryAfterMs = options?.retryAfterMs;
    this.status = options?.status ?? 0;
  }
}

/** No answer came at all. It means *unknown*: the request may or may not have been carried out. */
export class UnreachableError extends TransientError {
  override readonly name = 'UnreachableError';
}

/** An answer came, but it is too large, or is not what the protocol promises. Clusters are untrusted input. */
export class MalformedAnswerError extends TransientError {
  override readonly name = 'MalformedAnswerError';
}

/** A continue token or a watch position is too old (410): list again from the start. */
export class ExpiredError extends TransientError {
  override readonly name = 'ExpiredError';
}

/** Trying again with the same input cannot help: a rule of the API server refused it, or rights are missing. */
export class TerminalError extends Error {
  override readonly name: string = 'TerminalError';
  readonly disposition: Disposition = 'never';
  /** HTTP status, 0 where the server was not asked. */
  readonly status: number;
  /** `reason` of the Kubernetes `Status`, for example `Invalid` or `Forbidden`. */
  readonly reason: string;
  constructor(message: string, options?: { cause?: unknown; status?: number; reason?: string }) {
    super(message, { cause: options?.cause });
    this.status = options?.status ?? 0;
    this.reason = options?.reason ?? 'Unknown';
  }
}

/** The object is not there. */
export class NotFoundError extends TerminalError {
  override readonly name = 'NotFoundError';
}

/** Whether the credentials are refused. A 401 is worth trying again, so it is of another class than a 403. */
export const isRefusal = (error: unknown): boolean =>
  (error instanceof TerminalError || error instanceof TransientError) && (error.status === 401 || error.status === 403);

/** The answer of a call on an object; undefined when the object is not there, which is as good to the caller. */
export async function ifPresent<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Somebody else wrote first: read again, decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
  readonly disposition: Disposition = 'again';
  readonly status = 409;
  readonly reason: string;
  constructor(message: string, options?: { cause?: unknown; reason?: string }) {
    super(message, { cause: options?.cause });
    this.reason = options?.reason ?? 'Conflict';
  }
}
