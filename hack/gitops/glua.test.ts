import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureGlua } from './glua.ts';

test('without Go there is no Lua machine, and nothing is left behind', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'switchback-glua-'));
  expect(await ensureGlua({ PATH: join(cache, 'nowhere'), SWITCHBACK_CACHE: cache })).toBeUndefined();
  expect(readdirSync(cache)).toEqual([]);
  rmSync(cache, { recursive: true });
});
