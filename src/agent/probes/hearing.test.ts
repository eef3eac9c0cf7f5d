import { describe, expect, it } from 'vitest';
import { canonicalAddress } from './address.ts';
import { type Hearing, isHeard, noteHeard } from './hearing.ts';

const at = (seconds: number) => ({ monoMs: seconds * 1000, wallMs: seconds * 1000 });
const LIMITS = { failureThreshold: 3, intervalMs: 5000 };
const heardAt = (...seconds: number[]): Hearing | undefined =>
  seconds.reduce<Hearing | undefined>((hearing, s) => noteHeard(hearing, at(s)), undefined);

describe('a centre', () => {
  it.each<[string, number[], number, boolean | undefined]>([
    ['that never asks is not missed', [], 1000, undefined],
    ['that has just asked is heard', [100], 110, true],
    ['that asked once is not missed', [100], 1000, undefined],
    ['that asked a few times is not missed', [0, 30, 60, 90], 1000, undefined],
    ['that asks each 30 s is heard for three times as long', [0, 30, 60, 90, 120], 209, true],
    ['that asks each 30 s is missed then', [0, 30, 60, 90, 120], 210, false],
    ['that sends a question twice is measured by its longest gap', [0, 60, 60.5, 61, 62], 200, true],
    ['that asks faster than it is asked is given the time of our questions', [0, 1, 2, 3, 4], 18, true],
    ['that paused is measured by ten minutes at most', [0, 90_000, 90_001, 90_002, 90_003], 92_000, false],
  ])('%s', (_, times, now, heard) => {
    expect(isHeard(heardAt(...times), at(now), LIMITS)).toBe(heard);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0::1', '[2001:db8::1]'],
    ['2001:db8::1', '[2001:db8::1]'],
    ['fe80::1%eth0', '[fe80::1]'],
    ['999.0.2.1', ''],
    ['sbc.example.com', ''],
    ['', ''],
  ])('%s is compared as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });
});
