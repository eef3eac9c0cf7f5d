import { stringify } from 'yaml';
import type { KindDefinition, PrinterColumn } from '../../src/api/definition.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { GeneratedFile } from './generated-file.ts';
import { lintSchema } from './schema-lint.ts';
import { type StructuralSchema, structuralSchema } from './structural-schema.ts';

/** `kubectl get switchback` lists all kinds. */
const CATEGORY = 'switchback';
const GENERATOR = 'hack/gen/crds.ts';
const HEADER = '# Generated from src/api by `npm run gen`: do not edit.\n';

/** The types and fields that every Kubernetes object has; the server fills in the rest. */
const ROOT_PROPERTIES = {
  apiVersion: {
    type: 'string',
    description: 'Version of the schema of this object, for example `switchback.dev/v1alpha1`.',
  },
  kind: { type: 'string', description: 'The kind of this object.' },
  metadata: { type: 'object' },
} as const satisfies Record<string, StructuralSchema>;

/** The CRD of every kind as a file `crds/switchback.dev_<plural>.yaml`. @throws when a schema is not fit for a CRD */
export function renderCrds(kinds: readonly KindDefinition[] = KINDS): readonly GeneratedFile[] {
  return kinds.map((kind) => ({
    path: `crds/${kind.group}_${kind.plural}.yaml`,
    text: HEADER + stringify(customResourceDefinition(kind), { lineWidth: 120, aliasDuplicateObjects: false }),
  }));
}

/** The schema of a whole object of the kind. @throws with every finding of the lint */
export function rootSchema(kind: KindDefinition): StructuralSchema {
  const spec = structuralSchema(kind.spec, 'spec');
  const status = kind.status && withoutHints(structuralSchema(kind.status, 'status'));
  const findings = [...lintSchema(spec, 'spec'), ...(status ? lintSchema(status, 'status') : [])];
  if (findings.length > 0) throw new Error(`${kind.kind} is not fit for a CRD:\n  ${findings.join('\n  ')}`);
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      ...ROOT_PROPERTIES,
      spec: { description: 'What is wanted.', ...spec },
      ...(status ? { status: { description: 'What is observed.', default: notObserved(status), ...status } } : {}),
    },
    ...(kind.rules ? { 'x-kubernetes-validations': kind.rules } : {}),
  };
}

/**
 * Without the rules that say in words what `pattern` says beside them: no person writes a status, and the server would
 * evaluate one for each name in it at each write.
 */
function withoutHints(schema: StructuralSchema): StructuralSchema {
  const { 'x-kubernetes-validations': rules, ...bare } = schema;
  const { additionalProperties, items, pattern, properties } = schema;
  const isHint = rules?.every(({ rule }) => rule === `self.matches(r'${pattern}')`);
  const children = Object.entries(properties ?? {}).map(([name, child]) => [name, withoutHints(child)] as const);
  return {
    ...(isHint ? bare : schema),
    ...(items ? { items: withoutHints(items) } : {}),
    ...(properties ? { properties: Object.fromEntries(children) } : {}),
    ...(additionalProperties ? { additionalProperties: withoutHints(additionalProperties) } : {}),
  };
}

/** A new object must not read as finished before anybody has looked at it (kstatus). */
function notObserved(status: StructuralSchema): unknown {
  return { observedGeneration: status.properties?.['observedGeneration']?.default ?? -1 };
}

function customResourceDefinition(kind: KindDefinition) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.plural}.${kind.group}`,
      annotations: { 'switchback.dev/generated-by': GENERATOR },
      labels: {
        'app.kubernetes.io/name': 'switchback',
        'app.kubernetes.io/part-of': 'switchback',
        'switchback.dev/lives-in': kind.livesIn,
      },
    },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: [CATEGORY],
      },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns.map(printerColumn),
          schema: { openAPIV3Schema: rootSchema(kind) },
          ...(kind.status ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}

/** A priority of 0 is the server's default: stating it would read as a difference to tools that compare. */
function printerColumn({ name, type, jsonPath, description, priority }: PrinterColumn) {
  return { name, type, jsonPath, description, ...(priority ? { priority } : {}) };
}
