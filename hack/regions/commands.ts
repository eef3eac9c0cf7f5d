import { parseArgs } from 'node:util';
import { users } from './provider.ts';
import type { Direction } from './proxy.ts';
import type { Regions, Site } from './regions.ts';

/** A mistake of whoever typed the command: shown together with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const options = {
  hang: { type: 'boolean', default: false },
  'keep-nodes': { type: 'boolean', default: false },
  'without-nodes': { type: 'boolean', default: false },
  direction: { type: 'string', default: 'both' },
  close: { type: 'boolean', default: false },
  'slow-ms': { type: 'string' },
  user: { type: 'string', default: 'admin' },
  via: { type: 'string' },
} as const;

type Flags = ReturnType<typeof parse>['values'];

/**
 * Carries out one command on running regions, for example `['lose', 'region', 'us-east', '--hang']`.
 * @returns what to print
 * @throws UsageError when the words make no command, or name something that is not there
 */
export async function runCommand(regions: Regions, words: readonly string[]): Promise<string> {
  const { positionals, values } = parse(words);
  const [verb, kind, ...names] = positionals;
  if (verb === 'status') return describeStatus(regions);
  if (verb === 'kubeconfig') return describeKubeconfig(regions, kind, values);
  if (verb === 'restore' && kind === 'all') {
    await regions.restoreAll();
    return 'everything is restored';
  }
  const command = commands[`${verb} ${kind}`];
  if (!command) throw new UsageError(`unknown command '${words.join(' ')}'`);
  return command(regions, names, values);
}

type Command = (regions: Regions, names: readonly string[], flags: Flags) => Promise<string>;

const commands: Readonly<Record<string, Command>> = {
  'lose region': (regions, [name], flags) => loseSite(regions.region(given(name, 'NAME')), flags),
  'lose hub': (regions, _names, flags) => loseSite(regions.hub, flags),
  'restore region': (regions, [name], flags) => restoreSite(regions.region(given(name, 'NAME')), flags),
  'restore hub': (regions, _names, flags) => restoreSite(regions.hub, flags),
  'lose zone': async (regions, [region, zone]) => {
    await regions.region(given(region, 'REGION')).zone(given(zone, 'ZONE')).lose();
    return `zone ${zone} has lost its power`;
  },
  'restore zone': async (regions, [region, zone]) => {
    await regions.region(given(region, 'REGION')).zone(given(zone, 'ZONE')).restore();
    return `zone ${zone} has power, its nodes are Ready`;
  },
  'cut link': async (regions, [from, to], flags) => {
    const link = regions.link(given(from, 'FROM'), given(to, 'TO'));
    if (flags.close) link.close();
    else if (flags['slow-ms'] !== undefined) link.slow(milliseconds(flags['slow-ms']));
    else link.silence(direction(flags.direction));
    return `link ${from} -> ${to} is ${link.state}`;
  },
  'heal link': async (regions, [from, to]) => {
    regions.link(given(from, 'FROM'), given(to, 'TO')).heal();
    return `link ${from} -> ${to} is open`;
  },
};

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function loseSite(site: Site, flags: Flags): Promise<string> {
  await site.lose({ how: flags.hang ? 'hang' : 'kill', keepNodes: flags['keep-nodes'] });
  return `${site.name} is ${site.state}`;
}

async function restoreSite(site: Site, flags: Flags): Promise<string> {
  await site.restore({ nodes: !flags['without-nodes'] });
  return `${site.name} is back`;
}

function describeStatus(regions: Regions): string {
  const sites = sitesOf(regions).map((site) => `${site.name.padEnd(16)} ${site.state.padEnd(7)} ${site.url}`);
  const zones = regions.regions.flatMap((region) =>
    region.zones.map((zone) => `${region.name.padEnd(16)} ${zone.state.padEnd(7)} zone ${zone.name}`),
  );
  const links = regions.links
    .filter((link) => link.state !== 'open')
    .map((link) => `link ${link.from} -> ${link.to}: ${link.state}`);
  return [...sites, ...zones, ...links, `work folder: ${regions.workDir}`].join('\n');
}

/** Of one site: the path alone, so that a shell can take it. Without a name: a line per site. */
function describeKubeconfig(regions: Regions, name: string | undefined, { user, via }: Flags): string {
  const known = users.find((candidate) => candidate === user);
  if (!known) throw new UsageError(`unknown user '${user}'; known are ${users.join(', ')}`);
  if (name === undefined) {
    return sitesOf(regions)
      .map((site) => `${site.name.padEnd(16)} ${site.kubeconfigPath(known)}`)
      .join('\n');
  }
  if (via !== undefined) return regions.link(via, name).kubeconfigPath(known);
  const site = sitesOf(regions).find((candidate) => candidate.name === name);
  if (!site) throw new UsageError(`there is no ${name}`);
  return site.kubeconfigPath(known);
}

/** Every site is an end of links, also where there is no hub. */
function sitesOf(regions: Regions): readonly Site[] {
  const hasHub = regions.links.some((link) => link.from === 'hub');
  return hasHub ? [regions.hub, ...regions.regions] : regions.regions;
}

function given(value: string | undefined, what: string): string {
  if (value === undefined) throw new UsageError(`${what} is missing`);
  return value;
}

function direction(value: string): Direction {
  if (value === 'to' || value === 'from' || value === 'both') return value;
  throw new UsageError(`--direction is to, from or both, not '${value}'`);
}

function milliseconds(value: string): number {
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed < 0) throw new UsageError(`--slow-ms is a number, not '${value}'`);
  return parsed;
}
