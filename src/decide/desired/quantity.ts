/**
 * Quantities in the canonical form of Kubernetes (apimachinery `resource.Quantity`), which the API server gives back as
 * it is. Other forms come back changed (`1.5Gi` as `1536Mi`, `0.9Mi` as `943718400m`), and every look at the object
 * would find a difference. In pods it rounds up to thousandths.
 */
const UNIT = 1000n;
const DECIMAL: readonly string[] = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const PATTERN = /^([0-9]+)(?:\.([0-9]+))?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/;
/** Larger quantities are cut to what an int64 holds. */
const MAX = (2n ** 63n - 1n) * UNIT;

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;

/** Size of a suffix in thousandths. */
function sizeOf(suffix: string): bigint {
  const binary = suffix === '' ? -1 : BINARY.indexOf(suffix);
  if (binary >= 0) return UNIT * 1024n ** BigInt(binary);
  return 1000n ** BigInt(DECIMAL.indexOf(suffix));
}

/** The largest suffix that leaves a whole number. */
function format(value: bigint, base: bigint, suffixes: readonly string[]): string {
  let [number, index] = [value, 0];
  while (number % base === 0n && index < suffixes.length - 1) {
    number /= base;
    index += 1;
  }
  return `${number}${suffixes[index]}`;
}

/** The canonical form; text that is no quantity comes back as it is (the API server will refuse it). */
export function canonicalQuantity(text: string): string {
  const [, whole = '', fraction = '', suffix = ''] = PATTERN.exec(text) ?? [];
  if (whole === '') return text;
  const exact = divideUp(BigInt(whole + fraction) * sizeOf(suffix), 10n ** BigInt(fraction.length));
  const value = exact > MAX ? MAX : exact;
  if (value === 0n) return '0';
  // Below 1024, or with a fraction, a binary quantity is written as a decimal one.
  const isBinary = suffix.endsWith('i') && value >= 1024n * UNIT && value % UNIT === 0n;
  if (isBinary) return format(value / UNIT, 1024n, BINARY);
  return format(value, 1000n, DECIMAL);
}
