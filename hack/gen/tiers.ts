import { type ServiceClassSpec, tier } from '../../src/api/service-class.ts';
import { tierHasSecondary } from '../../src/decide/regions.ts';
import { serviceBalancing, slaScope, tenantBalancing } from '../../src/decide/tiers.ts';
import { type CatalogueName, readCatalogue } from './catalogue.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE =
  '<!-- Generated from charts/switchback/catalogue and src/decide/tiers.ts by `npm run gen`: do not edit. -->';
type Tier = (typeof tier.options)[number];

/** What each tier has of each service in its secondary regions, by the very rules that place it. */
export function renderTiers(): readonly GeneratedFile[] {
  const text = [
    NOTE,
    '# Tiers and services',
    'What a tenant of each tier has in its secondary regions, and how it shares its load. [Tiers](../tiers.md) says what the words mean.',
    '## Tiers',
    table(['tier', 'voice', 'agents'], tier.options.map(tierRow)),
    ...(['next', 'today'] as const).flatMap(catalogueSection),
  ].join('\n\n');
  return [{ path: 'docs/reference/tiers.md', text: `${text}\n` }];
}

function tierRow(name: Tier): string[] {
  const { agents, voice } = tenantBalancing(name, 2);
  return [code(name), code(voice), code(agents)];
}

function catalogueSection(name: CatalogueName): string[] {
  const rows = readCatalogue(name).map(({ spec }) => [
    cell(spec.displayName),
    ...tier.options.map((each) => cell(cellOf(each, spec))),
  ]);
  return [
    `## Catalogue ${code(name)}`,
    'Each cell: the role in a secondary region, then what the promise of availability covers. `-`: not there.',
    table(['service', ...tier.options.map(code)], rows),
  ];
}

function cellOf(name: Tier, spec: ServiceClassSpec): string {
  if (name === 'Global' && spec.placement === 'DigitalRegion') return `digital region only; ${slaScope(name, spec, 1)}`;
  const isThere = tierHasSecondary(name, spec.crossRegion);
  return `${isThere ? roleOf(name, spec) : '-'}; ${slaScope(name, spec, isThere ? 2 : 1)}`;
}

function roleOf(name: Tier, { crossRegion }: ServiceClassSpec): string {
  const { mode, promotion, standby, view } = crossRegion;
  if (mode === 'Backup') return `Standby (${standby})${promotion === 'Approval' ? ', by approval' : ''}`;
  if (serviceBalancing(name, mode, ['US', 'EMEA']) === 'TransitCentres') return 'Reserve';
  const role = view === 'Limited' ? 'ActiveLimited' : 'Active';
  return name === 'Global' ? `${role}, Reserve in other geographies` : role;
}
