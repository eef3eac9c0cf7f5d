import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkImportRules, checkSource } from './import-rules.ts';

const refused: readonly (readonly [sentence: string, file: string, text: string, message: string])[] = [
  ['the API knows zod alone', 'src/api/a.ts', `import { x } from '../kube/x.ts';`, 'api may import from api'],
  ['the brain knows no package', 'src/decide/a.ts', `import { z } from 'zod';`, 'decide may import no package'],
  [
    'the brain knows no client',
    'src/decide/a/b.ts',
    `import type { X } from '../../kube/x.ts';`,
    'imports src/kube/x.ts',
  ],
  ['the brain waits for nothing', 'src/decide/a.ts', 'export async function f() {}', 'decide is synchronous'],
  [
    'an edge runs no decision',
    'src/act/a.ts',
    `import { f } from '../decide/f.ts';`,
    'only types from observe, decide',
  ],
  [
    'a mixed import is no import of types',
    'src/act/a.ts',
    `import { f, type T } from '../decide/f.ts';`,
    'only types from observe, decide',
  ],
  ['an edge knows no role', 'src/observe/a.ts', `import type { T } from '../hub/t.ts';`, 'imports src/hub/t.ts'],
  ['a role does not know the other', 'src/hub/a.ts', `import { f } from '../agent/f.ts';`, 'imports src/agent/f.ts'],
  ['nobody knows the composition root', 'src/hub/a.ts', `import '../operator.ts';`, 'imports src/operator.ts'],
  ['main.ts loads no program before it is asked for', 'src/main.ts', `import './operator.ts';`, 'by import()'],
  [
    'the runtime knows Kubernetes not',
    'src/runtime/a.ts',
    `import { f } from '../kube/f.ts';`,
    'imports src/kube/f.ts',
  ],
  [
    'metrics are reported in one place',
    'src/hub/a.ts',
    `import { Counter } from 'prom-client';`,
    'imports prom-client',
  ],
  [
    'OpenTelemetry is known in one place',
    'src/report/traces.ts',
    `import { SpanKind } from '@opentelemetry/api';`,
    'only src/report/otlp.ts may',
  ],
  [
    'who loads that place loads it when it is wanted',
    'src/report/traces.ts',
    `import { createOtlpSink } from './otlp.ts';`,
    'by import() when traces are wanted',
  ],
  ['logs are written in one place', 'src/kube/a.ts', `const p = await import('pino');`, 'imports pino'],
  [
    'an import over lines counts',
    'src/act/a.ts',
    `import {\n  f,\n} from '../decide/f.ts';`,
    'only types from observe, decide',
  ],
  ['an export from elsewhere counts', 'src/api/a.ts', `export * from '../decide/f.ts';`, 'imports src/decide/f.ts'],
  ['time is an argument', 'src/hub/a.ts', 'const now = Date.now();', 'uses Date.now'],
  ['the present is an argument', 'src/report/a.ts', 'const now = new Date();', 'uses new Date()'],
  ['timers come from the clock', 'src/kube/a.ts', 'setTimeout(f, 1);', 'uses setTimeout'],
  ['timers come from no module', 'src/kube/a.ts', `import { x } from 'node:timers/promises';`, 'take a Clock'],
  ['a deadline is a timer', 'src/kube/a.ts', 'f(AbortSignal.timeout(5));', 'uses AbortSignal.timeout'],
  ['chance is an argument', 'src/hub/a.ts', 'const x = Math.random();', 'uses Math.random'],
  ['surroundings are read in operator.ts', 'src/kube/a.ts', 'const home = process.env;', 'uses process'],
];

const accepted: readonly (readonly [sentence: string, file: string, text: string])[] = [
  ['an edge knows the types of decisions', 'src/act/a.ts', `import type { T } from '../decide/t.ts';`],
  ['each name may be a type by itself', 'src/act/a.ts', `import { type T, type U } from '../decide/t.ts';`],
  [
    'a role knows the brain and the edges',
    'src/agent/a.ts',
    `import { f } from '../decide/f.ts';\nimport { g } from '../act/g.ts';`,
  ],
  ['the kernel knows the client library', 'src/kube/a.ts', `await import('@kubernetes/client-node');`],
  ['operator.ts knows everything', 'src/operator.ts', `import 'pino';\nprocess.exit(Date.now());`],
  ['main.ts loads what is asked for', 'src/main.ts', `import process from 'node:process';\nawait import('./a.ts');`],
  ['a comment is no code', 'src/decide/a.ts', `// an async Date.now()\n/* import 'pino' */`],
  ['a union of texts is no import', 'src/api/a.ts', `export type Lane = 'api' | 'control';`],
  ['a text is no code', 'src/decide/a.ts', `const text = 'await process.exit // now';`],
  ['a given time is no present', 'src/api/a.ts', 'const time = new Date(wallMs);'],
  ['the clock makes the clock', 'src/runtime/clock.ts', 'Date.now(); setTimeout(f, 1);'],
];

test.each(refused)('refused: %s', (_, file, text, message) => {
  expect(checkSource(file, text).map((finding) => finding.message)).toEqual([expect.stringContaining(message)]);
});

test.each(accepted)('accepted: %s', (_, file, text) => {
  expect(checkSource(file, text)).toEqual([]);
});

test('the sources keep the rules', () => {
  expect(checkImportRules(join(import.meta.dirname, '..'))).toEqual([]);
});
