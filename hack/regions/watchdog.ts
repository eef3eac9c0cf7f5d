import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Lets the processes go on after this one has ended. */
export interface Watchdog {
  release(): void;
}

/**
 * Watches over this process from outside: when it ends in whatever way, every process recorded in the work folder is
 * killed, and the work folder is removed if `removeDir`. The watching is done by a shell that waits for the end of its standard input, which costs 1 MB; only the
 * cleaning starts Node.
 */
export function startWatchdog(workDir: string, removeDir: boolean): Watchdog {
  const script = 'if read -r line; then exit 0; fi; exec "$0" "$@"';
  const reaper = join(import.meta.dirname, 'reap.ts');
  const child = spawn(
    '/bin/sh',
    ['-c', script, process.execPath, reaper, workDir, ...(removeDir ? ['--remove'] : [])],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  );
  const { stdin } = child;
  child.unref();
  stdin.on('error', () => undefined);
  // The pipe must not keep this process alive either: its end is what the watchdog waits for.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return { release: () => void stdin.end('release\n') };
}
