import { EFFECTS, type EffectCode } from '../../src/api/impact.ts';
import { iuGroup } from '../../src/api/iu-group.ts';
import { type Tier, tier as tiers } from '../../src/api/service-class.ts';
import { type TenantSpec, tenant } from '../../src/api/tenant.ts';
import { describeEffect, EFFECT_FACTS } from '../../src/decide/impact/effects.ts';
import { explainImpact } from '../../src/decide/impact/explain.ts';
import type { Failure } from '../../src/decide/impact/facts.ts';
import { type CatalogueName, readCatalogue } from './catalogue.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from src/decide/impact and the service catalogue by `npm run gen`: do not edit. -->';

/** Two pages: the tables of both catalogues in words, and the codes. */
export const renderImpact = (): readonly GeneratedFile[] => [
  { path: 'docs/impact.md', text: page(tablesPage()) },
  { path: 'docs/reference/impact.md', text: page(codesPage()) },
];

const page = (blocks: readonly string[]): string => `${[NOTE, ...blocks].join('\n\n')}\n`;

const REGIONS = ['us-east', 'us-west', 'us-south'];
const unit = (region: string) => ({
  name: region,
  region,
  geography: 'US',
  country: 'US',
  zones: [`${region}-a`, `${region}-b`, `${region}-c`],
  credentials: { secretName: region },
});
const centre = (name: string, regions: readonly string[]) => ({
  name,
  geography: 'US',
  country: 'US',
  pair: 'us',
  regions,
  voice: { targets: [`${name}.example.com`] },
  mpls: true,
});
const GROUP = {
  metadata: { name: 'americas' },
  spec: iuGroup.spec.parse({
    infrastructureUnits: REGIONS.map(unit),
    transit: { centres: [centre('gtn-1', REGIONS), centre('gtn-2', REGIONS.toReversed())] },
  }),
};

function tenantOf(tier: Tier, more: Partial<TenantSpec>) {
  const secondaries: Readonly<Record<string, string[]>> = { Advanced: [], Global: ['us-west', 'us-south'] };
  const spec = tenant.spec.parse({
    iuGroupRef: { name: 'americas' },
    primaryRegion: 'us-east',
    secondaryRegions: secondaries[tier] ?? ['us-west'],
    tier,
    agents: 1000,
    connectivity: 'Mpls',
    ...more,
  });
  return { metadata: { name: 'acme', namespace: 'customers' }, spec };
}

interface Case {
  readonly title: string;
  readonly failure: Failure;
  readonly tenant: Partial<TenantSpec>;
}
const lost = (...paths: Extract<Failure, { kind: 'TransitCentre' }>['paths']): Failure => ({
  kind: 'TransitCentre',
  centre: 'gtn-1',
  paths,
});
const OTHER = { transitCentre: 'gtn-2' };
const CASES: readonly Case[] = [
  {
    title: 'A zone of the primary region is lost',
    failure: { kind: 'Zone', region: 'us-east', zone: 'us-east-a' },
    tenant: {},
  },
  { title: 'The primary region is lost', failure: { kind: 'Region', region: 'us-east' }, tenant: {} },
  { title: 'The primary transit centre is lost, voice and MPLS', failure: lost('Voice', 'Mpls'), tenant: {} },
  { title: 'Another transit centre is lost, voice and MPLS', failure: lost('Voice', 'Mpls'), tenant: OTHER },
  { title: 'The primary transit centre is lost, voice only', failure: lost('Voice'), tenant: {} },
  { title: 'Another transit centre is lost, voice only', failure: lost('Voice'), tenant: OTHER },
];

function tableOf(catalogue: CatalogueName, tier: Tier, { failure, tenant: more }: Case): string {
  const question = { group: GROUP, classes: readCatalogue(catalogue), tenant: tenantOf(tier, more), failure };
  const rows = explainImpact(question).sentences.map(({ customer, functionality, operations, representative }) => [
    functionality,
    cell(operations),
    cell(representative),
    cell(customer),
  ]);
  return table(['functionality', 'operations', 'representative', 'customer'], rows);
}

/** Tiers whose tables are the same stand together. */
function caseSection(catalogue: CatalogueName, each: Case): readonly string[] {
  const byTable = new Map<string, Tier[]>();
  for (const tier of tiers.options) {
    const text = tableOf(catalogue, tier, each);
    byTable.set(text, [...(byTable.get(text) ?? []), tier]);
  }
  const parts = [...byTable].flatMap(([text, of]) => [
    of.length === tiers.options.length ? 'Every tier:' : `Tier ${of.map(code).join(', ')}:`,
    text,
  ]);
  return [`### ${each.title}`, ...parts];
}

function tablesPage(): readonly string[] {
  const catalogues = (['today', 'next'] as const).flatMap((name) => [
    `## Catalogue "${name}"`,
    ...CASES.flatMap((each) => caseSection(name, each)),
  ]);
  return [
    '# What people feel of a failure',
    'For each functionality: what operations, representatives and customers feel. `-`: nothing. No cell is written by hand: each follows by a rule from the tier, the catalogue, the places of the services and the way in. [reference/impact.md](reference/impact.md) explains the codes behind the sentences.',
    'The tenant of these tables is at home in `us-east`, its second region is `us-west`, with tier `Global` `us-south` too. Its sites come in by MPLS through the transit centres `gtn-1`, the primary one of the tenant unless the title says otherwise, and `gtn-2`. Over the internet alone the loss of both paths of a centre is felt as that of voice, and email goes on.',
    '## Where it stands',
    [
      '- What a tenant feels **now**: `Tenant.status.impact` by failure, while it lasts, and the condition `ImpactFree`. What is over when calls and services have moved is taken out then.',
      '- What the loss of a region **would** mean: `IUGroup.status.whatIf[].impact`, the worst that any tenant would feel, and how many would.',
      '- What a switch means: `RegionSwitch.status.plan.impact`. A planned one loses no call.',
      '- The tables of one tenant: `explainImpact` in `src/decide/impact/explain.ts` makes them from its objects. They stand in no status: see below.',
    ].join('\n'),
    '```sh\nkubectl wait tenant/crown -n customers --for=condition=ImpactFree\nkubectl get tenant crown -n customers -o jsonpath=\'{range .status.impact[*].rows[*]}{.functionality}{"\\t"}{.operations[*].code}{"\\n"}{end}\'\n```',
    '## Why the tables of a tenant stand in no status',
    sizeNote(),
    ...catalogues,
  ];
}

function sizeNote(): string {
  const classes = readCatalogue('today');
  const bytes = CASES.map(({ failure, tenant: more }) => {
    const { table: made } = explainImpact({
      group: GROUP,
      classes,
      tenant: tenantOf('CrossRegionVoice', more),
      failure,
    });
    return JSON.stringify(made).length;
  });
  const kilobytes = (sum: number): string => `${(sum / 1024).toFixed(1)} KB`;
  const all = bytes.reduce((sum, each) => sum + each, 0);
  const perGroup = all * 5 * 5 * 3;
  return [
    `The ${CASES.length} tables of one tenant of tier \`CrossRegionVoice\` are ${kilobytes(all)} of codes, that of a lost region ${kilobytes(bytes[1] ?? 0)}.`,
    `With 10,000 tenants that would be ${((all * 10_000) / 2 ** 20).toFixed(0)} MB in etcd, written anew with each change of the catalogue; for a group of five regions by primary region, tier and connectivity ${kilobytes(perGroup)} in one object, near the limit of 1.5 MB for one write and written with it every time.`,
    'They follow from objects that everybody can read, so who wants them makes them. Written is what changes by itself: what is felt now, and the worst case of each region.',
  ].join(' ');
}

const LASTS = { Moment: 'until all has moved', Failure: 'until the failure is over' } as const;

function codesPage(): readonly string[] {
  const example = { services: ['voice-mail'], regions: ['us-west'], centre: 'gtn-1' };
  const failure: Failure = { kind: 'Region', region: 'us-east' };
  const rows = (Object.entries(EFFECTS) as [EffectCode, string][]).map(([name, meaning]) => {
    const { lasts, rank } = EFFECT_FACTS[name];
    return [
      code(name),
      cell(meaning),
      String(rank),
      LASTS[lasts],
      cell(describeEffect({ code: name, ...example }, failure)),
    ];
  });
  return [
    '# Impact codes',
    'One closed list. An effect has a `code` and what it is about: `services`, `regions`, `centre`, `via: Internet`, and `assumed` where it is felt only if something sat in the lost zone. `rank` orders them: 1 is good to know, from 5 on something is not there. The example is about service `voice-mail`, a lost region `us-east`, region `us-west` and transit centre `gtn-1`.',
    table(['code', 'meaning', 'rank', 'lasts', 'example'], rows),
    '## What a service class says for it',
    'Most follows from `functionality`, `crossRegion`, the patterns of the components and `dataStores[].crossRegion`. `spec.outside` says the rest: `DialsOut`, `CustomerMail`, `CustomerChannel`.',
  ];
}
