import type { Command } from 'commander';
import type { RegionalService } from '../../api/regional-service.ts';
import { RESOURCES } from '../../api/resources.ts';
import { keyOf } from '../../kube/object.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';

/**
 * Whether the region may still run an active/backup service: it has not confirmed that it stands by. Without agents nobody
 * stops that here, while the others start it when its right has ended.
 */
const mayRun = ({ spec, status }: RegionalService): boolean =>
  spec.mode === 'Backup' && (spec.role === 'Active' || (status?.standbyEpoch ?? 0) < spec.epoch);

/** Of the region that the kubeconfig, or the service account, leads to. */
async function mayUninstall({ client, terminal }: Session): Promise<ExitCode> {
  const { items } = await client.list(RESOURCES.regionalService);
  const running = items.filter(mayRun);
  if (running.length === 0) {
    terminal.out('no active/backup service runs here: the agents may go\n');
    return EXIT.ok;
  }
  for (const order of running)
    terminal.err(
      `${keyOf(order)}: ${order.spec.role} at epoch ${order.spec.epoch}, ${order.status?.phase ?? 'unknown'}\n`,
    );
  terminal.err(
    `${running.length} active/backup services may run here, and without agents nobody stops them: leave the region first ` +
      '(kubectl switchback evacuate), and wait until each stands by. helm uninstall --no-hooks goes past this.\n',
  );
  return EXIT.no;
}

/** Asked by the chart before it takes the agents away. */
export function addUninstallCommand(program: Command, run: Run): void {
  program
    .command('may-uninstall')
    .description(
      `of a region, not of the hub: may its agents go? Ends with ${EXIT.no} while an active/backup service runs`,
    )
    .action(run((session) => mayUninstall(session)));
}
