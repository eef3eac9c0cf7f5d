import type { Command } from 'commander';
import type { IUGroup } from '../../api/iu-group.ts';
import type { RegionSwitch } from '../../api/region-switch.ts';
import { RESOURCES } from '../../api/resources.ts';
import type { ServiceInstance } from '../../api/service-instance.ts';
import { createInformer } from '../../kube/informer.ts';
import { sleep } from '../../runtime/clock.ts';
import { systemRandom } from '../../runtime/random.ts';
import { parseDuration } from '../durations.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { groupNews, instanceNews, type News, switchNews } from '../views/news.ts';

const FOREVER_S = 2_000_000;

/** One line for each thing that happens, with the time at which it was seen, until the time is over. */
async function watch({ client, clock, options, paint, terminal }: Session, asked: { for?: string }): Promise<ExitCode> {
  const base = {
    client,
    clock,
    random: systemRandom,
    onError: (error: unknown) =>
      terminal.err(`watch interrupted, going on: ${error instanceof Error ? error.message : String(error)}\n`),
  };
  const tell = (news: readonly News[]): void => {
    for (const { style, text } of news) {
      const time = new Date(clock.now().wallMs).toISOString().slice(11, 23);
      terminal.out(
        options.output === 'json'
          ? `${JSON.stringify({ time, text })}\n`
          : `${paint('dim', time)}  ${style ? paint(style, text) : text}\n`,
      );
    }
  };
  const isMeant = (group: string): boolean => options.group === undefined || options.group === group;
  const groups = createInformer<IUGroup>({ ...base, resource: RESOURCES.iuGroup });
  const switches = createInformer<RegionSwitch>({ ...base, resource: RESOURCES.regionSwitch });
  const instances = createInformer<ServiceInstance>({ ...base, resource: RESOURCES.serviceInstance });
  groups.store.addHandler((delta) => isMeant(delta.object.metadata.name) && tell(groupNews(delta)));
  switches.store.addHandler((delta) => isMeant(delta.object.spec.iuGroupRef.name) && tell(switchNews(delta)));
  instances.store.addHandler((delta) => isMeant(delta.object.spec.iuGroupRef.name) && tell(instanceNews(delta)));
  const reflectors = [groups, switches, instances].map(({ reflector }) => reflector);
  for (const reflector of reflectors) reflector.start();
  await sleep(clock, (asked.for === undefined ? FOREVER_S : parseDuration(asked.for)) * 1000);
  await Promise.all(reflectors.map((reflector) => reflector.stop()));
  return EXIT.ok;
}

export function addWatchCommand(program: Command, run: Run): void {
  program
    .command('watch')
    .description('live: regions, services that move, steps of switches, each with its time')
    .option('--for <duration>', 'end by itself after so long')
    .action(run((session, asked: { for?: string }) => watch(session, asked)));
}
