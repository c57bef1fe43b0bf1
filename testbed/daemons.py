"""The daemons of the platform as a table: command, readiness, deadline. The order is the order of starting."""

from dataclasses import dataclass, field
from pathlib import Path

from testbed import net
from testbed.paths import Paths

_POSTGRES_BIN = "/usr/lib/postgresql/15/bin"


@dataclass(frozen=True, slots=True)
class Daemon:
    """One long-running program."""

    name: str
    command: tuple[str, ...]
    ready: tuple[str, ...]
    """A command that ends with 0 once the daemon serves."""
    deadline_seconds: float = 30
    user: str = "root"
    environment: dict[str, str] = field(default_factory=dict[str, str])
    stop_signal: str = "TERM"


def _curl(url: str) -> tuple[str, ...]:
    return ("curl", "--silent", "--fail", "--insecure", "--max-time", "2", "--output", "/dev/null", url)


def _flags(**values: str | float | Path) -> tuple[str, ...]:
    return tuple(f"--{name.replace('_', '-')}={value}" for name, value in values.items())


def table(paths: Paths) -> tuple[Daemon, ...]:
    """Return every daemon, in order of starting."""
    return (*_storage(paths), *_containers(paths), *_control_plane(paths), *_node(paths))


def _storage(paths: Paths) -> tuple[Daemon, ...]:
    return (
        Daemon(
            "registry",
            ("/usr/bin/docker-registry", "serve", f"{paths.etc}/registry.json"),
            _curl(f"http://{net.REGISTRY}/v2/"),
        ),
        Daemon(
            "postgres",
            (
                f"{_POSTGRES_BIN}/postgres",
                "-D",
                f"{paths.data}/postgres",
                *("-h", net.NODE_ADDRESS, "-p", str(net.POSTGRES_PORT)),
                *("-k", f"{paths.data}/postgres", "-c", "max_connections=200"),
            ),
            (
                f"{_POSTGRES_BIN}/pg_isready",
                *("-q", "-h", net.NODE_ADDRESS, "-p", str(net.POSTGRES_PORT)),
            ),
            user="postgres",
            stop_signal="INT",
        ),
        Daemon(
            "redis",
            (
                "/usr/bin/redis-server",
                *("--bind", net.NODE_ADDRESS, "--port", str(net.REDIS_PORT)),
                *("--protected-mode", "no", "--save", "", "--appendonly", "no"),
            ),
            ("redis-cli", "-h", net.NODE_ADDRESS, "-p", str(net.REDIS_PORT), "ping"),
        ),
    )


def _containers(paths: Paths) -> tuple[Daemon, ...]:
    socket = str(paths.containerd_socket)
    return (
        Daemon(
            "containerd",
            ("/usr/bin/containerd", "--config", f"{paths.etc}/containerd.toml"),
            ("ctr", "--address", socket, "version"),
        ),
        Daemon(
            "dockerd",
            (
                "/usr/sbin/dockerd",
                *("--host", f"unix://{paths.docker_socket}", "--containerd", socket),
                *("--data-root", f"{paths.data}/docker", "--exec-root", f"{paths.run}/docker"),
                *("--pidfile", f"{paths.run}/dockerd.pid", "--bridge", net.DOCKER_BRIDGE),
                "--iptables=false",
            ),
            _curl("http://docker/_ping")[:-1]
            + ("--unix-socket", str(paths.docker_socket), "http://docker/_ping"),
            deadline_seconds=60,
        ),
    )


def _control_plane(paths: Paths) -> tuple[Daemon, ...]:
    pki, bin_ = paths.pki, paths.bin
    etcd = f"http://127.0.0.1:{net.ETCD_PORT}"
    peer = f"http://127.0.0.1:{net.ETCD_PEER_PORT}"
    conf = str(paths.etc / "{}.conf")
    return (
        Daemon(
            "etcd",
            (
                "/usr/bin/etcd",
                *_flags(data_dir=f"{paths.data}/etcd", name="testbed"),
                *_flags(listen_client_urls=etcd, advertise_client_urls=etcd),
                *_flags(listen_peer_urls=peer, initial_advertise_peer_urls=peer),
                *_flags(initial_cluster=f"testbed={peer}"),
                "--unsafe-no-fsync",  # a throw-away cluster: what a power cut takes, `up` makes again
            ),
            _curl(f"{etcd}/health"),
        ),
        Daemon(
            "kube-apiserver",
            (
                f"{bin_}/kube-apiserver",
                *_flags(etcd_servers=etcd, advertise_address=net.NODE_ADDRESS),
                *_flags(secure_port=net.API_PORT, service_cluster_ip_range=net.SERVICE_CIDR),
                *_flags(authorization_mode="Node,RBAC", enable_admission_plugins="NodeRestriction"),
                *_flags(client_ca_file=f"{pki}/ca.crt", allow_privileged="true"),
                *_flags(tls_cert_file=f"{pki}/apiserver.crt"),
                *_flags(tls_private_key_file=f"{pki}/apiserver.key"),
                *_flags(kubelet_client_certificate=f"{pki}/apiserver-kubelet-client.crt"),
                *_flags(kubelet_client_key=f"{pki}/apiserver-kubelet-client.key"),
                *_flags(kubelet_preferred_address_types="InternalIP"),
                *_flags(service_account_key_file=f"{pki}/sa.pub"),
                *_flags(service_account_signing_key_file=f"{pki}/sa.key"),
                *_flags(service_account_issuer="https://kubernetes.default.svc.cluster.local"),
                *_flags(requestheader_client_ca_file=f"{pki}/front-proxy-ca.crt"),
                *_flags(proxy_client_cert_file=f"{pki}/front-proxy-client.crt"),
                *_flags(proxy_client_key_file=f"{pki}/front-proxy-client.key"),
            ),
            _curl(f"{net.API_URL}/readyz"),
            deadline_seconds=60,
        ),
        Daemon(
            "kube-controller-manager",
            (
                f"{bin_}/kube-controller-manager",
                *_flags(kubeconfig=conf.format("controller-manager"), leader_elect="false"),
                *_flags(root_ca_file=f"{pki}/ca.crt", use_service_account_credentials="true"),
                *_flags(service_account_private_key_file=f"{pki}/sa.key"),
                *_flags(cluster_signing_cert_file=f"{pki}/ca.crt"),
                *_flags(cluster_signing_key_file=f"{pki}/ca.key", bind_address="127.0.0.1"),
            ),
            _curl("https://127.0.0.1:10257/healthz"),
        ),
        Daemon(
            "kube-scheduler",
            (
                f"{bin_}/kube-scheduler",
                *_flags(kubeconfig=conf.format("scheduler"), leader_elect="false"),
                *_flags(bind_address="127.0.0.1"),
            ),
            _curl("https://127.0.0.1:10259/healthz"),
        ),
    )


def _node(paths: Paths) -> tuple[Daemon, ...]:
    bin_ = paths.bin
    kubectl = (f"{bin_}/kubectl", "--kubeconfig", str(paths.kubeconfig), "--request-timeout=3s")
    return (
        Daemon(
            "kube-proxy",
            (f"{bin_}/kube-proxy", f"--config={paths.etc}/kube-proxy.json"),
            _curl("http://127.0.0.1:10256/livez"),
        ),
        Daemon(
            "coredns",
            (f"{bin_}/coredns", "-conf", f"{paths.etc}/Corefile"),
            _curl(f"http://{net.NODE_ADDRESS}:8181/ready"),
        ),
        Daemon(
            "kubelet",
            (
                f"{bin_}/kubelet",
                *_flags(kubeconfig=f"{paths.etc}/kubelet.conf", config=f"{paths.etc}/kubelet.json"),
                *_flags(root_dir=f"{paths.data}/kubelet", hostname_override=net.NODE_NAME),
                *_flags(node_ip=net.NODE_ADDRESS),
            ),
            (*kubectl, "wait", "--for=condition=Ready", f"node/{net.NODE_NAME}", "--timeout=2s"),
            deadline_seconds=90,
        ),
        Daemon(
            "prometheus",
            (
                "/usr/bin/prometheus",
                f"--config.file={paths.etc}/prometheus.json",
                f"--storage.tsdb.path={paths.data}/prometheus",
                f"--web.listen-address=127.0.0.1:{net.PROMETHEUS_PORT}",
            ),
            _curl(f"http://127.0.0.1:{net.PROMETHEUS_PORT}/-/ready"),
        ),
    )
