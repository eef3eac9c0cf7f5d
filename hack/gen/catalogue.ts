import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { API_VERSION } from '../../src/api/common.ts';
import { type ServiceClass, type ServiceClassSpec, serviceClass } from '../../src/api/service-class.ts';
import type { GeneratedFile } from './generated-file.ts';
import { cell, code, table } from './markdown.ts';

const NOTE = '<!-- Generated from the manifests of today/ and next/ by `npm run gen`: do not edit. -->';
const FOLDER = join(import.meta.dirname, '../../charts/switchback/catalogue');
const COLUMNS = ['service', 'class', 'functionality', 'in a region', 'across regions', 'standby', 'data stores'];
const manifest = z.looseObject({ metadata: z.object({ name: z.string() }), spec: z.unknown() });

export type CatalogueName = 'today' | 'next';

/** The classes of a catalogue, by the order of their files. */
export function readCatalogue(catalogue: CatalogueName): readonly ServiceClass[] {
  const folder = join(FOLDER, catalogue);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => {
      const { metadata, spec } = manifest.parse(document.toJS());
      const { name } = metadata;
      return { apiVersion: API_VERSION, kind: 'ServiceClass', metadata: { name }, spec: serviceClass.spec.parse(spec) };
    });
}

const patterns = ({ components }: ServiceClassSpec): string =>
  components
    .map(({ name, of, pattern }) => `${name} ${of === 'Instance' ? pattern : `${pattern} of ${of} pairs`}`)
    .join(', ');

function acrossRegions({ crossRegion }: ServiceClassSpec): string {
  const { balance, fromTier, mode, promotion, view } = crossRegion;
  if (mode === 'None') return 'no';
  const more = [
    ...(view === 'Limited' ? ['limited view in secondary regions'] : []),
    ...(balance === 'PrimaryFirst' ? ['primary region first'] : []),
    ...(promotion === 'Approval' ? ['after an approval'] : []),
  ];
  return [`${mode} from ${fromTier}`, ...more].join(', ');
}

const standby = ({ crossRegion }: ServiceClassSpec): string =>
  crossRegion.mode === 'Backup' ? crossRegion.standby : '';

const stores = ({ dataStores = [] }: ServiceClassSpec): string =>
  dataStores
    .map(({ crossRegion, name, pattern }) => `${name} ${pattern}${crossRegion ? ' cross-region' : ''}`)
    .join(', ') || 'none';

const rowOf = ({ metadata: { name }, spec }: ServiceClass): string[] => [
  cell(spec.displayName),
  code(name),
  spec.functionality,
  patterns(spec),
  acrossRegions(spec),
  standby(spec),
  stores(spec),
];

/** What both catalogues say of each service, and what the next one changes. */
export function renderCatalogue(): readonly GeneratedFile[] {
  const [today, next] = [readCatalogue('today').map(rowOf), readCatalogue('next').map(rowOf)];
  const before = new Set(today.map((row) => row.join('|')));
  const changed = next.filter((row) => !before.has(row.join('|')));
  const text = [
    NOTE,
    '# Services of the catalogues',
    `Each catalogue has ${today.length} services. Those that \`next/\` does not change are the same in both.`,
    '## today',
    table(COLUMNS, today),
    '## What next changes',
    table(COLUMNS, changed),
  ].join('\n\n');
  return [{ path: 'charts/switchback/catalogue/services.md', text: `${text}\n` }];
}
