#!/bin/bash
# The first process of a node: what a machine does when it gets power. It needs NODE_NAME, NODE_IP, ZONE, REGION, POD_CIDR,
# CLUSTER_CIDR, DNS and PEERS ("network=node network=node") in its environment; programs in /opt/node, and in /etc/node
# kubeconfigs, ca.crt and images, all read-only.
set -u
say() { echo "$(date +%T.%N | cut -c1-12) $*"; }

# A privileged container may write /sys, but finds it mounted read-only; volumes of pods have to be seen by runc.
findmnt -rno TARGET | grep -E '^/sys(/|$)' | while read -r target; do mount -o remount,bind,rw "$target" || say "$target stays read-only"; done
mount --make-rshared /
mkdir -p /etc/cni/net.d /etc/containerd /run/containerd /run/settings /var/lib/kubelet /var/log

# Settings of the whole machine that a kubelet wants to have: it is shown files that have them, so the machine keeps its own.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  name="${setting%=*}" file="/run/settings/$(echo "${setting%=*}" | tr / .)"
  echo "${setting#*=}" > "$file"
  mount --bind "$file" "/proc/sys/$name" || say "$name cannot be covered"
done
echo 1 > /proc/sys/net/ipv4/ip_forward
: > /run/resolv.conf
for peer in $PEERS; do ip route replace "${peer%=*}" via "${peer#*=}"; done

cat > /etc/cni/net.d/10-pods.conflist <<J
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "ptp", "ipMasq": false, "ipam": {"type": "host-local", "dataDir": "/run/cni",
    "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "backend": "nftables", "capabilities": {"portMappings": true}}]}
J
cat > /etc/containerd/config.toml <<T
version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  use_local_image_pull = true
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "docker.io/library/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/opt/node/cni"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
T
cat > /run/kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: /etc/node/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: ["$DNS"]
clusterDomain: cluster.local
resolvConf: /run/resolv.conf
failSwapOn: false
oomScoreAdj: 0
nodeStatusUpdateFrequency: 2s
nodeLeaseDurationSeconds: 8
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", memory.available: "0%"}
maxPods: 60
Y

containerd > /var/log/containerd.log 2>&1 &
until ctr version > /dev/null 2>&1; do sleep 0.05; done
say "containerd runs"
# What was imported before a power cut is still there.
if [ ! -e /var/lib/containerd/imported ]; then
  # In this order: an archive may leave out what another one brings.
  while read -r name digest; do
    image="docker.io/library/$name"
    ctr -n k8s.io images import --local --discard-unpacked-layers "/etc/node/images/$name.tar" > /dev/null &&
      ctr -n k8s.io images tag --local "$image:1" "$image@$digest" > /dev/null || say "cannot import $name"
  done < /etc/node/images/digests
  touch /var/lib/containerd/imported
fi
say "images are there"
kube-proxy --kubeconfig=/etc/node/proxy.kubeconfig --hostname-override="$NODE_NAME" --proxy-mode=nftables \
  --cluster-cidr="$CLUSTER_CIDR" --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 \
  --conntrack-tcp-timeout-close-wait=0 --oom-score-adj=0 > /var/log/kube-proxy.log 2>&1 &
while true; do
  kubelet --config=/run/kubelet.yaml --kubeconfig=/etc/node/kubelet.kubeconfig --hostname-override="$NODE_NAME" \
    --node-ip="$NODE_IP" --root-dir=/var/lib/kubelet \
    --node-labels="topology.kubernetes.io/zone=$ZONE,topology.kubernetes.io/region=$REGION" > /var/log/kubelet.log 2>&1
  say "the kubelet has ended with $?"
  tail -n 5 /var/log/kubelet.log
  sleep 1
done
