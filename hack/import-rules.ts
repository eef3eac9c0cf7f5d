import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * Who may know whom: data flows one way, `api → observe → decide → act → report`, and time and chance come in as
 * arguments. The rules are what makes the brain testable and the loops replayable, so they are checked and not only
 * written down. Tests are exempt.
 */
interface LayerRule {
  /** Layers whose values may be imported; a layer may always import from itself. */
  readonly layers: readonly Layer[];
  /** Layers of which only types may be imported. */
  readonly types?: readonly Layer[];
  /** Packages; `node:` allows every module of Node. */
  readonly packages?: readonly string[];
}

const LAYERS = ['api', 'decide', 'runtime', 'kube', 'observe', 'act', 'report', 'hub', 'agent', 'gate', 'cli'] as const;
type Layer = (typeof LAYERS)[number];

const edge = { layers: ['api', 'kube', 'runtime'], types: ['decide'], packages: ['node:'] } as const;
/** What comes after the decision also knows the shape of what was observed. */
const lateEdge = { ...edge, types: ['observe', 'decide'] } as const;
const role = ['api', 'decide', 'runtime', 'kube', 'observe', 'act', 'report'] as const;

const RULES: Readonly<Record<Layer, LayerRule>> = {
  api: { layers: [], packages: ['zod'] },
  decide: { layers: ['api'] },
  runtime: { layers: [], packages: ['node:'] },
  kube: { layers: ['runtime'], packages: ['node:', '@kubernetes/client-node', 'undici', 'js-yaml'] },
  observe: edge,
  act: lateEdge,
  report: { ...lateEdge, packages: ['node:', 'prom-client', 'pino', '@opentelemetry'] },
  hub: { layers: role, packages: ['node:'] },
  agent: { layers: role, packages: ['node:'] },
  // What a person could do with kubectl: it reads and writes objects, and asks the brain nothing that moves anything.
  cli: { layers: ['api', 'decide', 'kube', 'runtime'], packages: ['node:', 'commander', 'js-yaml'] },
  // It stands in every write-bearing container, so it loads next to nothing.
  gate: { layers: ['runtime'], types: ['agent', 'report'], packages: ['node:'] },
};

/** Sources of time, chance and surroundings. Also as modules: importing them would be a way around. */
const AMBIENT: readonly (readonly [name: string, expression: RegExp])[] = [
  ['Date.now', /\bDate\.now\b/],
  ['new Date()', /\bnew Date\(\s*\)/],
  ['setTimeout', /\bsetTimeout\b/],
  ['setInterval', /\bsetInterval\b/],
  ['setImmediate', /\bsetImmediate\b/],
  ['AbortSignal.timeout', /\bAbortSignal\.timeout\b/],
  ['Math.random', /\bMath\.random\b/],
  ['randomUUID', /\brandomUUID\b/],
  ['performance.now', /\bperformance\.now\b/],
  ['process', /\bprocess\./],
];
const AMBIENT_MODULES: ReadonlySet<string> = new Set(['node:timers', 'node:timers/promises', 'node:process']);

/** Of all programs, the gate too, which stands in every write-bearing container. */
const ENTRY_POINT = 'src/main.ts';

/** The only file that knows OpenTelemetry. Who imports it loads that, wanted or not. */
const TRACES = 'src/report/otlp.ts';

/** Files that turn the surroundings into arguments, and what they may use. */
const EXEMPT: Readonly<Record<string, readonly string[]>> = {
  'src/runtime/clock.ts': ['Date.now', 'setTimeout', 'performance.now'],
  'src/runtime/random.ts': ['Math.random', 'randomUUID'],
  // Gives other work a turn between slices of a long answer: no time passes that anybody counts.
  'src/kube/exchange.ts': ['setImmediate', 'node:timers'],
  // The composition root of the gate.
  'src/gate/main.ts': ['process', 'setInterval', 'node:process', 'node:timers'],
  'src/gate/command.ts': ['node:process'],
  // What a plugin has started is ended with it.
  'src/kube/run-plugin.ts': ['node:process'],
  'src/kube/event-stream.ts': ['setImmediate', 'node:timers'],
};

export interface Finding {
  /** From the root of the repository. */
  readonly file: string;
  readonly message: string;
}

/** Checks every source file under `src`. @param root folder of the repository */
export function checkImportRules(root: string): readonly Finding[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => posix.join('src', path.replaceAll('\\', '/')))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .sort()
    .flatMap((file) => checkSource(file, readFileSync(join(root, file), 'utf8')));
}

/** Checks one source text. What stands beside the layers (`src/operator.ts`, the composition root) may do everything. */
export function checkSource(file: string, text: string): readonly Finding[] {
  const code = withoutComments(text);
  if (file === ENTRY_POINT) return checkEntryPoint(code).map((message) => ({ file, message }));
  const layer = layerOf(file);
  if (layer === undefined) return [];
  const messages = [
    ...importsOf(code).flatMap((one) => checkImport(file, layer, one)),
    ...checkAmbient(file, withoutStrings(code)),
    ...(layer === 'decide' ? checkSynchronous(withoutStrings(code)) : []),
  ];
  return messages.map((message) => ({ file, message }));
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Whatever program it is started as, only that one is loaded. */
function checkEntryPoint(code: string): readonly string[] {
  return fixedImportsOf(code)
    .filter(({ specifier }) => !isOfPackage(specifier, 'node:'))
    .map(
      ({ specifier }) => `imports ${specifier}: load it when it is asked for, by import(), or the gate loads it too`,
    );
}

function checkImport(file: string, layer: Layer, { specifier, typeOnly }: Import): readonly string[] {
  const rule = RULES[layer];
  if (isOfPackage(specifier, '@opentelemetry') && file !== TRACES) {
    return [`imports ${specifier}: only ${TRACES} may, which is loaded when traces are wanted`];
  }
  if (specifier.startsWith('.')) return checkRelative(file, layer, { specifier, typeOnly });
  if (AMBIENT_MODULES.has(specifier) && !EXEMPT[file]?.includes(specifier)) {
    return [`imports ${specifier}: time is an argument, take a Clock`];
  }
  const allowed = rule.packages?.some((name) => isOfPackage(specifier, name));
  return allowed ? [] : [`imports ${specifier}: ${layer} may import ${rule.packages?.join(', ') ?? 'no package'}`];
}

function isOfPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(name === 'node:' ? name : `${name}/`);
}

function checkRelative(file: string, layer: Layer, { specifier, typeOnly }: Import): readonly string[] {
  const path = posix.join(posix.dirname(file), specifier);
  if (path === TRACES && !typeOnly) return [`imports ${path}: operator.ts loads it by import() when traces are wanted`];
  const target = layerOf(path);
  if (target === layer) return [];
  const { layers, types = [] } = RULES[layer];
  if (target && (layers.includes(target) || (typeOnly && types.includes(target)))) return [];
  const onlyTypes = types.length > 0 ? `, and only types from ${types.join(', ')}` : '';
  return [`imports ${path}: ${layer} may import from ${[layer, ...layers].join(', ')}${onlyTypes}`];
}

function checkAmbient(file: string, code: string): readonly string[] {
  return AMBIENT.filter(([name, expression]) => expression.test(code) && !EXEMPT[file]?.includes(name)).map(
    ([name]) => `uses ${name}: time, chance and surroundings are arguments (runtime/clock.ts, runtime/random.ts)`,
  );
}

function checkSynchronous(code: string): readonly string[] {
  return ['async', 'await', 'Promise']
    .filter((word) => new RegExp(`\\b${word}\\b`).test(code))
    .map((word) => `says ${word}: decide is synchronous`);
}

function layerOf(path: string): Layer | undefined {
  const [root, name] = path.split('/');
  return root === 'src' ? LAYERS.find((layer) => layer === name) : undefined;
}

/** `import 'a'`, `import x, { y } from 'a'`, `import * as x from 'a'`, `export { y } from 'a'`, each also over lines. */
const IMPORT =
  /^\s*(?:import|export)\s+(?:(?<what>(?:type\s+)?(?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*(?:\s+as\s+[\w$]+)?|[\w$]+))\s*from\s*)?['"](?<specifier>[^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*['"](?<specifier>[^'"]+)['"]/g;

function fixedImportsOf(code: string): readonly Import[] {
  return [...code.matchAll(IMPORT)].map(({ groups = {} }) => ({
    specifier: groups['specifier'] ?? '',
    typeOnly: isTypeOnly(groups['what'] ?? ''),
  }));
}

function importsOf(code: string): readonly Import[] {
  const dynamic = [...code.matchAll(DYNAMIC_IMPORT)].map(({ groups = {} }) => ({
    specifier: groups['specifier'] ?? '',
    typeOnly: false,
  }));
  return [...fixedImportsOf(code), ...dynamic];
}

/** `type { A }`, or `{ type A, type B }`. */
function isTypeOnly(what: string): boolean {
  if (/^type\s/.test(what)) return true;
  const names = /^\{(?<names>[^}]*)\}\s*$/.exec(what)?.groups?.['names'];
  if (names === undefined) return false;
  return names.split(',').every((name) => name.trim() === '' || /^\s*type\s/.test(name));
}

/** Strings are matched too, only to be kept: two slashes in one begin no comment. */
function withoutComments(text: string): string {
  return text.replaceAll(/(?<kept>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")|\/\/.*|\/\*[\s\S]*?\*\//g, '$<kept>');
}

/** Template literals stay: there may be code in them. */
function withoutStrings(code: string): string {
  return code.replaceAll(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''");
}
