/**
 * Versions of contracts between services. The rule is one line, so that everybody can reckon it in the head: any version
 * of the same major number will do that has at least the minor number. A new major number breaks, a new minor one adds.
 */
export function isCompatible(provided: string, atLeast: string): boolean {
  const [major, minor] = numbersOf(provided);
  const [wantedMajor, wantedMinor] = numbersOf(atLeast);
  return major === wantedMajor && minor >= wantedMinor;
}

/** The schema lets nothing else through; what is not a version is compatible with nothing. */
function numbersOf(version: string): readonly [major: number, minor: number] {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number);
  return [major, minor];
}
