import { type DestinationStream, pino } from 'pino';
import type { Log, LogLevel } from './log-port.ts';

export interface LogOptions {
  /** What is below it is not written. */
  readonly level: LogLevel;
  /** Stand in every line: role, cluster, pod. */
  readonly base: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines with stable keys: `level`, `time` (RFC 3339), `msg`, the base and the fields of the call. An `error` field
 * is written as type, message and stack, with its causes.
 */
export function createLog(options: LogOptions): Log {
  const { base, destination, level, wallMs } = options;
  const settings = {
    level,
    base,
    timestamp: () => `,"time":"${new Date(wallMs()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.errWithCause },
    // Credentials reach a log by accident only: in headers and in Secrets of objects that somebody logs whole.
    redact: ['*.authorization', 'headers.authorization', '*.data', '*.stringData'],
  };
  const logger = destination ? pino(settings, destination) : pino(settings);
  return (at, message, fields) => logger[at](fields, message);
}
