import { parseArgs } from 'node:util';
import type { TlsPaths } from '../agent/rights-server.ts';
import type { GateTiming } from './right.ts';

export interface GateOptions {
  /** `namespace/name` of the RegionalService whose right the command needs. */
  readonly service: string;
  /** Where agents answer, `https://host:port`; every address of every host is asked. */
  readonly agents: readonly URL[];
  /** Name that the certificates of agents must carry, where it is not the host. */
  readonly serverName?: string;
  readonly tls: TlsPaths;
  readonly timing: GateTiming;
  /** Program and arguments; at least the program. */
  readonly command: readonly [program: string, ...args: string[]];
}

export class GateUsageError extends Error {
  override readonly name = 'GateUsageError';
}

const USAGE = `usage: switchback gate [options] -- command [args...]
  --service NAMESPACE/NAME    the service whose right the command needs
  --agent https://HOST:PORT   where agents answer; may be given more than once
  --ca, --cert, --key FILE    PEM: what agents' certificates come from; the gate's own certificate; its key
  --server-name NAME          what agents' certificates carry (default: the host)
  --grace-seconds N           from the end of the right to SIGKILL, at most the stop budget (default: 2)
  --ask-every-seconds N       from one request for the right to the next (default: 1)`;

const text = { type: 'string' } as const;
const FLAGS = {
  service: text,
  agent: { type: 'string', multiple: true },
  ca: text,
  cert: text,
  key: text,
  'server-name': text,
  'grace-seconds': { type: 'string', default: '2' },
  'ask-every-seconds': { type: 'string', default: '1' },
} as const;

const SERVICE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @param args what follows `gate` on the command line. Throws `GateUsageError` that says what is wrong. */
export function readGateOptions(args: readonly string[]): GateOptions {
  const end = args.indexOf('--');
  const [program, ...rest] = end < 0 ? [] : args.slice(end + 1);
  if (program === undefined) throw wrong('no command: write it after --');
  const flags = parseFlags(args.slice(0, end));
  const { 'server-name': serverName, agent: agents = [] } = flags;
  const service = required(flags, 'service');
  if (!SERVICE.test(service)) throw wrong(`--service ${service}: must be NAMESPACE/NAME`);
  if (agents.length === 0) throw wrong('--agent is missing');
  return {
    service,
    agents: agents.map(urlOf),
    ...(serverName === undefined ? {} : { serverName }),
    tls: { ca: required(flags, 'ca'), cert: required(flags, 'cert'), key: required(flags, 'key') },
    timing: {
      graceMs: millisecondsOf('grace-seconds', flags['grace-seconds'], { min: 0, max: 300 }),
      askEveryMs: millisecondsOf('ask-every-seconds', flags['ask-every-seconds'], { min: 0.05, max: 60 }),
    },
    command: [program, ...rest],
  };
}

const wrong = (message: string): GateUsageError => new GateUsageError(`${message}\n${USAGE}`);

function parseFlags(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

type Required = 'service' | 'ca' | 'cert' | 'key';

function required(flags: Readonly<Partial<Record<Required, string>>>, name: Required): string {
  const value = flags[name];
  if (value === undefined || value === '') throw wrong(`--${name} is missing`);
  return value;
}

function urlOf(value: string): URL {
  const url = URL.parse(value);
  if (url?.protocol !== 'https:') throw wrong(`--agent ${value}: must be https://HOST:PORT`);
  return url;
}

function millisecondsOf(name: string, value: string, { min, max }: { readonly min: number; readonly max: number }) {
  const seconds = value === '' ? Number.NaN : Number(value);
  if (seconds >= min && seconds <= max) return seconds * 1000;
  throw wrong(`--${name} ${value}: must be a number of seconds from ${min} to ${max}`);
}
