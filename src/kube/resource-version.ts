/**
 * Whether resource version `a` is newer than `b`. They are decimal numbers without leading zeros and may exceed what a
 * double holds exactly: they are compared by length, then by digits.
 */
export const isNewer = (a: string, b: string): boolean => (a.length === b.length ? a > b : a.length > b.length);
