import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureGlua } from '../../hack/gitops/glua.ts';
import { isChange } from '../../src/api/annotated-request.ts';
import { iuGroup } from '../../src/api/iu-group.ts';
import { ANNOTATIONS } from '../../src/api/labels.ts';
import { regionSwitch } from '../../src/api/region-switch.ts';
import { readRequest } from '../../src/decide/switch-request.ts';
import { type ActionTests, FOLDER, kindsIn, readYaml, writeYaml } from './customizations.ts';
import { runLua } from './lua.ts';

/** Runs `action_test.yaml` as Argo CD does, and holds what comes out against the API of the operator. */
const isUpdate = process.env['UPDATE_GITOPS'] === '1';
const glua = await ensureGlua();
if (!glua)
  console.log('Go is not there, so the actions of Argo CD are not run: install Go 1.26 or newer (https://go.dev/dl)');

const NOW = Date.parse('2026-03-01T14:15:03Z');
interface Output {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

describe.skipIf(!glua).each(kindsIn('actions/action_test.yaml'))('%s', (kind) => {
  const { actionTests, discoveryTests = [] } = readYaml<ActionTests>(kind, 'actions/action_test.yaml');
  const run = (script: string, inputPath: string, params?: Readonly<Record<string, string>>) =>
    runLua(glua ?? '', {
      script: join(FOLDER, kind, 'actions', script),
      object: readYaml(kind, 'actions', inputPath),
      now: NOW / 1000,
      ...(params && { params }),
    });

  it.each(discoveryTests)('offers the actions of $inputPath', ({ inputPath, result }) => {
    const offered = run('discovery.lua', inputPath) as Readonly<Record<string, { readonly disabled: boolean }>>;
    const shown = Object.entries(offered).map(([name, { disabled }]) => ({ name, disabled }));
    const byName = (x: { name: string }, y: { name: string }): number => (x.name < y.name ? -1 : 1);
    expect(shown.sort(byName)).toEqual(result.toSorted(byName));
    for (const { name } of shown) expect(existsSync(join(FOLDER, kind, 'actions', name, 'action.lua'))).toBe(true);
  });

  it.each(actionTests)('$action of $inputPath', ({ action, expectedErrorMessage, expectedOutputPath, ...test }) => {
    const act = () => run(`${action}/action.lua`, test.inputPath, test.parameters) as Output;
    if (expectedErrorMessage !== undefined) return expect(act).toThrow(expectedErrorMessage);
    const output = act();
    const file = expectedOutputPath ?? '';
    if (isUpdate) writeYaml(output, kind, 'actions', file);
    expect(output).toEqual(readYaml(kind, 'actions', file));
    const before = readYaml<Output>(kind, 'actions', test.inputPath);
    if (kind === 'RegionSwitch')
      return expect(regionSwitch.spec.safeParse(output.spec)).toMatchObject({ success: true });
    // Nothing in Git: the spec is as it was, and the operator understands what was asked for.
    expect(output.spec).toEqual(before.spec);
    const answer = askedBy(output);
    expect(answer.kind).toMatch(/^(Make|Change)$/);
    if ('request' in answer && !isChange(answer.request)) expect(answer.request.reason).not.toBe('');
  });
});

const askedBy = ({ metadata: { annotations = {} }, spec }: Output) =>
  readRequest({
    group: 'americas',
    text: annotations[ANNOTATIONS.request],
    reason: annotations[ANNOTATIONS.requestReason],
    done: [],
    regions: iuGroup.spec.parse(spec).infrastructureUnits.map(({ region }) => region),
    now: NOW,
  });

describe.skipIf(!glua)('a request', () => {
  const object = readYaml('IUGroup', 'testdata/well.yaml');
  const script = join(FOLDER, 'IUGroup/actions/evacuate/action.lua');
  const request = (timeZone: string, now?: number) => {
    const params = { region: 'east', reason: 'x","type":"Abort' };
    const output = runLua(glua ?? '', {
      script,
      object,
      params,
      timeZone,
      ...(now === undefined ? {} : { now }),
    }) as Output;
    return { output, request: JSON.parse(output.metadata.annotations?.[ANNOTATIONS.request] ?? '') };
  };

  it.each(['UTC', 'Asia/Kolkata', 'America/Los_Angeles'])(
    'expires a quarter of an hour later by UTC, in %s',
    (zone) => {
      const left = Date.parse(request(zone).request.expiresAt) - Date.now();
      expect(Math.abs(left - 900_000)).toBeLessThan(60_000);
    },
  );

  it('has a reason that nothing can be smuggled in with', () => {
    expect(askedBy(request('UTC', NOW / 1000).output)).toMatchObject({
      kind: 'Make',
      request: { type: 'Evacuate', region: 'east', reason: 'x","type":"Abort' },
    });
  });
});
