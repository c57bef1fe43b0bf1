"""The daemons of the platform as data: command, what must be ready first, how readiness shows."""

import sys
from dataclasses import dataclass
from pathlib import Path

from testbed import net
from testbed.paths import Paths
from testbed.probes import Answers, Listens, Probe, Succeeds

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process that the supervisor owns."""

    name: str
    command: tuple[str, ...]
    ready: Probe
    after: tuple[str, ...] = ()
    """Daemons that must be ready before this one starts."""
    config: tuple[str, ...] = ()
    """Files below `etc` that it reads: when one changes, it is started anew."""
    user: str = "root"
    deadline_seconds: float = 60


def daemons(paths: Paths) -> tuple[Daemon, ...]:
    """Return all daemons; each comes after those that it needs."""
    return (
        *_images(paths),
        *_control_plane(paths),
        *_node(paths),
        *_services(paths),
    )


def _images(paths: Paths) -> tuple[Daemon, ...]:
    containerd, docker = paths.containerd_socket, paths.docker_socket
    return (
        Daemon(
            "registry",
            ("/usr/bin/docker-registry", "serve", f"{paths.etc}/registry.json"),
            Answers(f"http://{net.REGISTRY}/v2/"),
            config=("registry.json",),
        ),
        Daemon(
            "containerd",
            ("/usr/bin/containerd", "--config", f"{paths.etc}/containerd.toml"),
            Succeeds(("/usr/bin/ctr", "--address", str(containerd), "version")),
            config=("containerd.toml", "cni/testbed.conflist"),
        ),
        Daemon(
            "dockerd",
            (
                "/usr/sbin/dockerd",
                f"--containerd={containerd}",
                f"--host=unix://{docker}",
                f"--data-root={paths.data}/docker",
                f"--exec-root={paths.run}/docker",
                f"--pidfile={paths.run}/docker.pid",
                f"--config-file={paths.etc}/docker.json",
            ),
            Answers("http://engine/_ping", socket=docker),
            after=("containerd",),
            config=("docker.json",),
        ),
    )


def _control_plane(paths: Paths) -> tuple[Daemon, ...]:
    return (
        Daemon(
            "etcd",
            (
                "/usr/bin/etcd",
                "--name=testbed",
                f"--data-dir={paths.data}/etcd",
                f"--listen-client-urls={net.ETCD_URL}",
                f"--advertise-client-urls={net.ETCD_URL}",
                f"--listen-peer-urls={net.ETCD_PEER_URL}",
                f"--initial-advertise-peer-urls={net.ETCD_PEER_URL}",
                f"--initial-cluster=testbed={net.ETCD_PEER_URL}",
                # A throw-away cluster: its data may go with the machine's power.
                "--unsafe-no-fsync",
                "--log-level=warn",
            ),
            Answers(f"{net.ETCD_URL}/health"),
        ),
        Daemon(
            "kube-apiserver",
            (str(paths.bin / "kube-apiserver"), *_apiserver_flags(paths)),
            Answers(f"{net.API_URL}/readyz", authority=paths.pki / "ca.crt"),
            after=("etcd",),
        ),
        Daemon(
            "kube-controller-manager",
            (
                str(paths.bin / "kube-controller-manager"),
                f"--kubeconfig={paths.etc}/controller-manager.conf",
                "--bind-address=127.0.0.1",
                f"--secure-port={net.CONTROLLER_MANAGER_PORT}",
                "--leader-elect=false",
                "--use-service-account-credentials=true",
                f"--root-ca-file={paths.pki}/ca.crt",
                f"--service-account-private-key-file={paths.pki}/sa.key",
                f"--cluster-signing-cert-file={paths.pki}/ca.crt",
                f"--cluster-signing-key-file={paths.pki}/ca.key",
            ),
            Answers(f"https://127.0.0.1:{net.CONTROLLER_MANAGER_PORT}/healthz"),
            after=("kube-apiserver",),
        ),
        Daemon(
            "kube-scheduler",
            (
                str(paths.bin / "kube-scheduler"),
                f"--kubeconfig={paths.etc}/scheduler.conf",
                "--bind-address=127.0.0.1",
                f"--secure-port={net.SCHEDULER_PORT}",
                "--leader-elect=false",
            ),
            Answers(f"https://127.0.0.1:{net.SCHEDULER_PORT}/healthz"),
            after=("kube-apiserver",),
        ),
    )


def _apiserver_flags(paths: Paths) -> tuple[str, ...]:
    pki = paths.pki
    return (
        f"--bind-address={net.NODE_ADDRESS}",
        f"--advertise-address={net.NODE_ADDRESS}",
        f"--secure-port={net.API_PORT}",
        f"--etcd-servers={net.ETCD_URL}",
        f"--service-cluster-ip-range={net.SERVICE_CIDR}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--enable-bootstrap-token-auth=false",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{net.DNS_DOMAIN}",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
    )


def _node(paths: Paths) -> tuple[Daemon, ...]:
    return (
        Daemon(
            "kubelet",
            (
                str(paths.bin / "kubelet"),
                f"--config={paths.etc}/kubelet.json",
                f"--kubeconfig={paths.etc}/kubelet.conf",
                f"--hostname-override={net.NODE_NAME}",
                f"--node-ip={net.NODE_ADDRESS}",
            ),
            Answers(f"http://127.0.0.1:{net.KUBELET_HEALTH_PORT}/healthz"),
            after=("containerd", "kube-apiserver", "registry"),
            config=("kubelet.json",),
        ),
        Daemon(
            "kube-proxy",
            (str(paths.bin / "kube-proxy"), f"--config={paths.etc}/kube-proxy.json"),
            Answers(f"http://127.0.0.1:{net.PROXY_HEALTH_PORT}/healthz"),
            after=("kube-apiserver",),
            config=("kube-proxy.json",),
        ),
        Daemon(
            "coredns",
            (str(paths.bin / "coredns"), "-conf", f"{paths.etc}/Corefile"),
            Answers(net.DNS_READY_URL),
            after=("kube-apiserver",),
            config=("Corefile",),
        ),
    )


def _services(paths: Paths) -> tuple[Daemon, ...]:
    host = net.NODE_ADDRESS
    return (
        Daemon(
            "postgres",
            (
                str(POSTGRES_BIN / "postgres"),
                *("-D", f"{paths.data}/postgres"),
                *("-c", f"listen_addresses={host}"),
                *("-c", f"port={net.POSTGRES_PORT}"),
                *("-c", "unix_socket_directories="),
                *("-c", "max_connections=200"),
            ),
            Succeeds((str(POSTGRES_BIN / "pg_isready"), "-h", host, "-p", str(net.POSTGRES_PORT))),
            user="postgres",
        ),
        Daemon(
            "redis",
            (
                "/usr/bin/redis-server",
                *("--bind", host),
                *("--port", str(net.REDIS_PORT)),
                *("--dir", f"{paths.data}/redis"),
                # A cache: what it held may be lost. Only this machine and its pods reach it.
                *("--save", ""),
                *("--protected-mode", "no"),
            ),
            Listens(host, net.REDIS_PORT),
            user="redis",
        ),
        Daemon(
            "venue",
            (
                *(sys.executable, "-P", "-m", "testbed.venue"),
                *("--host", host),
                *("--port", str(net.VENUE_PORT)),
                # The oracle outlives a restart: what was accepted stays accepted.
                *("--record", f"{paths.data}/venue/record.jsonl"),
            ),
            Answers(f"{net.VENUE_URL}/admin/health"),
        ),
        Daemon(
            "targets",
            (sys.executable, "-P", "-m", "testbed.targets", f"{paths.etc}/targets.conf"),
            Answers(net.TARGETS_URL),
            after=("kube-apiserver",),
        ),
        Daemon(
            "prometheus",
            (
                "/usr/bin/prometheus",
                f"--config.file={paths.etc}/prometheus.json",
                f"--storage.tsdb.path={paths.data}/prometheus",
                f"--web.listen-address={net.PROMETHEUS_URL.removeprefix('http://')}",
                "--storage.tsdb.retention.time=7d",
            ),
            Answers(f"{net.PROMETHEUS_URL}/-/ready"),
            after=("targets",),
            config=("prometheus.json",),
        ),
    )
