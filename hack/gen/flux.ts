import { stringify } from 'yaml';
import { API_VERSION } from '../../src/api/common.ts';
import { conditionedKinds } from './conditioned-kinds.ts';
import type { GeneratedFile } from './generated-file.ts';

const isTrue = (type: string): string =>
  `has(status.conditions) && status.conditions.exists(c, c.type == '${type}' && c.status == 'True')`;

/** In the order in which Flux asks them. `observedGeneration` is -1 before anybody has looked, so it is always there. */
const EXPRESSIONS = {
  inProgress: `status.observedGeneration != metadata.generation || (${isTrue('Reconciling')})`,
  failed: isTrue('Stalled'),
  current: isTrue('Ready'),
};

/** `spec.healthCheckExprs` of a Flux Kustomization, for each kind that has conditions. */
export function renderFlux(): readonly GeneratedFile[] {
  const note =
    '# Generated from hack/gen/flux.ts by `npm run gen`: do not edit.\n# Part of spec of a Flux Kustomization. What kstatus makes of the conditions is the same: docs/gitops.md.\n';
  const healthCheckExprs = conditionedKinds().map((kind) => ({ apiVersion: API_VERSION, kind, ...EXPRESSIONS }));
  return [
    {
      path: 'hack/gitops/flux/health-check-exprs.yaml',
      text: `${note}${stringify({ healthCheckExprs }, { lineWidth: 0 })}`,
    },
  ];
}
