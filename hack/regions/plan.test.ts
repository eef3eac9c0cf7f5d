import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkDir, planClusters } from './plan.ts';

const east = { name: 'us-east', zones: ['us-east-a', 'us-east-b'] };

describe('the plan of a boot', () => {
  it('has the hub first, without nodes, and each cluster in a folder of its own', () => {
    const plan = planClusters({ regions: [east] }, '/w');
    expect(plan.map(({ name, index, dir }) => [name, index, dir])).toEqual([
      ['hub', 0, '/w/hub'],
      ['us-east', 1, '/w/us-east'],
    ]);
    expect(plan[0]?.zones).toEqual([]);
    expect(plan[1]?.zones).toMatchObject([
      { name: 'us-east-a', nodes: 2 },
      { name: 'us-east-b', nodes: 2 },
    ]);
  });

  it('has no hub when none is wanted', () => {
    expect(planClusters({ hub: false, regions: [east] }, '/w').map(({ name }) => name)).toEqual(['us-east']);
  });

  it.each([
    ['a region with the name of the hub', [{ ...east, name: 'hub' }], /region is taken: 'hub'/],
    ['two regions with one name', [east, east], /region is taken: 'us-east'/],
    ['a name that is no DNS label', [{ ...east, name: 'US_East' }], /DNS label.*'US_East'/],
    ['two zones with one name', [{ ...east, zones: ['a', 'a'] }], /zone of us-east is taken: 'a'/],
    ['more zones than there are addresses for', [{ ...east, zones: [...'abcdefghi'] }], /at most 8, not 9/],
  ])('refuses %s', (_what, regions, message) => {
    expect(() => planClusters({ regions }, '/w')).toThrow(message);
  });
});

describe('the work folder', () => {
  it('is refused when its path is too long for unix sockets', () => {
    expect(() => openWorkDir(`/tmp/${'x'.repeat(60)}`)).toThrow(/longer than 60 characters/);
  });

  it('is refused when it holds an earlier boot', () => {
    const dir = mkdtempSync(join(tmpdir(), 'plan-'));
    writeFileSync(join(dir, 'state.json'), '{}');
    expect(() => openWorkDir(dir)).toThrow(/earlier boot/);
    rmSync(dir, { recursive: true });
  });
});
