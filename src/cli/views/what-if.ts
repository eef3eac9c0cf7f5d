import { counted } from '../../api/common.ts';
import type { IUGroup, WhatIf } from '../../api/iu-group.ts';
import { CommandError } from '../exit.ts';
import type { View } from '../output.ts';
import { formatTable, indent } from '../table.ts';
import type { Paint } from '../terminal.ts';

const ms = (value: number | undefined): string =>
  value === undefined ? 'not measured yet' : `${(value / 1000).toFixed(1)} s`;

function text(loss: WhatIf, paint: Paint): string {
  const { recovery } = loss;
  const destinations = loss.destinations.map(({ region, services, tenants, instances, fits, message }) => [
    region,
    `${services}`,
    `${tenants}`,
    `${instances}`,
    fits ? paint('green', 'yes') : paint('red', 'no'),
    message,
  ]);
  const outages = loss.outages.map(({ serviceClass, reason, services, tenants, message }) => [
    serviceClass,
    reason,
    `${services}`,
    `${tenants}`,
    message,
  ]);
  return [
    `${paint('bold', `If region ${loss.region} were lost now`)}: ${loss.survives ? paint('green', 'survived') : paint('red', 'not survived')}`,
    loss.message,
    '',
    `${counted(loss.moving.services, 'service')} to move, ${loss.continuing.services} to go on elsewhere, ${loss.stopping.services} to stop`,
    `promoted within ${recovery.promotedWithinSeconds} s (detection ${recovery.detectionSeconds} s, rights end after ${recovery.waitSeconds} s); last failover from here: ${ms(recovery.measuredMilliseconds)}`,
    ...(destinations.length > 0
      ? ['', indent(formatTable(['TO', 'SERVICES', 'TENANTS', 'INSTANCES', 'FITS', 'NUMBERS'], destinations))]
      : []),
    ...(outages.length > 0
      ? ['', indent(formatTable(['WOULD STOP', 'WHY', 'SERVICES', 'TENANTS', 'FOR EXAMPLE'], outages))]
      : []),
  ].join('\n');
}

/**
 * What the loss of a region, or of each one, would do: as the hub forecast it with the functions that act.
 *
 * @throws CommandError while the hub has not said
 */
export function whatIfView(group: IUGroup, region: string | undefined): View {
  const losses = (group.status?.whatIf ?? []).filter((loss) => region === undefined || loss.region === region);
  if (losses.length === 0) throw new CommandError('the hub has not said yet what a loss would do');
  return { data: losses, text: (paint) => losses.map((loss) => text(loss, paint)).join('\n\n') };
}
