import type { ApiResponse } from '../../src/kube/transport.ts';

/** A refusal of the fake API server; becomes a `Status` answer at its border. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The Kubernetes `Status` object of a failure. */
export const statusBody = (failure: ApiFailure): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: failure.message,
  reason: failure.reason,
  code: failure.code,
  ...(failure.retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds: failure.retryAfterSeconds } }),
});

/** The HTTP answer of a failure: a `Status`, or plain text where there is no reason. */
export const failureResponse = (failure: ApiFailure): ApiResponse => ({
  status: failure.code,
  body: failure.reason === '' ? failure.message : statusBody(failure),
  ...(failure.retryAfterSeconds === undefined ? {} : { retryAfterMs: failure.retryAfterSeconds * 1000 }),
});

export const badRequest = (message: string): ApiFailure => new ApiFailure(400, 'BadRequest', message);
export const invalid = (message: string): ApiFailure => new ApiFailure(422, 'Invalid', message);
export const conflict = (message: string): ApiFailure => new ApiFailure(409, 'Conflict', message);
export const notFound = (message: string): ApiFailure => new ApiFailure(404, 'NotFound', message);
/** The server is busy and has not acted. */
export const tooManyRequests = (message: string, retryAfterSeconds: number): ApiFailure =>
  new ApiFailure(429, 'TooManyRequests', message, retryAfterSeconds);
/** What the server says before it knows the kind: no `Status`, only text. */
export const noSuchPath = (): ApiFailure => new ApiFailure(404, '', '404 page not found\n');
/** The version asked for is no longer kept: 410 by status for lists, inside the stream for watches. */
export const expired = (message: string): ApiFailure => new ApiFailure(410, 'Expired', message);
