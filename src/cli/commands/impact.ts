import type { Command } from 'commander';
import type { IUGroup } from '../../api/iu-group.ts';
import { RESOURCES } from '../../api/resources.ts';
import { explainImpact, type ImpactAnswer } from '../../decide/impact/explain.ts';
import type { Failure } from '../../decide/impact/facts.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { show, type View } from '../output.ts';
import { byKey, chooseByName, chooseGroup, readGroups, requireRegion } from '../picture.ts';
import type { Run } from '../run.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';

const KINDS = ['region', 'zone', 'voice', 'mpls', 'transit', 'services', 'evacuation'] as const;
const FORMS =
  'region=<region>, zone=<region>/<zone>, voice=, mpls= or transit=<centre>, services=<class,…>, evacuation=<region>';

const usage = (message: string): CommandError => new CommandError(message, EXIT.usage);

function requireZone(group: IUGroup, region: string, zone: string | undefined): string {
  requireRegion(group, region);
  const zones = group.spec.infrastructureUnits.find((unit) => unit.region === region)?.zones ?? [];
  if (zone !== undefined && zones.includes(zone)) return zone;
  throw usage(`region ${region} has no zone ${zone ?? ''}; it has ${zones.join(', ')}`);
}

function requireCentre({ metadata, spec }: IUGroup, centre: string): string {
  const centres = (spec.transit?.centres ?? []).map(({ name }) => name);
  if (centres.includes(centre)) return centre;
  throw usage(`IU group ${metadata.name} has no transit centre ${centre}; it has ${centres.join(', ') || 'none'}`);
}

/** @throws CommandError when it is none of the forms, or names what the group does not have */
export function parseFailure(text: string, group: IUGroup): Failure {
  const [kind, what = ''] = text.split('=', 2);
  const known = KINDS.find((name) => name === kind);
  if (known === undefined || what === '') throw usage(`${text} is no failure: write ${FORMS}`);
  const [region = '', zone] = what.split('/', 2);
  switch (known) {
    case 'region':
    case 'evacuation':
      requireRegion(group, what);
      return { kind: known === 'region' ? 'Region' : 'PlannedSwitch', region: what };
    case 'zone':
      return { kind: 'Zone', region, zone: requireZone(group, region, zone) };
    case 'voice':
      return { kind: 'TransitCentre', centre: requireCentre(group, what), paths: ['Voice'] };
    case 'mpls':
      return { kind: 'TransitCentre', centre: requireCentre(group, what), paths: ['Mpls'] };
    case 'transit':
      return { kind: 'TransitCentre', centre: requireCentre(group, what), paths: ['Voice', 'Mpls'] };
    case 'services':
      return { kind: 'Services', services: what.split(',') };
  }
}

const impactView = (tenant: string, { sentences, table, title }: ImpactAnswer): View => ({
  data: { tenant, title, ...table },
  text: (paint) =>
    [
      `${paint('bold', `Tenant ${tenant}`)}   ${title}`,
      '',
      formatTable(
        ['FUNCTIONALITY', 'OPERATIONS', 'REPRESENTATIVES', 'CUSTOMERS'],
        sentences.map((row) => [row.functionality, row.operations, row.representative, row.customer]),
      ),
    ].join('\n'),
});

async function impact({ client, options, paint, terminal }: Session, name: string, text: string): Promise<ExitCode> {
  const [picture, classes, tenants] = await Promise.all([
    readGroups(client),
    client.list(RESOURCES.serviceClass),
    client.list(RESOURCES.tenant),
  ]);
  const tenant = chooseByName('Tenant', byKey(tenants.items), name);
  const group = chooseGroup(picture, tenant.spec.iuGroupRef.name);
  const failure = parseFailure(text, group);
  const answer = explainImpact({ group, classes: byKey(classes.items), tenant, failure });
  show(impactView(`${tenant.metadata.namespace}/${tenant.metadata.name}`, answer), options.output, paint, terminal);
  return EXIT.ok;
}

export function addImpactCommand(program: Command, run: Run): void {
  program
    .command('impact')
    .description(
      'what a failure would mean to a tenant: by functionality, for operations, representatives and customers',
    )
    .argument('<tenant>', 'name of a Tenant, or namespace/name')
    .argument('<failure>', FORMS)
    .action(run((session, tenant: string, failure: string) => impact(session, tenant, failure)));
}
