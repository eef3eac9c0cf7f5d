/** Regions on this machine, from the command line. `node hack/regions/cli.ts help` says how. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binDir, ensureBinaries } from './build.ts';
import { cacheDir } from './cache.ts';
import { NotRunningError, sendCommand } from './control.ts';
import { fileTail } from './process.ts';
import type { RegionOptions } from './regions.ts';
import { reap, runningProcesses, stateFile } from './state.ts';

const defaultDir = process.env['SWITCHBACK_REGIONS'] ?? join(cacheDir(), 'regions');

const usage = `usage: node hack/regions/cli.ts COMMAND [--dir FOLDER]

  up [NAME:ZONE,ZONE ...]          boot a hub and regions, and leave them running
                                   (default: us-east:us-east-a,us-east-b us-west:us-west-a,us-west-b)
  down                             end everything
  build                            only build the control plane's binaries, once
  status                           what runs, what is broken
  kubeconfig [SITE] [--user USER] [--via FROM]
                                   path of a kubeconfig; users: admin, switchback-hub, switchback-agent,
                                   switchback-peer;
                                   --via goes through the link from FROM, which can be cut
  kubectl SITE ARGUMENTS           kubectl as admin on the hub or a region of the default FOLDER

  lose region NAME [--hang] [--keep-nodes]     control plane and nodes; --hang freezes instead of killing,
                                               --keep-nodes loses the control plane alone
  restore region NAME [--without-nodes]        control plane first, then the nodes' power
  lose zone REGION ZONE                        power of the zone's nodes
  restore zone REGION ZONE
  lose hub [--hang]
  restore hub
  cut link FROM TO [--direction to|from|both]  silent: connections stay, nothing arrives
  cut link FROM TO --close                     connections are reset
  cut link FROM TO --slow-ms MILLISECONDS      every byte is late
  heal link FROM TO                            FROM and TO are hub or regions; they may be the same
  restore all                                  mend everything

FOLDER keeps data, logs, kubeconfigs (default: $SWITCHBACK_REGIONS, now ${defaultDir}).`;

const defaultRegions = ['us-east:us-east-a,us-east-b', 'us-west:us-west-a,us-west-b'];
const daemonStartMs = 10_000;

/** Takes `--dir FOLDER` out of the words, wherever it stands. */
function takeDir(words: readonly string[]): { readonly dir: string; readonly rest: readonly string[] } {
  const at = words.indexOf('--dir');
  if (at < 0) return { dir: defaultDir, rest: words };
  const value = words[at + 1];
  if (!value) throw new Error('--dir needs a folder');
  return { dir: resolve(value), rest: words.toSpliced(at, 2) };
}

function parseRegion(text: string): RegionOptions {
  const [name, zones] = text.split(':');
  if (!name || !zones) throw new Error(`a region is NAME:ZONE,ZONE, not '${text}'`);
  return { name, zones: zones.split(',') };
}

async function up(dir: string, wanted: readonly string[]): Promise<string> {
  const regions = (wanted.length > 0 ? wanted : defaultRegions).map(parseRegion);
  if (await isServed(dir)) throw new Error(`regions are up in ${dir} already: end them first with down`);
  removeLeftovers(dir);
  // Here and not in the daemon: the progress of a long build belongs to the terminal of the one who waits for it.
  await ensureBinaries({ log: console.log });
  mkdirSync(dir, { recursive: true });
  const logFile = join(dir, 'daemon.log');
  const log = openSync(logFile, 'a');
  const daemon = spawn(process.execPath, [join(import.meta.dirname, 'daemon.ts'), dir, JSON.stringify(regions)], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  daemon.unref();
  const deadlineMs = performance.now() + daemonStartMs;
  while (performance.now() < deadlineMs && daemon.exitCode === null) {
    try {
      return await sendCommand(dir, ['wait'], console.log);
    } catch (error) {
      if (!(error instanceof NotRunningError)) throw error;
    }
    await sleep(50);
  }
  throw new Error(`the background process did not start; ${logFile} ends with:\n${fileTail(logFile)}`);
}

async function isServed(dir: string): Promise<boolean> {
  try {
    await sendCommand(dir, ['status'], () => undefined);
    return true;
  } catch (error) {
    return !(error instanceof NotRunningError);
  }
}

/** @throws when the folder holds something that is not ours */
function removeLeftovers(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0) return;
  const ours = existsSync(stateFile(dir)) || existsSync(join(dir, 'daemon.log'));
  if (!ours) throw new Error(`${dir} is not empty and holds no regions: choose another folder with --dir`);
  reap(dir);
  rmSync(dir, { recursive: true });
}

async function down(dir: string): Promise<string> {
  try {
    return await sendCommand(dir, ['down'], console.log);
  } catch (error) {
    if (!(error instanceof NotRunningError)) throw error;
  }
  const killed = reap(dir);
  return killed.length > 0 ? `killed ${killed.map(({ name }) => name).join(', ')}` : `nothing runs in ${dir}`;
}

/** Runs the kubectl that was built with the control plane as `admin`, with this terminal. @returns its exit code */
async function kubectl(dir: string, [site, ...args]: readonly string[]): Promise<number> {
  if (!site) throw new Error('which cluster? kubectl SITE ARGUMENTS');
  const KUBECONFIG = await other(dir, ['kubeconfig', site]);
  const child = spawn(join(binDir(), 'kubectl'), args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG } });
  const [code] = await once(child, 'exit');
  return typeof code === 'number' ? code : 1;
}

async function other(dir: string, words: readonly string[]): Promise<string> {
  try {
    return await sendCommand(dir, words, console.log);
  } catch (error) {
    const left = runningProcesses(dir);
    if (!(error instanceof NotRunningError) || left.length === 0) throw error;
    throw new Error(
      `${error.message}, but these still run: ${left.map(({ name }) => name).join(', ')}; end them with down`,
    );
  }
}

async function main(words: readonly string[]): Promise<string> {
  const { dir, rest } = takeDir(words);
  const [command, ...args] = rest;
  if (!command || command === 'help' || command === '--help') return usage;
  if (command === 'up') return up(dir, args);
  if (command === 'down') return down(dir);
  if (command === 'build') return ensureBinaries({ log: console.log });
  return other(dir, rest);
}

try {
  const [command, ...args] = process.argv.slice(2);
  // Everything after the site is kubectl's own, `--dir` included.
  if (command === 'kubectl') process.exitCode = await kubectl(defaultDir, args);
  else console.log(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error("'node hack/regions/cli.ts help' shows all commands");
  process.exitCode = 1;
}
