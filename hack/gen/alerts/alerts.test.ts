import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createProgram } from '../../../src/cli/main.ts';
import { renderDashboards } from '../dashboards/render.ts';
import { RUNBOOKS } from './alert.ts';
import { CASES, type RuleCase } from './cases.ts';
import { expressionsOf, problemsOf } from './known-names.ts';
import { findPromtool } from './promtool.ts';
import { ALERTS, ALERTS_DIR, RULE_FILES, renderAlerts, runbookOf } from './render.ts';

const ROOT = join(import.meta.dirname, '../../..');
const PAGES = join(ROOT, 'docs/runbooks');
const promtool = findPromtool();
const folder = mkdtempSync(join(tmpdir(), 'switchback-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pages = readdirSync(PAGES).filter((file) => file !== 'README.md');

describe('alerts', () => {
  it('are named once, in CamelCase with our prefix', () => {
    const names = ALERTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^Switchback([A-Z][a-z]+)+$/);
  });

  it('have a runbook each, and each runbook has an alert', () => {
    expect(pages.sort()).toEqual(ALERTS.map(({ name }) => `${name}.md`).sort());
    for (const alert of ALERTS) {
      const path = runbookOf(alert).replace(RUNBOOKS, '');
      expect(existsSync(join(PAGES, path)), path).toBe(true);
    }
  });

  it('are tried firing and quiet', () => {
    expect(Object.keys(CASES).sort()).toEqual(ALERTS.map(({ name }) => name).sort());
    for (const [name, cases] of Object.entries(CASES)) {
      expect(
        cases.some(({ fires }) => fires.length > 0),
        `${name} fires`,
      ).toBe(true);
      expect(
        cases.some(({ fires }) => fires.length === 0),
        `${name} is quiet`,
      ).toBe(true);
    }
  });

  it('name only metrics and labels that exist, and so do the dashboards', () => {
    for (const { expression, where } of expressionsOf()) expect(problemsOf(expression), where).toEqual([]);
  });

  it('a name that is not registered is found out', () => {
    expect(problemsOf('rate(switchback_nothing_total[5m]) > 0')).toEqual([
      'there is no metric switchback_nothing_total',
    ]);
    expect(problemsOf('switchback_freezes{colour="red"}')).toEqual(['switchback_freezes has no label colour']);
    expect(problemsOf('sum by (colour) (switchback_freezes)')).toEqual(['no metric here has the label colour']);
    expect(problemsOf('switchback_holds_bucket{le="1"}')).toEqual(['there is no metric switchback_holds_bucket']);
  });

  it('show labels that their expressions keep, in words', () => {
    for (const { name } of ALERTS) {
      const fired = CASES[name]?.flatMap(({ fires }) => fires) ?? [];
      for (const labels of fired) expect(Object.values(annotations(name, labels)).join(), name).not.toContain('{{');
    }
  });
});

describe('runbooks', () => {
  const SECTIONS = [
    'What it means',
    'What it does to callers',
    'How to look',
    'How to put it right',
    'When it is a false alarm',
  ];

  it.each(pages)('%s says all that a runbook says, and its links lead somewhere', (page) => {
    const text = readFileSync(join(PAGES, page), 'utf8');
    expect(text.startsWith(`# ${basename(page, '.md')}\n`)).toBe(true);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(SECTIONS);
    expect(brokenLinks(join(PAGES, page))).toEqual([]);
  });

  it.each(['docs/alerts.md', 'docs/runbooks/README.md', 'docs/reference/logs.md'])(
    'the links of %s lead somewhere',
    (page) => {
      expect(brokenLinks(join(ROOT, page))).toEqual([]);
    },
  );

  it('name only commands that there are', () => {
    const nowhere = (): void => undefined;
    const program = createProgram({ out: nowhere, err: nowhere }, () => async () => undefined);
    const commands = program.commands.map((command) => command.name());
    const texts = [
      ...pages.map((page) => readFileSync(join(PAGES, page), 'utf8')),
      ...ALERTS.map(({ description }) => description),
    ];
    const named = texts.flatMap((text) => [...text.matchAll(/kubectl switchback ([a-z-]+)/g)].map(([, verb]) => verb));
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((verb) => !commands.includes(verb ?? ''))).toEqual([]);
  });

  it('are listed with their severity', () => {
    const text = readFileSync(join(PAGES, 'README.md'), 'utf8');
    for (const { name, severity } of ALERTS) expect(text).toContain(`| [${name}](${name}.md) | ${severity} |`);
  });
});

function brokenLinks(path: string): string[] {
  const links = [...readFileSync(path, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)/g)].map(([, to = '']) => to);
  return links.filter((to) => to !== '' && !existsSync(join(dirname(path), to)));
}

const skipped = promtool === undefined;
if (skipped) console.warn('promtool is not here (Debian package prometheus): the rules are not run, only read');

describe.skipIf(skipped)('promtool', () => {
  const run = (args: readonly string[]): string => {
    try {
      return execFileSync(promtool ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    } catch (error) {
      const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
      throw new Error(`${stdout}\n${stderr}`);
    }
  };

  it('parses every rule', () => {
    const files = renderAlerts().map(({ path }) => join(ROOT, path));
    expect(files.every((file) => file.startsWith(join(ROOT, ALERTS_DIR)))).toBe(true);
    expect(run(['check', 'rules', ...files])).toContain('SUCCESS');
  });

  it('parses every expression of the dashboards', () => {
    expect(renderDashboards().length).toBe(3);
    const rules = expressionsOf().map(({ expression }, i) => ({ record: `e:${i}`, expr: expression }));
    writeFileSync(join(folder, 'expressions.yaml'), stringify({ groups: [{ name: 'e', rules }] }, { lineWidth: 0 }));
    expect(run(['check', 'rules', 'expressions.yaml'])).toContain(`${rules.length} rules found`);
  });

  const byFile = RULE_FILES.map(({ groups, name }) => ({ name, alerts: groups.flatMap((group) => group.alerts) }));
  it.each(byFile)(
    '$name fires when it should, and only then',
    ({ alerts, name }) => {
      const tests = alerts.flatMap((alert) => (CASES[alert.name] ?? []).map((one) => testOf(alert.name, one)));
      const rules = join(ROOT, ALERTS_DIR, `${name}.yaml`);
      const file = { rule_files: [rules], evaluation_interval: '1m', tests };
      writeFileSync(join(folder, `${name}.test.yaml`), stringify(file, { lineWidth: 0 }));
      expect(run(['test', 'rules', `${name}.test.yaml`])).toContain('SUCCESS');
    },
    60_000,
  );
});

function testOf(alertname: string, { at, every = '1m', fires, says, series }: RuleCase) {
  const severity = ALERTS.find(({ name }) => name === alertname)?.severity ?? '';
  return {
    name: `${alertname}: ${says}`,
    interval: every,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [
      {
        eval_time: at,
        alertname,
        exp_alerts: fires.map((labels) => ({
          exp_labels: { severity, ...labels },
          exp_annotations: annotations(alertname, labels),
        })),
      },
    ],
  };
}

/** As Prometheus writes them: a label that is not there stays as it stands, and the test fails. */
function annotations(alertname: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  const alert = ALERTS.find(({ name }) => name === alertname);
  if (!alert) throw new Error(alertname);
  const fill = (text: string): string =>
    text.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (whole: string, name: string) => labels[name] ?? whole);
  return { summary: fill(alert.summary), description: fill(alert.description), runbook_url: runbookOf(alert) };
}
