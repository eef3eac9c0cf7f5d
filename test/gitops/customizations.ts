import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { State } from './states.ts';

/** `hack/gitops/argocd/resource_customizations/switchback.dev`, in the layout of Argo CD. */
export const FOLDER = join(import.meta.dirname, '../../hack/gitops/argocd/resource_customizations/switchback.dev');

export interface HealthTest {
  readonly inputPath: string;
  readonly healthStatus: { readonly status: string; readonly message: string };
}
export interface ActionTests {
  readonly discoveryTests?: readonly {
    readonly inputPath: string;
    readonly result: readonly {
      readonly name: string;
      readonly disabled?: boolean;
      readonly [field: string]: unknown;
    }[];
  }[];
  readonly actionTests: readonly {
    readonly action: string;
    readonly inputPath: string;
    readonly expectedOutputPath?: string;
    readonly expectedErrorMessage?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  }[];
}

export const kindsIn = (file: string): readonly string[] =>
  readdirSync(FOLDER).filter((kind) => has(join(FOLDER, kind, file)));

function has(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

export const readYaml = <T>(...path: readonly string[]): T => parse(readFileSync(join(FOLDER, ...path), 'utf8')) as T;

export function writeYaml(value: unknown, ...path: readonly string[]): void {
  const file = join(FOLDER, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stringify(value, { lineWidth: 0, version: '1.1' }));
}

export const fileOf = ({ name }: State): string => `testdata/${name.replaceAll(' ', '_')}.yaml`;

/** What the health checks of a kind are tested with: nothing is left over of states that are no more. */
export function writeStates(kind: string, states: readonly State[], tests: readonly HealthTest[]): void {
  rmSync(join(FOLDER, kind, 'testdata'), { recursive: true, force: true });
  for (const state of states) writeYaml(state.object, kind, fileOf(state));
  writeYaml({ tests }, kind, 'health_test.yaml');
}
