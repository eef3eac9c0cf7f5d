import type { Reason } from '../api/conditions.ts';

/** What cannot be decided as asked: which rule forbids it, and a message that names the thing and the numbers. */
export interface Refusal {
  readonly ok: false;
  readonly reason: Reason;
  readonly message: string;
}

export const refuse = (reason: Reason, message: string): Refusal => ({ ok: false, reason, message });
