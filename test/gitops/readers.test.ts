import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ensureGlua } from '../../hack/gitops/glua.ts';
import { cloneJson } from '../support/json.ts';
import { FOLDER, fileOf, type HealthTest, readYaml, writeStates } from './customizations.ts';
import { runLua } from './lua.ts';
import { type FluxCheck, fluxSays, helmSays, isReady, kstatusOf } from './readers.ts';
import { STATES, type Standing, type State } from './states.ts';

/**
 * Four readers, one story: what `kubectl wait`, kstatus (Flux), Helm 4 and Argo CD make of each state. With UPDATE_GITOPS=1
 * the test data of Argo CD is written anew from these states, to be reviewed.
 */
const READINGS: Readonly<Record<Standing, string>> = {
  Done: 'ready Current installed Healthy',
  Working: 'not-ready InProgress waits Progressing',
  Waiting: 'not-ready InProgress waits Suspended',
  Failed: 'not-ready Failed failed Degraded',
  // `kubectl wait` does not look at deletions; there is `--for=delete` for that.
  Leaving: 'ready Terminating waits Progressing',
};

const isUpdate = process.env['UPDATE_GITOPS'] === '1';
const glua = await ensureGlua();
if (!glua)
  console.log('Go is not there, so the Lua of Argo CD is not run: install Go 1.26 or newer (https://go.dev/dl)');

const healthOf = (program: string, { object }: State) =>
  runLua(program, { script: `${FOLDER}/${object.kind}/health.lua`, object }) as HealthTest['healthStatus'];
const cases = STATES.map((state): [string, State] => [`${state.object.kind}: ${state.name}`, state]);

describe('kubectl wait, kstatus and Helm read', () => {
  it.each(cases)('%s', (_, { is, object }) => {
    const read = [isReady(object) ? 'ready' : 'not-ready', kstatusOf(object), helmSays(object)].join(' ');
    expect(READINGS[is].startsWith(`${read} `), `${is} reads as ${read}`).toBe(true);
  });

  it('each state of a kind once', () => {
    expect(new Set(cases.map(([name]) => name)).size).toBe(cases.length);
  });
});

describe('the health expressions for Flux', () => {
  const file = join(import.meta.dirname, '../../hack/gitops/flux/health-check-exprs.yaml');
  const checks: readonly FluxCheck[] = parse(readFileSync(file, 'utf8')).healthCheckExprs;

  it.each(cases.filter(([, { is }]) => is !== 'Leaving'))('say what kstatus says of %s', (_, { object }) => {
    const check = checks.find(({ kind }) => kind === object.kind);
    expect(check && fluxSays(check, object)).toBe(kstatusOf(object));
  });
});

describe.skipIf(!glua)('Argo CD reads', () => {
  it.each(cases)('%s', (_, state) => {
    if (!glua) return;
    const { message, status } = healthOf(glua, state);
    expect(READINGS[state.is].endsWith(` ${status}`), `${state.is} reads as ${status}: ${message}`).toBe(true);
    expect(message).not.toBe('');
  });

  it('none of the libraries that it does not open', () => {
    expect(() => glua && runLua(glua, { script: `${import.meta.dirname}/forbidden.lua`, object: {} })).toThrow('nil');
  });
});

describe('the test data of Argo CD', () => {
  const kinds = [...Map.groupBy(STATES, ({ object }) => object.kind)];

  it.each(kinds)('of %s is what the operator writes', (kind, states) => {
    if (isUpdate && glua) {
      const tests = states.map((state) => ({ inputPath: fileOf(state), healthStatus: healthOf(glua, state) }));
      writeStates(kind, states, tests);
    }
    const { tests } = readYaml<{ tests: HealthTest[] }>(kind, 'health_test.yaml');
    expect(tests.map(({ inputPath }) => inputPath)).toEqual(states.map(fileOf));
    for (const state of states) expect(readYaml(kind, fileOf(state))).toEqual(cloneJson(state.object));
  });
});
