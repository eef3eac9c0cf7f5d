import { type Clock, elapsedAtLeast, sleep } from '../runtime/clock.ts';
import { CommandError, EXIT } from './exit.ts';

const LOOK_EVERY_MS = 500;

/**
 * Looks again and again until there is an answer.
 *
 * @param look the answer, or undefined while there is none
 * @throws CommandError (`timeout`) when none came in time
 */
export async function waitFor<T>(
  clock: Clock,
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const began = clock.now();
  for (;;) {
    const answer = await look();
    if (answer !== undefined) return answer;
    if (elapsedAtLeast(began, clock.now()) >= timeoutMs) {
      throw new CommandError(`${what} did not come within ${timeoutMs / 1000} s`, EXIT.timeout);
    }
    await sleep(clock, LOOK_EVERY_MS);
  }
}
