/** A region with a place for a service that serves in several regions. */
export interface ServedPlace {
  readonly isHealthy: boolean;
  readonly isServing: boolean;
}

/**
 * Whether a region that has no place any more may go: every region that has one and can be seen serves. One that is not
 * healthy is not waited for, as long as another one serves.
 */
export const isReplaced = (places: readonly ServedPlace[]): boolean =>
  places.some(({ isServing }) => isServing) && places.every(({ isHealthy, isServing }) => isServing || !isHealthy);
