"""Addresses and ports of the platform; all of them on interfaces of this machine that it makes itself."""

NODE_NAME = "testbed"
POD_BRIDGE = "testbed-pods"
POD_CIDR = "10.244.0.0/24"
NODE_ADDRESS = "10.244.0.1"
"""The pods' gateway: certificates and endpoints stay right when the machine's own address changes."""
NODE_PREFIX = "10.244.0.1/24"

DOCKER_BRIDGE = "testbed-docker"
DOCKER_GATEWAY = "10.245.0.1/24"
DOCKER_CIDR = "10.245.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"

API_PORT = 6443
ETCD_PORT = 23790
ETCD_PEER_PORT = 23800
REGISTRY_PORT = 5000
POSTGRES_PORT = 5432
REDIS_PORT = 6379
PROMETHEUS_PORT = 9090

REGISTRY = f"127.0.0.1:{REGISTRY_PORT}"
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
NFT_TABLE = "testbed"

PORTS = {
    "registry": ("127.0.0.1", REGISTRY_PORT),
    "etcd": ("127.0.0.1", ETCD_PORT),
    "kube-apiserver": ("0.0.0.0", API_PORT),  # noqa: S104  # asked, not bound: is it free on any address?
    "kubelet": ("0.0.0.0", 10250),  # noqa: S104
    "kube-controller-manager": ("127.0.0.1", 10257),
    "kube-scheduler": ("127.0.0.1", 10259),
    "kube-proxy": ("127.0.0.1", 10256),
    "prometheus": ("127.0.0.1", PROMETHEUS_PORT),
}
"""What must be free before the first start; doctor asks for each."""
