import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports of API servers lie below the range from which Linux takes the source ports of outgoing connections
 * (32768-60999): a port out of that range could be taken by any connection while its region is down.
 */
const lowest = 20_000;
const highest = 32_000;
const attempts = 50;

/** A TCP port of the loopback interface that is free now and that no outgoing connection will take. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest} in ${attempts} attempts`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
