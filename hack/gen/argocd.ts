import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { GROUP } from '../../src/api/common.ts';
import { conditionedKinds } from './conditioned-kinds.ts';
import type { GeneratedFile } from './generated-file.ts';

const ROOT = join(import.meta.dirname, '../..');
const ARGOCD = 'hack/gitops/argocd';
/** In the layout of `resource_customizations` of Argo CD itself. */
const FOLDER = `${ARGOCD}/resource_customizations/${GROUP}`;

/**
 * Actions of an IU group, and what each adds to its request. What is no `request` is hand-written, beside `discovery.lua`.
 */
const REQUESTS: Readonly<Record<string, { readonly type: string; readonly body: readonly string[] }>> = {
  failover: { type: 'Failover', body: ['request = request .. region()'] },
  evacuate: { type: 'Evacuate', body: ['request = request .. region()'] },
  switchback: { type: 'Switchback', body: ['request = request .. region()'] },
  drill: {
    type: 'Drill',
    body: ['request = request .. region() .. staying(param("kind") == "Plan" and "Plan" or "Region")'],
  },
  suspend: {
    type: 'Freeze',
    body: [`request = request .. ',"switchExpiresAt":"' .. at(seconds("seconds", 3600)) .. '"'`],
  },
  resume: { type: 'Resume', body: [] },
  approve: {
    type: 'Approve',
    body: [
      '-- Argo CD does not tell a script who is asking: its own audit log does.',
      `request = request .. ',"by":"argocd"'`,
    ],
  },
  abort: { type: 'Abort', body: [] },
};

/** The Lua of Argo CD: copies of one script for each kind that has conditions, and the ConfigMap that holds all. */
export function renderArgocd(): readonly GeneratedFile[] {
  const health = read(`${ARGOCD}/sources/health.lua`);
  const kinds = conditionedKinds();
  const scripts = [
    ...kinds.map((kind) => ({ path: `${FOLDER}/${kind}/health.lua`, text: health })),
    ...Object.keys(REQUESTS).map((action) => ({
      path: `${FOLDER}/IUGroup/actions/${action}/action.lua`,
      text: requestScript(action),
    })),
  ];
  return [...scripts, configMap(kinds, scripts)];
}

/** Only the helpers that the action uses, so that each script can be read alone. */
function requestScript(action: string): string {
  const { body = [], type = '' } = REQUESTS[action] ?? {};
  const source = read(`${ARGOCD}/sources/request.lua`);
  return dropUnused(source.replace('@BODY@\n', body.map((line) => `${line}\n`).join('')))
    .replaceAll('@TYPE@', type)
    .replaceAll('@ACTION@', action);
}

/** A local function at the top level, with the comment above it. */
const HELPER = /(?:^--.*\n)*^local function (\w+)\([\s\S]*?^end\n/gm;

function dropUnused(source: string): string {
  const next = source.replaceAll(HELPER, (text: string, name: string) =>
    source.split(`${name}(`).length > 2 ? text : '',
  );
  return next === source ? next : dropUnused(next);
}

function configMap(kinds: readonly string[], scripts: readonly GeneratedFile[]): GeneratedFile {
  const textOf = (path: string): string => scripts.find((file) => file.path === path)?.text ?? read(path);
  const data: Record<string, string> = {};
  for (const kind of kinds) {
    data[`resource.customizations.health.${GROUP}_${kind}`] = textOf(`${FOLDER}/${kind}/health.lua`);
    const actions = actionsOf(kind);
    if (actions.length === 0) continue;
    const overrides = {
      'discovery.lua': textOf(`${FOLDER}/${kind}/actions/discovery.lua`),
      definitions: actions.map((name) => ({
        name,
        'action.lua': textOf(`${FOLDER}/${kind}/actions/${name}/action.lua`),
      })),
    };
    data[`resource.customizations.actions.${GROUP}_${kind}`] = stringify(overrides, { lineWidth: 0 });
  }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm', namespace: 'argocd' }, data };
  const note = `# Generated from hack/gitops/argocd by \`npm run gen\`: do not edit.\n# kubectl -n argocd patch configmap argocd-cm --patch-file argocd-cm.yaml`;
  return { path: `${ARGOCD}/argocd-cm.yaml`, text: `${note}\n${stringify(object, { lineWidth: 0 })}` };
}

function actionsOf(kind: string): readonly string[] {
  const requests = kind === 'IUGroup' ? Object.keys(REQUESTS) : [];
  return [...new Set([...requests, ...foldersIn(`${FOLDER}/${kind}/actions`)])]
    .filter((name) => name !== 'testdata')
    .sort();
}

function foldersIn(path: string): readonly string[] {
  try {
    const entries = readdirSync(join(ROOT, path), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
