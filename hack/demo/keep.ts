import { join } from 'node:path';
import { binDir } from '../regions/build.ts';
import { runCommand } from '../regions/commands.ts';
import { serveControl } from '../regions/control.ts';
import { heal, strike } from './disaster.ts';
import type { Screen } from './screen.ts';
import { defaultDir, type Stage } from './stage.ts';

/**
 * Lets everything run on, for a user to play with, and serves the commands of `hack/regions/cli.ts`.
 * @returns when `down` was given
 */
export async function keepRunning(stage: Stage, screen: Screen): Promise<void> {
  const down = Promise.withResolvers<void>();
  const server = await serveControl(stage.workDir, async (words) => {
    if (words[0] !== 'down') return command(stage, words);
    setImmediate(down.resolve);
    return 'everything is being ended';
  });
  for (const line of instructions(stage)) screen.say(line);
  await down.promise;
  server.close();
}

/** A region takes its agents with it, and needs them to return; all else is as without an operator. */
async function command(stage: Stage, words: readonly string[]): Promise<string> {
  const [verb, kind, name = ''] = words;
  if (kind !== 'region' || words.includes('--keep-nodes') || words.includes('--without-nodes')) {
    return runCommand(stage.regions, words);
  }
  const { state } = stage.regions.region(name);
  if (verb === 'lose') {
    await strike(stage, name, words.includes('--hang') ? 'hang' : 'kill');
    return `${name} is lost: control plane, nodes and agents`;
  }
  if (verb !== 'restore' || state === 'on') return runCommand(stage.regions, words);
  await heal(stage, name);
  return `${name} is back: control plane, agents and, after they had fenced, nodes`;
}

function instructions({ regions, workDir }: Stage): readonly string[] {
  const sites = [regions.hub, ...regions.regions];
  const [region] = regions.regions;
  const [name, zone] = [region?.name ?? '', region?.zones[0]?.name ?? ''];
  const cli = (command: string): string =>
    `   node hack/regions/cli.ts ${command}${workDir === defaultDir ? '' : ` --dir ${workDir}`}`;
  return [
    '',
    'Everything keeps running until Ctrl-C. Its clusters:',
    ...sites.map((site) => `   export KUBECONFIG=${site.kubeconfigPath('admin')}   # ${site.name}`),
    `kubectl, if you have none: ${join(binDir(), 'kubectl')}`,
    '   kubectl get switchback -A   # on the hub: what is active where; in a region: what runs there',
    '   kubectl get regionswitches -o yaml   # on the hub: the record of each switch',
    'Break and mend, in another terminal (a region takes its agents with it):',
    cli(`lose region ${name}`),
    cli(`restore region ${name}`),
    cli(`lose zone ${name} ${zone}`),
    cli(`restore zone ${name} ${zone}`),
    cli(`cut link hub ${name}`),
    cli(`heal link hub ${name}`),
    `Logs of the operator: ${join(workDir, 'operator')}`,
  ];
}
