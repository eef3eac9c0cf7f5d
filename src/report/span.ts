import { createHash } from 'node:crypto';

/** A span that has ended, as OpenTelemetry understands it; times are in milliseconds since the epoch. */
export interface EndedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for the root of a trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Why what it stands for has failed; absent when it has not. */
  readonly failure?: string;
  /** What was thrown on the way, which need not be a failure. */
  readonly exception?: { readonly type: string; readonly message: string };
}

/** Where spans go. Neither waits nor throws: what cannot be delivered is dropped. */
export interface SpanSink {
  /** Of reconciles: there are many, and one that is dropped is no loss. */
  readonly reconcile: (span: EndedSpan) => void;
  /** Of switches: they are few, and wait behind no reconcile. */
  readonly switched: (spans: readonly EndedSpan[]) => void;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The trace of an object: its uid without the dashes. An API server makes it a UUID, which has the very 16 bytes that a
 * W3C trace id has, and is never zero. So every leader, a command and a person with the object in hand come to the
 * same id, and nobody has to keep it. Undefined for what no API server has made.
 */
export const traceIdOf = (uid: string | undefined): string | undefined =>
  uid !== undefined && UUID.test(uid) ? uid.replaceAll('-', '') : undefined;

const hexOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The same for the same part of the same object, whoever tells of it: who is told twice sees one span. */
export const spanIdOf = (uid: string, part: string): string => hexOf(`${uid}/${part}`).slice(0, 16);

/** Of a trace that belongs to no object. @param token never used before */
export function freshIds(token: string): { readonly traceId: string; readonly spanId: string } {
  const hex = hexOf(token);
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32, 48) };
}
