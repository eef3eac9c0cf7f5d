import { describe, expect, test } from 'vitest';
import type { Cycle } from './cycles.ts';
import { findDrift } from './drift.ts';

const MIB = 1024 * 1024;

const cycle = (number: number, pods: number, heapMib: number, handles: number): Cycle => ({
  number,
  failoverMs: 0,
  homeMs: 0,
  footprint: {
    objects: { 'us-east pods': pods },
    processes: { hub: { heapBytes: heapMib * MIB, residentBytes: 100 * MIB, handles, resources: 20 } },
  },
});
const soak = (of: (number: number) => Cycle): Cycle[] => Array.from({ length: 9 }, (_, i) => of(i + 1));

describe('drift', () => {
  test.each([
    { what: 'nothing changes', cycles: soak((n) => cycle(n, 8, 40, 30)), drift: [] },
    { what: 'the heap goes up and down', cycles: soak((n) => cycle(n, 8, 40 + 15 * (n % 2), 30)), drift: [] },
    { what: 'the heap settles', cycles: soak((n) => cycle(n, 8, 60 - n, 30)), drift: [] },
    {
      what: 'each failover leaves a pod behind',
      cycles: soak((n) => cycle(n, 7 + n, 40, 30)),
      drift: ['us-east pods: 10 became 14'],
    },
    {
      what: 'each failover leaves a socket open',
      cycles: soak((n) => cycle(n, 8, 40, 30 + n)),
      drift: ['hub: handles rose from 31 to 37'],
    },
    {
      what: 'each failover keeps memory',
      cycles: soak((n) => cycle(n, 8, 40 + 2 * n, 30)),
      drift: [`hub: heapBytes rose from ${42 * MIB} to ${54 * MIB}`],
    },
  ])('$what', ({ cycles, drift }) => {
    expect(findDrift(cycles)).toEqual(drift);
  });
});
