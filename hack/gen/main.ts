/**
 * Writes every generated file, or with `--check` compares: then it writes nothing, and fails when a file is not what the
 * sources say. Usage: `npm run gen [-- --check]`.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readArguments } from '../arguments.ts';
import { renderAlerts } from './alerts/render.ts';
import { renderArgocd } from './argocd.ts';
import { renderCatalogue } from './catalogue.ts';
import { renderChartReadme } from './chart/readme.ts';
import { renderTemplates } from './chart/templates.ts';
import { renderValues } from './chart/values-files.ts';
import { renderCli } from './cli.ts';
import { renderConfiguration } from './configuration.ts';
import { renderCrds } from './crds.ts';
import { renderDashboards } from './dashboards/render.ts';
import { renderEvents } from './events.ts';
import { renderFlux } from './flux.ts';
import type { GeneratedFile } from './generated-file.ts';
import { renderGuards } from './guards.ts';
import { renderImpact } from './impact.ts';
import { renderLogs } from './logs.ts';
import { renderMetrics } from './metrics.ts';
import { renderReference } from './reference.ts';
import { renderRolesPage } from './roles-page.ts';
import { renderTiers } from './tiers.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Folders whose files are all generated, by the ending of these files: what is left over there is removed. */
const FILES = 'charts/switchback/files';
const OWNED: Readonly<Record<string, string>> = {
  crds: '.yaml',
  'docs/reference': '.md',
  [`${FILES}/crds/hub`]: '.yaml',
  [`${FILES}/crds/region`]: '.yaml',
  [`${FILES}/policies/hub`]: '.yaml',
  [`${FILES}/policies/region`]: '.yaml',
  'charts/switchback/alerts': '.yaml',
  'charts/switchback/dashboards': '.json',
};

const USAGE = `npm run gen -- [--check]
  --check   writes nothing; the exit status says whether all files are as they would be written`;

const { values } = readArguments(USAGE, { check: { type: 'boolean', default: false } });
const files = [
  ...renderCrds(),
  ...renderReference(),
  ...renderGuards(),
  ...renderTiers(),
  ...renderImpact(),
  ...renderCatalogue(),
  ...renderCli(),
  ...renderRolesPage(),
  ...renderValues(),
  ...renderTemplates(),
  ...renderChartReadme(),
  ...renderArgocd(),
  ...renderFlux(),
  ...renderMetrics(),
  ...renderLogs(),
  ...renderEvents(),
  ...renderConfiguration(),
  ...renderAlerts(),
  ...renderDashboards(),
];
const stale = files.filter((file) => read(file.path) !== file.text).map((file) => file.path);
const orphans = findOrphans(files);

if (values.check) failWhenStale();
else write();

function failWhenStale(): void {
  if (stale.length + orphans.length === 0) return;
  for (const path of stale) console.error(`${path} is not what its source says`);
  for (const path of orphans) console.error(`${path} has no source any more`);
  console.error('run `npm run gen` and commit the result');
  process.exitCode = 1;
}

function write(): void {
  for (const file of files.filter(({ path }) => stale.includes(path))) {
    const path = join(ROOT, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.text);
    console.log(`wrote ${file.path}`);
  }
  for (const path of orphans) {
    rmSync(join(ROOT, path));
    console.log(`removed ${path}`);
  }
  if (stale.length + orphans.length === 0) console.log(`${files.length} generated files are as they should be`);
}

function findOrphans(generated: readonly GeneratedFile[]): readonly string[] {
  const wanted = new Set(generated.map((file) => file.path));
  return Object.entries(OWNED)
    .flatMap(([folder, ending]) => list(folder).filter((path) => path.endsWith(ending)))
    .filter((path) => !wanted.has(path));
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return undefined;
  }
}
