/**
 * A small service to fail over, in one file: `node store.ts NAME` accepts writes, `node store.ts` only answers. It goes on
 * behind the last record that it finds at its start, and writes each record to the next place, whatever is there, as a
 * database on a disk does: two at once would overwrite each other's records.
 *
 * The disk is a folder that all regions share. With STORE_FENCING=token it refuses who is late: the folder is called after
 * the epoch and the process that may write, who starts takes it over, and never one of a higher epoch. A record comes in by
 * one rename, so the kernel decides at once whether its writer still is that one. What is refused is kept for the judge.
 *
 * Time is monotonic time of the machine, which all containers of one machine share.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';

const [name] = process.argv.slice(2);
const { NODE_NAME = '', STORE_DISK = '/shared', STORE_FENCING, SWITCHBACK_EPOCH = '0' } = process.env;
const epoch = Number(SWITCHBACK_EPOCH);
const nowMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
/** Of this process: a pod may start several. */
const bornMs = Math.round(nowMs());
const by = `${hostname()}_${bornMs}`;

const answer = name === undefined ? () => ({ by, node: NODE_NAME }) : openDisk(name);

createServer((request: IncomingMessage, response: ServerResponse) => {
  // A caller that keeps its connection would go on asking who was found first.
  response.setHeader('connection', 'close');
  response.end(`${JSON.stringify(answer(new URL(request.url ?? '/', 'http://store').searchParams))}\n`);
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));

/** `?id=…` writes, `?slot=…` reads. */
function openDisk(disk: string): (asked: URLSearchParams) => object {
  const folder = STORE_FENCING === 'token' ? takeOver(disk) : join(STORE_DISK, disk);
  const mine = join(STORE_DISK, 'drafts', by);
  mkdirSync(mine);
  let next = 1 + Math.max(-1, ...readdirSync(folder).map(Number));
  return (asked) => {
    const wanted = asked.get('slot');
    if (wanted !== null) return { by, read: readId(join(folder, wanted)) };
    const id = asked.get('id');
    const slot = next++;
    const record = { id, slot, epoch, by };
    const draft = join(mine, `${slot}`);
    writeFileSync(draft, JSON.stringify(record));
    try {
      renameSync(draft, join(folder, `${slot}`));
    } catch {
      renameSync(draft, join(STORE_DISK, 'refused', `${by}_${slot}_age-${Math.round(nowMs() - bornMs)}-ms`));
      process.exit(1);
    }
    // After it is on the disk: from here on nobody may accept anything who began earlier than this one.
    return { ...record, node: NODE_NAME, atMs: nowMs() };
  };
}

/** Null when the disk is no longer ours, or has nothing there. */
function readId(file: string): string | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).id;
  } catch {
    return null;
  }
}

/** Makes this process the only one whose records the disk takes. @returns the folder */
function takeOver(disk: string): string {
  const own = join(STORE_DISK, `${disk}.${epoch}.${by}`);
  for (;;) {
    const found = readdirSync(STORE_DISK).find((file) => file.startsWith(`${disk}.`));
    if (found === undefined || Number(found.split('.')[1]) > epoch) {
      console.error(`the disk is ${found}: epoch ${epoch} is over`);
      process.exit(1);
    }
    try {
      renameSync(join(STORE_DISK, found), own);
      return own;
    } catch {
      // Somebody else has taken it over in between.
    }
  }
}
