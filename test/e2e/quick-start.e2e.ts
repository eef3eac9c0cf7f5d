import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ENCLOSED } from '../../hack/nodes/requirements.ts';

/** Whoever follows the page, and nothing else, has a tenant that survives the loss of a region. */

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/quick-start.md');
const run = promisify(execFile);
const OPTIONS = { cwd: ROOT, maxBuffer: 64 * 1024 * 1024 };

const isOutside = process.env[ENCLOSED] === undefined;
const MINUTES = 8;

/** What the page says to type, in order. */
async function readCommands(): Promise<string> {
  const text = await readFile(PAGE, 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  return ['set -eux', ...blocks].join('\n');
}

test.skipIf(isOutside)(
  'the quick start does what it says, from three empty clusters to home again',
  async () => {
    const nodes = join(ROOT, 'hack/nodes');
    // An enclosure in this one: there a shell stands where a person would sit.
    const words = [join(nodes, 'enclose.ts'), '--minutes', String(MINUTES), process.execPath, join(nodes, 'shell.ts')];
    const ended = run(process.execPath, [...words, '--bare', 'sh', '-c', await readCommands()], OPTIONS);
    const { stdout } = await ended.catch(({ stderr, stdout: said }: { stderr: string; stdout: string }) => {
      throw new Error(`the page ends with:\n${said.slice(-3000)}\n${stderr.slice(-3000)}`);
    });
    expect(stdout).toContain('If region us-east were lost now: survived');
    expect(stdout).toMatch(/^americas-failover-us-east-\S+ +Failover +us-east +Automatic/m);
    expect(stdout).toContain('# Failover us-east of americas');
    expect(stdout).toMatch(/^switchback_service_active\{[^}]*region="us-west"\} 1$/m);
    const [, atTheEnd = ''] = stdout.split('tenant.switchback.dev/crown condition met').slice(-2);
    expect(atTheEnd).toMatch(/^\S+ +Switchback +\S+ +Automatic/m);
    expect(atTheEnd).toMatch(/^Ready, and where it belongs: 1 service /m);
  },
  MINUTES * 60_000,
);
