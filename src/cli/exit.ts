/**
 * What a command ends with. 0 and 1 as everywhere; 2 as of a shell; the others tell a script what a person reads.
 */
export const EXIT = {
  /** It was done, or the answer is yes. */
  ok: 0,
  /** It could not be done: the API server refused or did not answer. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** It was asked, and the answer is no: not safe, not ready, held. */
  no: 3,
  /** What was waited for did not come in time. */
  timeout: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a sentence for the person who gave it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ExitCode;

  constructor(message: string, code: ExitCode = EXIT.failed) {
    super(message);
    this.code = code;
  }
}
