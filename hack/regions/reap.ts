/**
 * Kills every process that is recorded in a work folder, and removes the folder if asked to. Started by the watchdog:
 * `node reap.ts FOLDER [--remove]`.
 */
import { rmSync } from 'node:fs';
import { reap } from './state.ts';

const [workDir, remove] = process.argv.slice(2);
if (!workDir) throw new Error('usage: node reap.ts FOLDER [--remove]');
reap(workDir);
// Again and again: what was just killed may have had a file open for writing.
if (remove === '--remove') rmSync(workDir, { recursive: true, force: true, maxRetries: 10 });
