export interface FlappingPolicy {
  /** More changes than that within the window are too many. */
  readonly changes: number;
  readonly windowMs: number;
}

/**
 * How long a region still counts as flapping: until so many of its changes between well and not well have left the window
 * that it holds no more than the policy allows; 0 when it does not flap. `agesMs`: how long ago it changed, newest first.
 */
export function flapsForMs(agesMs: readonly number[], { changes, windowMs }: FlappingPolicy): number {
  const decisive = agesMs[changes];
  return decisive === undefined ? 0 : Math.max(0, windowMs - decisive);
}
