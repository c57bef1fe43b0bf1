"""Configuration of the daemons, as values with their reasons; nothing is written here."""

import json
from typing import Any

from testbed import net
from testbed.images import PAUSE
from testbed.paths import Paths
from testbed.toolchain import KUBERNETES_VERSION

READERS = "testbed:readers"
PAUSE_IMAGE = f"{net.REGISTRY}/{PAUSE}"


def files(paths: Paths, mtu: int) -> dict[str, str]:
    """Return every configuration file: its name below `etc` and its text.

    Args:
        paths: the platform's folders.
        mtu: what a packet to the outside may measure.
    """
    objects = {
        "cni/testbed.conflist": cni(mtu),
        "docker.json": docker(paths, mtu),
        "kube-proxy.json": kube_proxy(paths),
        "kubelet.json": kubelet(paths),
        "prometheus.json": prometheus(),
        "registry.json": registry(paths),
    }
    texts = {"Corefile": corefile(paths), "containerd.toml": containerd(paths)}
    return texts | {name: json.dumps(value, indent=1) for name, value in objects.items()}


def containerd(paths: Paths) -> str:
    """One containerd serves the kubelet and dockerd."""
    return f"""\
version = 2
root = "{paths.data}/containerd"
state = "/run/containerd"

[grpc]
address = "{paths.containerd_socket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
# Without CAP_SYS_RESOURCE nobody can set a negative score, and without this line no pod starts.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{paths.etc}/cni"

[plugins."io.containerd.internal.v1.opt"]
path = "{paths.data}/containerd-opt"
"""


def cni(mtu: int) -> dict[str, Any]:
    """One bridge, no host ports. Masquerading is in our own nft table: one delete removes it."""
    return {
        "cniVersion": "0.4.0",
        "name": "testbed",
        "plugins": [
            {
                "type": "bridge",
                "bridge": net.POD_BRIDGE,
                "isGateway": True,
                "hairpinMode": True,
                "mtu": mtu,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": net.POD_CIDR}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
        ],
    }


def nft_table() -> str:
    """Lets pods and builds reach the outside through this machine."""
    return f"""\
table ip {net.NFT_TABLE}
delete table ip {net.NFT_TABLE}
table ip {net.NFT_TABLE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {net.POD_CIDR} oifname != "{net.POD_BRIDGE}" masquerade
    ip saddr {net.DOCKER_CIDR} oifname != "{net.DOCKER_BRIDGE}" masquerade
  }}
}}
"""


def kubeadm(paths: Paths) -> list[dict[str, Any]]:
    """What kubeadm needs to make certificates and kubeconfigs; it starts nothing."""
    api = "kubeadm.k8s.io/v1beta4"
    return [
        {
            "apiVersion": api,
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": net.NODE_ADDRESS, "bindPort": net.API_PORT},
            "nodeRegistration": {
                "name": net.NODE_NAME,
                "criSocket": f"unix://{paths.containerd_socket}",
            },
        },
        {
            "apiVersion": api,
            "kind": "ClusterConfiguration",
            "clusterName": "testbed",
            "kubernetesVersion": f"v{KUBERNETES_VERSION}",
            "certificatesDir": str(paths.pki),
            "controlPlaneEndpoint": f"{net.NODE_ADDRESS}:{net.API_PORT}",
            "networking": {
                "serviceSubnet": net.SERVICE_CIDR,
                "podSubnet": net.POD_CIDR,
                "dnsDomain": net.DNS_DOMAIN,
            },
        },
    ]


def kubelet(paths: Paths) -> dict[str, Any]:
    """Settings that a machine with cgroup v1, no swap rules and a small disk needs."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{paths.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "address": net.NODE_ADDRESS,
        "healthzPort": net.KUBELET_HEALTH_PORT,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{paths.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "featureGates": {"KubeletInUserNamespace": True},
        "clusterDNS": [net.NODE_ADDRESS],
        "clusterDomain": net.DNS_DOMAIN,
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "podLogsDir": f"{paths.logs}/pods",
        "serializeImagePulls": False,
        # Chains for a kube-proxy of another mode, which nobody would remove.
        "makeIPTablesUtilChains": False,
    }


def kube_proxy(paths: Paths) -> dict[str, Any]:
    """A selector swap is written to the kernel at once instead of after a second."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "healthzBindAddress": f"127.0.0.1:{net.PROXY_HEALTH_PORT}",
        "metricsBindAddress": f"127.0.0.1:{net.PROXY_METRICS_PORT}",
        "clientConnection": {"kubeconfig": f"{paths.etc}/kube-proxy.conf"},
        "hostnameOverride": net.NODE_NAME,
        "nftables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
        # The kernel's tables are not ours to resize.
        "conntrack": {
            "maxPerCore": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    }


def corefile(paths: Paths) -> str:
    """Cluster names from the API server, all others from the machine's own resolver."""
    return f""".:53 {{
    bind {net.NODE_ADDRESS}
    errors
    ready {net.NODE_ADDRESS}:8181
    kubernetes {net.DNS_DOMAIN} in-addr.arpa {{
        kubeconfig {paths.etc}/coredns.conf
        pods disabled
        fallthrough in-addr.arpa
    }}
    cache 10
    forward . /etc/resolv.conf
}}
"""


def registry(paths: Paths) -> dict[str, Any]:
    """A registry on this machine only."""
    return {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": f"{paths.data}/registry"},
            "delete": {"enabled": True},
        },
        "http": {"addr": net.REGISTRY},
    }


def prometheus() -> dict[str, Any]:
    """Scrapes what `testbed.targets` names: Debian's has no Kubernetes discovery."""
    discovery = {"url": net.TARGETS_URL, "refresh_interval": "2s"}
    return {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s"},
        "scrape_configs": [{"job_name": "pods", "http_sd_configs": [discovery]}],
    }


def rights() -> dict[str, Any]:
    """What Kubernetes does not grant by itself."""
    readers = ("Group", READERS)
    kubelet_client = ("User", "kube-apiserver-kubelet-client")
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            # CoreDNS and `targets` may look at all but Secrets, and change nothing.
            _binding("testbed:readers", "view", *readers),
            # Logs and exec: the API server asks the kubelet, which asks back whether it may.
            _binding("testbed:kubelet-client", "system:kubelet-api-admin", *kubelet_client),
        ],
    }


def _binding(name: str, role: str, kind: str, subject: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": kind, "name": subject}],
    }


def docker(paths: Paths, mtu: int) -> dict[str, Any]:
    """Builds reach the outside through our own bridge and table, not through iptables."""
    return {
        "bridge": net.DOCKER_BRIDGE,
        "cgroup-parent": f"/{paths.cgroup}/docker",
        "dns": [net.NODE_ADDRESS],
        "features": {"buildkit": True},
        "ip-masq": False,
        "iptables": False,
        "ip6tables": False,
        "mtu": mtu,
        "userland-proxy": False,
    }
