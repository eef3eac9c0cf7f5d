import type { ExitCode } from './exit.ts';
import type { Session } from './session.ts';

/** Makes a command's action of a function that takes the session, then what commander gives. */
export type Run = <Args extends readonly unknown[]>(
  act: (session: Session, ...args: Args) => Promise<ExitCode>,
) => (...args: unknown[]) => Promise<void>;
