"""Configuration files of the daemons, as values; nothing is written here. Reasons are in the comments."""

from typing import Any

from testbed import net
from testbed.paths import Paths
from testbed.toolchain import KUBERNETES_VERSION

PAUSE_IMAGE = f"{net.REGISTRY}/pause:1"


def containerd(paths: Paths) -> str:
    """One containerd serves the kubelet and dockerd."""
    return f"""\
version = 2
root = "{paths.data}/containerd"
state = "{paths.run}/containerd"

[grpc]
address = "{paths.containerd_socket}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
# A container without CAP_SYS_RESOURCE cannot set a negative score: without this line no pod starts there.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{paths.etc}/cni"
"""


def cni() -> dict[str, Any]:
    """One bridge. Masquerading is in the platform's own nft table, so that one delete removes it."""
    return {
        "cniVersion": "0.4.0",
        "name": "testbed",
        "plugins": [
            {
                "type": "bridge",
                "bridge": net.POD_BRIDGE,
                "isGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": net.POD_CIDR}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
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
                "dnsDomain": "cluster.local",
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
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "featureGates": {"KubeletInUserNamespace": True},
        "clusterDNS": [net.NODE_ADDRESS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "podLogsDir": f"{paths.logs}/pods",
        # What kills the probes' patience on two busy cores is the kubelet's own rate of work.
        "serializeImagePulls": False,
        "syncFrequency": "10s",
    }


def kube_proxy(paths: Paths) -> dict[str, Any]:
    """A selector swap is written to the kernel at once instead of after a second."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": net.POD_CIDR,
        "clientConnection": {"kubeconfig": f"{paths.etc}/kube-proxy.conf"},
        "hostnameOverride": net.NODE_NAME,
        # Pods share one bridge: without it the answer to a pod would not pass the translation again.
        "nftables": {"masqueradeAll": True, "minSyncPeriod": "100ms", "syncPeriod": "30s"},
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
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {paths.kubeconfig} testbed
        pods disabled
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


def prometheus(paths: Paths) -> dict[str, Any]:
    """Scrapes every pod that says `prometheus.io/scrape: "true"`."""
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io"
    labels = {"namespace": "namespace", "pod_name": "pod", "pod_label_color": "color"}
    return {
        "global": {"scrape_interval": "5s"},
        "scrape_configs": [
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [
                    {"role": "pod", "kubeconfig_file": str(paths.kubeconfig)}
                ],
                "relabel_configs": [
                    {"source_labels": [f"{annotation}_scrape"], "regex": "true", "action": "keep"},
                    {
                        "source_labels": ["__meta_kubernetes_pod_ip", f"{annotation}_port"],
                        "separator": ":",
                        "target_label": "__address__",
                    },
                    *(
                        {"source_labels": [f"__meta_kubernetes_{source}"], "target_label": target}
                        for source, target in labels.items()
                    ),
                ],
            }
        ],
    }
