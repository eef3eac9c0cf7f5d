import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { KINDS } from '../../src/api/kinds.ts';
import { type Manifest, readManifests } from '../integration/support/cases.ts';
import { objectOf } from '../support/json.ts';

/** The example repository fits together, and asks for nothing that is not needed. */
const ROOT = join(import.meta.dirname, '../..');
const REPOSITORY = join(ROOT, 'hack/gitops/repository');
const manifests = readManifests(REPOSITORY);
const ofKind = (kind: string): readonly Manifest[] => manifests.filter((manifest) => manifest.kind === kind);
const annotationsOf = ({ metadata }: Manifest) => objectOf(metadata['annotations']);
const waveOf = (manifest: Manifest): number => Number(annotationsOf(manifest)['argocd.argoproj.io/sync-wave']);
const ours = manifests.filter(({ apiVersion }) => apiVersion.startsWith('switchback.dev/'));

interface Source {
  readonly repoURL: string;
  readonly path: string;
}
const specOf = <T>({ spec }: Manifest): T => spec as T;
/** In this repository, or in the one that the example is. */
const folderOf = ({ path, repoURL }: Source): string =>
  join(repoURL.endsWith('/switchback.git') ? ROOT : REPOSITORY, path);

describe('the example repository', () => {
  it.each(ours.map((object): [string, Manifest] => [`${object.kind} ${object.metadata.name}`, object]))(
    '%s is as its schema says, with a wave and no status',
    (_, object) => {
      const kind = KINDS.find((known) => known.kind === object.kind);
      expect(kind?.spec.safeParse(object.spec).error).toBeUndefined();
      expect(object).not.toHaveProperty('status');
      expect(waveOf(object)).toBeGreaterThan(0);
    },
  );

  it('takes away no group and no tenant without a yes', () => {
    const kept = [...ofKind('IUGroup'), ...ofKind('Tenant')];
    expect(kept.length).toBeGreaterThan(2);
    for (const object of kept)
      expect(annotationsOf(object)['argocd.argoproj.io/sync-options']).toBe('Prune=confirm,Delete=confirm');
  });

  it('has no switch that a hub which is built anew would carry out again', () => {
    const switches = ofKind('RegionSwitch');
    expect(switches).not.toEqual([]);
    for (const each of switches) expect(each.spec).toHaveProperty('expiresAt');
  });

  it('leads to folders that are there', () => {
    const sources = ofKind('Application').map((app) => specOf<{ source: Source }>(app).source);
    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources) {
      // The chart is checked where it is made.
      if (source.path !== 'charts/switchback') expect(existsSync(folderOf(source)), source.path).toBe(true);
    }
    expect(readManifests(join(REPOSITORY, 'tenants')).map(({ metadata }) => metadata.namespace)).toEqual([
      'acme',
      'crown',
    ]);
  });

  it('comes in waves: definitions, operator, classes, groups, tenants, switches', () => {
    const apps = readManifests(join(REPOSITORY, 'hub')).map((app) => [app.metadata.name, waveOf(app)]);
    expect(apps).toEqual([
      ['switchback-crds', -1],
      ['switchback-hub', 0],
      ['switchback-regions', 0],
      ['switchback-catalogue', 1],
      ['switchback-groups', 2],
      ['switchback-tenants', 3],
      ['switchback-switches', 4],
    ]);
  });

  it('comes in the same order with Flux, which waits for each step', () => {
    const steps = ofKind('Kustomization').map((step) => {
      const {
        dependsOn = [],
        path,
        sourceRef,
        wait,
      } = specOf<{
        dependsOn?: readonly { name: string }[];
        path: string;
        sourceRef: { name: string };
        wait: boolean;
      }>(step);
      expect(existsSync(folderOf({ path, repoURL: `/${sourceRef.name}.git` })), path).toBe(true);
      expect(wait).toBe(true);
      return [step.metadata.name, ...dependsOn.map(({ name }) => name)].map((name) => name.replace('switchback-', ''));
    });
    expect(steps.map(([name, after]) => `${after ?? ''}>${name}`)).toEqual([
      '>crds',
      'crds>operator',
      'operator>catalogue',
      'catalogue>groups',
      'groups>tenants',
      'tenants>switches',
    ]);
  });

  it('ignores no difference: the operator writes nothing that Git owns', () => {
    for (const { file, text } of files()) expect(text, file).not.toMatch(/ignoreDifferences:/);
  });
});

function files(): { file: string; text: string }[] {
  const names = ['hub/4-groups.yaml', 'hub/5-tenants.yaml', 'hub/6-switches.yaml', 'hub/3-catalogue.yaml'];
  return names.map((file) => ({ file, text: readFileSync(join(REPOSITORY, file), 'utf8') }));
}

describe('argocd-cm', () => {
  const { data } = parse(readFileSync(join(ROOT, 'hack/gitops/argocd/argocd-cm.yaml'), 'utf8'));

  it('has a check for each kind that has conditions, and the actions of two', () => {
    const keys = Object.keys(data).map((key) =>
      key.replace('resource.customizations.', '').replace('switchback.dev_', ''),
    );
    expect(keys.filter((key) => key.startsWith('health'))).toHaveLength(7);
    expect(keys.filter((key) => key.startsWith('actions'))).toEqual(['actions.IUGroup', 'actions.RegionSwitch']);
    const actions = parse(data['resource.customizations.actions.switchback.dev_IUGroup']);
    const names = actions.definitions.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['abort', 'approve', 'drill', 'evacuate', 'failover', 'resume', 'suspend', 'switchback']);
    expect(actions.definitions[0]['action.lua']).toContain('"type":"Abort"');
  });
});
