import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { servingCertificate } from '../regions/control-plane.ts';
import { type ClusterAddresses, MACHINE } from './addresses.ts';
import { Authority } from './certificates.ts';

/** What an API server needs beside the rest when its nodes are real: they, and their pods, reach it through the network. */
export function apiServerFlags(dir: string, { services }: ClusterAddresses): readonly string[] {
  const pki = (file: string): string => join(dir, 'pki', file);
  return [
    '--bind-address=0.0.0.0',
    `--advertise-address=${MACHINE}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
    `--kubelet-client-key=${pki('kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--authorization-mode=Node,RBAC',
    `--service-cluster-ip-range=${services}`,
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    '--allow-privileged=true',
  ];
}

/** The certificates of a cluster. @returns its authority: what clients, nodes and pods trust, PEM */
export function writeCertificates(dir: string, { firstService }: ClusterAddresses): string {
  const authority = new Authority(join(dir, 'pki'));
  const hosts = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost'].map(
    (name) => `DNS:${name}`,
  );
  const addresses = ['127.0.0.1', MACHINE, firstService].map((address) => `IP:${address}`);
  const serving = authority.issue('apiserver', '/CN=kube-apiserver', 'serverAuth', [...hosts, ...addresses].join(','));
  // With its authority: the controller manager hands this file to pods.
  writeFileSync(servingCertificate(dir), `${serving.cert}${authority.ca}`);
  authority.issue('kubelet-client', '/O=system:masters/CN=kube-apiserver', 'clientAuth');
  return authority.ca;
}

/** CoreDNS on the gateway of the cluster, where its nodes and pods ask. */
export function corefile(kubeconfig: string, { gateway }: ClusterAddresses): string {
  return `.:53 {
  bind ${gateway}
  errors
  cache 2
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    ttl 2
  }
}
`;
}
