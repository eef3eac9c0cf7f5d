import { describe, expect, it } from 'vitest';
import { runCommand, UsageError } from './commands.ts';
import type { Endpoint, Link, Region, Regions, Zone } from './regions.ts';

/** Regions that only write down what is asked of them. */
function recorder(): { readonly regions: Regions; readonly calls: string[] } {
  const calls: string[] = [];
  const note =
    (what: string) =>
    async (...args: readonly unknown[]): Promise<void> =>
      void calls.push([what, ...args.map((arg) => JSON.stringify(arg))].join(' '));
  const endpoint = (name: string): Endpoint => ({
    url: `https://${name}`,
    kubeconfig: () => '',
    kubeconfigPath: (user) => `/${name}.${user}`,
  });
  const zone = (name: string): Zone => ({
    name,
    state: 'on',
    lose: note(`${name} lose`),
    restore: note(`${name} restore`),
  });
  const site = (name: string): Region => ({
    ...endpoint(name),
    name,
    state: 'on',
    zones: [zone(`${name}-a`)],
    zone: (of) => zone(of),
    lose: note(`${name} lose`),
    restore: note(`${name} restore`),
    expireToken: note(`${name} expireToken`),
    powerOnNodes: note(`${name} powerOnNodes`),
  });
  const link = (from: string, to: string): Link => ({
    ...endpoint(`${from}-to-${to}`),
    from,
    to,
    state: 'silent',
    silence: (direction) => void note('silence')(from, to, direction),
    close: () => void note('close')(from, to),
    slow: (delayMs) => void note('slow')(from, to, delayMs),
    heal: () => void note('heal')(from, to),
  });
  const regions: Regions = {
    workDir: '/w',
    hub: site('hub'),
    regions: [site('east')],
    region: site,
    link,
    links: [link('hub', 'east')],
    restoreAll: note('restoreAll'),
    detach: () => undefined,
    stop: note('stop'),
    [Symbol.asyncDispose]: note('dispose'),
  };
  return { regions, calls };
}

describe('a command', () => {
  it.each([
    ['lose region east', 'east lose {"how":"kill","keepNodes":false}'],
    ['lose region east --hang', 'east lose {"how":"hang","keepNodes":false}'],
    ['lose region east --keep-nodes', 'east lose {"how":"kill","keepNodes":true}'],
    ['lose hub --hang', 'hub lose {"how":"hang","keepNodes":false}'],
    ['restore region east', 'east restore {"nodes":true}'],
    ['restore region east --without-nodes', 'east restore {"nodes":false}'],
    ['lose zone east east-a', 'east-a lose'],
    ['restore zone east east-a', 'east-a restore'],
    ['cut link hub east', 'silence "hub" "east" "both"'],
    ['cut link hub east --direction from', 'silence "hub" "east" "from"'],
    ['cut link hub east --close', 'close "hub" "east"'],
    ['cut link hub east --slow-ms 200', 'slow "hub" "east" 200'],
    ['heal link hub east', 'heal "hub" "east"'],
    ['restore all', 'restoreAll'],
  ])('%s', async (command, call) => {
    const { regions, calls } = recorder();
    await runCommand(regions, command.split(' '));
    expect(calls).toEqual([call]);
  });

  it.each([
    ['kubeconfig east', '/east.admin'],
    ['kubeconfig east --user switchback-agent', '/east.switchback-agent'],
    ['kubeconfig east --via hub --user switchback-hub', '/hub-to-east.switchback-hub'],
  ])('%s prints a path alone', async (command, path) => {
    expect(await runCommand(recorder().regions, command.split(' '))).toBe(path);
  });

  it('status names every site, every zone and every link that is not open', async () => {
    expect(await runCommand(recorder().regions, ['status'])).toBe(
      [
        'hub              on      https://hub',
        'east             on      https://east',
        'east             on      zone east-a',
        'link hub -> east: silent',
        'work folder: /w',
      ].join('\n'),
    );
  });

  it.each([
    ['lose', "unknown command 'lose'"],
    ['lose region', 'NAME is missing'],
    ['lose zone east', 'ZONE is missing'],
    ['cut link hub east --direction up', "--direction is to, from or both, not 'up'"],
    ['cut link hub east --slow-ms soon', "--slow-ms is a number, not 'soon'"],
    ['kubeconfig east --user root', "unknown user 'root'"],
    ['lose region east --fast', "Unknown option '--fast'"],
  ])('%s is a mistake', async (command, message) => {
    const attempt = runCommand(recorder().regions, command.split(' '));
    await expect(attempt).rejects.toThrow(UsageError);
    await expect(attempt).rejects.toThrow(message);
  });
});
