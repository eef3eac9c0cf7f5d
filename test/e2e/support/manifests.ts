import { API_VERSION } from '../../../src/api/common.ts';
import { LABELS } from '../../../src/api/labels.ts';
import type { Service } from '../../../src/kube/kinds.ts';
import { EAST, type GroupOptions, iuGroup, type Manifest, tenant, WEST } from '../../integration/support/samples.ts';

/**
 * What the callers call. `ledger` takes writes, is active in one region and has gates; `notes` is the same without gates,
 * and with a disk that refuses nothing: it is there to see what is found then. `desk` takes no writes and answers in all regions.
 */
export const LEDGER = 'ledger';
export const NOTES = 'notes';
export const DESK = 'desk';
export const WRITERS = [LEDGER, NOTES] as const;
export const CLASSES = [...WRITERS, DESK] as const;
/** Ports of every node at which callers from outside get in. */
export const PORTS = { [LEDGER]: 30_080, [DESK]: 30_081, [NOTES]: 30_082 } as const;

/** Kubernetes waits so long before it gives pods of a lost node up, and starts others. */
const NODE_LOST_SECONDS = 5;

function component(image: string, name: string, pattern: 'A' | 'A-A') {
  const tolerations = ['not-ready', 'unreachable'].map((what) => ({
    key: `node.kubernetes.io/${what}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: NODE_LOST_SECONDS,
  }));
  const container = {
    name: 'store',
    image,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      { name: 'STORE_FENCING', value: name === LEDGER ? 'token' : 'none' },
    ],
    volumeMounts: [{ name: 'disk', mountPath: '/shared' }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    command: ['/bin/node', '/app/store.ts', ...(name === DESK ? [] : [name])],
  };
  return {
    name: 'store',
    pattern,
    template: {
      image,
      command: container.command,
      ports: [{ name: 'http', port: 8080 }],
      terminationGracePeriodSeconds: 1,
      overrides: {
        containers: [container],
        tolerations,
        volumes: [{ name: 'disk', hostPath: { path: '/shared' } }],
      },
    },
  };
}

const serviceClass = (name: string, spec: Readonly<Record<string, unknown>>): Manifest => ({
  apiVersion: API_VERSION,
  kind: 'ServiceClass',
  metadata: { name },
  spec: { displayName: name, functionality: 'CallRouting', ...spec },
});

export function manifests(image: string, group: Partial<GroupOptions>): readonly Manifest[] {
  return [
    iuGroup({ regions: [EAST, WEST], ...group }),
    ...WRITERS.map((name) =>
      serviceClass(name, {
        fencing: name === LEDGER ? 'Gate' : 'Agent',
        crossRegion: { mode: 'Backup', fromTier: 'CrossRegionVoice' },
        components: [component(image, name, 'A')],
      }),
    ),
    serviceClass(DESK, {
      crossRegion: { mode: 'Active', fromTier: 'AdvancedIvr' },
      components: [component(image, DESK, 'A-A')],
    }),
    tenant('acme'),
  ];
}

/**
 * The way in from outside, as a platform has it: it leads to every pod of the class that is ready, and knows nothing of the
 * operator, which takes its own Services off when it fences. So a pod that should not run is found.
 */
export function entrance(name: keyof typeof PORTS, namespace: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-outside`, namespace },
    spec: {
      type: 'NodePort',
      selector: { [LABELS.serviceClass]: name },
      ports: [{ name: 'http', port: 8080, targetPort: 8080, nodePort: PORTS[name] }],
    },
  };
}
