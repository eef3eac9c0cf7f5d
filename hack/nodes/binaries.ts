import { join } from 'node:path';
import type { BinarySet } from '../regions/build.ts';

const modules = join(import.meta.dirname, 'modules');
const containerd = 'github.com/containerd/containerd/v2/cmd';
const cni = 'github.com/containernetworking/plugins/plugins';

/** What a real node runs, beside runc and nft, which are programs of the machine; and the name server of its cluster. */
export const NODE_BINARIES: BinarySet = {
  what: 'programs of real nodes',
  cost: 'about 6 minutes on two cores after the control planes, 0.5 GB of modules',
  modules: [
    {
      dir: join(modules, 'kubernetes'),
      packages: { kubelet: 'k8s.io/kubernetes/cmd/kubelet', 'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy' },
    },
    {
      dir: join(modules, 'containerd'),
      packages: {
        containerd: `${containerd}/containerd`,
        'containerd-shim-runc-v2': `${containerd}/containerd-shim-runc-v2`,
        ctr: `${containerd}/ctr`,
      },
    },
    {
      dir: join(modules, 'cni'),
      packages: {
        'cni/ptp': `${cni}/main/ptp`,
        'cni/loopback': `${cni}/main/loopback`,
        'cni/host-local': `${cni}/ipam/host-local`,
        'cni/portmap': `${cni}/meta/portmap`,
      },
    },
    { dir: join(modules, 'coredns'), packages: { coredns: '.' } },
  ],
};
