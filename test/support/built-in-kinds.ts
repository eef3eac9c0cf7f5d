import {
  CONFIG_MAP,
  DEPLOYMENT,
  ENDPOINT_SLICE,
  EVENT,
  JOB,
  LEASE,
  NAMESPACE,
  NODE,
  POD,
  POD_DISRUPTION_BUDGET,
  REPLICA_SET,
  SECRET,
  SERVICE,
  STATEFUL_SET,
} from '../../src/kube/kinds.ts';
import type { FakeApiServer } from './fake-api-server.ts';

/** Serves the kinds of Kubernetes itself that Switchback touches, with the traits that the real server gives them. */
export function serveBuiltInKinds(server: FakeApiServer): void {
  for (const resource of [DEPLOYMENT, REPLICA_SET, STATEFUL_SET, SERVICE, POD, JOB, NODE, NAMESPACE])
    server.serve(resource);
  server.serve(POD_DISRUPTION_BUDGET, { versionRequired: true });
  for (const resource of [CONFIG_MAP, SECRET, ENDPOINT_SLICE]) server.serve(resource, { statusSubresource: false });
  for (const resource of [LEASE, EVENT]) server.serve(resource, { statusSubresource: false, versionRequired: true });
}
