export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured logging as an argument: stable keys in `fields`, no values in the message. */
export type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;
