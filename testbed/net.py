"""Addresses and ports of the platform; all of them on interfaces that it makes itself."""

NODE_NAME = "testbed"
NODE_INTERFACE = "testbed0"
NODE_ADDRESS = "10.250.0.1"
"""On an interface of its own: certificates stay right when the machine's own address changes."""

POD_BRIDGE = "testbed-pods"
POD_GATEWAY = "10.244.0.1"
POD_CIDR = "10.244.0.0/24"
DOCKER_BRIDGE = "testbed-docker"
DOCKER_GATEWAY = "10.245.0.1"
DOCKER_CIDR = "10.245.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
DNS_DOMAIN = "cluster.local"
NFT_TABLE = "testbed"

REGISTRY = "127.0.0.1:5000"
"""An engine takes a registry on this address without TLS."""
API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
ETCD_URL = "http://127.0.0.1:23790"
ETCD_PEER_URL = "http://127.0.0.1:23800"
POSTGRES_PORT = 5432
REDIS_PORT = 6379
REDIS_URL = f"redis://{NODE_ADDRESS}:{REDIS_PORT}/0"
VENUE_PORT = 8090
VENUE_URL = f"http://{NODE_ADDRESS}:{VENUE_PORT}"
"""The simulated exchange; pods reach it on the node's address as they would one on the internet."""
PROMETHEUS_URL = f"http://{NODE_ADDRESS}:9090"
DNS_READY_URL = f"http://{NODE_ADDRESS}:8181/ready"

# Not the defaults of Kubernetes: parts of another cluster may run beside ours.
KUBELET_HEALTH_PORT = 23248
PROXY_METRICS_PORT = 23249
PROXY_HEALTH_PORT = 23256
CONTROLLER_MANAGER_PORT = 23257
SCHEDULER_PORT = 23259
TARGETS_PORT = 23900
TARGETS_URL = f"http://127.0.0.1:{TARGETS_PORT}/targets"

PORTS: dict[str, int] = {
    "registry": 5000,
    "etcd": 23790,
    "etcd peers": 23800,
    "kubelet health": KUBELET_HEALTH_PORT,
    "kube-proxy metrics": PROXY_METRICS_PORT,
    "kube-proxy health": PROXY_HEALTH_PORT,
    "kube-controller-manager": CONTROLLER_MANAGER_PORT,
    "kube-scheduler": SCHEDULER_PORT,
    "targets": TARGETS_PORT,
}
"""Those on 127.0.0.1, which others use too: they must be free before the first start."""
