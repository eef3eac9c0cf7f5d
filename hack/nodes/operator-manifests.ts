import { SYSTEM_NAMESPACE } from '../../src/api/common.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { ROLE_NAMES } from '../rbac/objects.ts';

const RIGHTS_PORT = 8443;
const RIGHTS_SERVICE = 'switchback-agent-rights';
/** The name in the certificates of the rights servers. */
export const RIGHTS_HOST = `${RIGHTS_SERVICE}.${SYSTEM_NAMESPACE}.svc`;

/** With what belongs to its kind. */
export const objectOf = (
  apiVersion: string,
  kind: string,
  metadata: KubeObject['metadata'],
  more: object = {},
): KubeObject => ({ apiVersion, kind, metadata, ...more });

const labelsOf = (role: string) => ({ 'app.kubernetes.io/name': 'switchback', 'app.kubernetes.io/component': role });

/** Headless, as `templates/services.yaml` has it: a gate asks every agent of the region. */
export function rightsService(): KubeObject {
  const ports = [{ name: 'rights', port: RIGHTS_PORT, targetPort: 'rights' }];
  const spec = { clusterIP: 'None', publishNotReadyAddresses: true, selector: labelsOf('agent'), ports };
  const metadata = { name: RIGHTS_SERVICE, namespace: SYSTEM_NAMESPACE };
  return objectOf('v1', 'Service', metadata, { spec });
}

/** Of the agents of a region, with every switch on that gates need. @param image holds the gate */
export function agentSettings(region: string, image: string): Readonly<Record<string, string>> {
  const rights = '/etc/switchback/rights';
  return {
    SWITCHBACK_REGION: region,
    SWITCHBACK_PEERS_DIR: '/etc/switchback/peers',
    SWITCHBACK_RIGHTS_PORT: `${RIGHTS_PORT}`,
    SWITCHBACK_RIGHTS_CERT: `${rights}/tls.crt`,
    SWITCHBACK_RIGHTS_KEY: `${rights}/tls.key`,
    SWITCHBACK_RIGHTS_CA: `${rights}/ca.crt`,
    SWITCHBACK_GATE_IMAGE: image,
    SWITCHBACK_GATE_AGENTS: `https://${RIGHTS_HOST}:${RIGHTS_PORT}`,
    SWITCHBACK_GATE_DELIVERY: 'ImageVolume',
  };
}

/** As `templates/deployment.yaml` of the chart has it. */
export function deployment(
  role: 'hub' | 'agent',
  image: string,
  settings: Readonly<Record<string, string>>,
  replicas: number,
): KubeObject {
  const labels = labelsOf(role);
  const isAgent = role === 'agent';
  const secrets = isAgent ? ['peers', 'rights'] : [];
  const probe = (path: string) => ({ httpGet: { path, port: 'http' } });
  const env = Object.entries({ SWITCHBACK_PORT: '8080', ...settings }).map(([name, value]) => ({ name, value }));
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    nodeTaintsPolicy: 'Honor',
    matchLabelKeys: ['pod-template-hash'],
    labelSelector: { matchLabels: labels },
  });
  const container = {
    name: 'switchback',
    image,
    args: [role],
    env,
    ports: [
      { name: 'http', containerPort: 8080 },
      ...(isAgent ? [{ name: 'rights', containerPort: RIGHTS_PORT }] : []),
    ],
    startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 3 },
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: secrets.map((name) => ({ name, mountPath: `/etc/switchback/${name}`, readOnly: true })),
  };
  const pod = {
    serviceAccountName: ROLE_NAMES[role],
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 15,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(spread),
    containers: [container],
    volumes: secrets.map((name) => ({ name, secret: { secretName: `switchback-${name}`, defaultMode: 0o440 } })),
  };
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
  const spec = { replicas, strategy, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } };
  const metadata = { name: ROLE_NAMES[role], namespace: SYSTEM_NAMESPACE, labels };
  return objectOf('apps/v1', 'Deployment', metadata, { spec });
}
