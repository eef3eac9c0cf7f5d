import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** All that the folder `/switchback-gate` of the gate's image holds, beside Node (ARCHITECTURE.md). */
const FILES = ['package.json', 'src/main.ts', 'src/gate', 'src/runtime/clock.ts'];
const ROOT = join(import.meta.dirname, '../..');

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'switchback-gate-files-'));
  for (const file of FILES) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    cpSync(join(ROOT, file), join(dir, file), { recursive: true });
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: string[]) =>
  spawnSync(process.execPath, [join(dir, 'src/main.ts'), ...args], { encoding: 'utf8', timeout: 30_000 });

it('the gate needs its own files and the clock, and no package', () => {
  const { status, stderr } = run('gate', '--service', 'mail');
  expect(stderr).toMatch(/^no command: write it after --\nusage: switchback gate/);
  expect(status).toBe(2);
});

it('the operator needs more: what is loaded follows from the role', () => {
  const { status, stderr } = run('agent');
  expect(stderr).toContain('ERR_MODULE_NOT_FOUND');
  expect(status).toBe(1);
});
