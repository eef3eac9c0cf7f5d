/**
 * Kills every process that is recorded in a work folder or in a folder of it, and removes the folder if asked to: what is
 * removed here could be reaped by nobody else. Started by the watchdog: `node reap.ts FOLDER [--remove]`.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { reap } from './state.ts';

const [workDir, remove] = process.argv.slice(2);
if (!workDir) throw new Error('usage: node reap.ts FOLDER [--remove]');
const folders = readdirSync(workDir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const folder of [workDir, ...folders.map(({ name }) => join(workDir, name))]) reap(folder);
// Again and again: what was just killed may have had a file open for writing.
if (remove === '--remove') rmSync(workDir, { recursive: true, force: true, maxRetries: 10 });
