import type { StructuralSchema } from '../../../hack/gen/structural-schema.ts';

/** The messages of all CEL rules in a schema, at any depth. */
export function ruleMessages(schema: StructuralSchema): ReadonlySet<string> {
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.additionalProperties ? [schema.additionalProperties] : []),
  ];
  return new Set([
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => message),
    ...children.flatMap((child) => [...ruleMessages(child)]),
  ]);
}
