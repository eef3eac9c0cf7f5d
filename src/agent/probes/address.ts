import { isIPv4, isIPv6 } from 'node:net';

/** The one way to write an address, so that two of them can be compared; empty for what is no address. */
export function canonicalAddress(text: string): string {
  const plain = /^::ffff:([0-9.]+)$/i.exec(text)?.[1] ?? text.replace(/%.*$/, '');
  if (isIPv4(plain)) return plain;
  return isIPv6(plain) ? new URL(`http://[${plain}]`).hostname : '';
}
