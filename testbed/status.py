"""What runs, in which version, and where: the answer of `.venv/bin/testbed status`."""

from collections.abc import Mapping
from dataclasses import dataclass

from testbed import cluster, images, net, supervision
from testbed.daemons import Daemon, daemons
from testbed.paths import Paths
from testbed.shell import PlatformError
from testbed.toolchain import (
    DOCKER_PROVIDER_VERSION,
    KUBERNETES_PROVIDER_VERSION,
    KUBERNETES_VERSION,
    PULUMI_VERSION,
)


@dataclass(frozen=True, slots=True)
class Report:
    """Lines for a person, and whether all is well."""

    text: str
    well: bool


def report(paths: Paths) -> Report:
    """Ask every daemon and the node."""
    states = supervision.states(paths)
    if not states:
        return Report("the platform does not run; start it with: .venv/bin/testbed up", well=False)
    asked = [(daemon, daemon_fault(daemon, states)) for daemon in daemons(paths)]
    node = _node(paths)
    lines = [f"{'ok  ' if not fault else 'FAIL'} {d.name:24} {fault}" for d, fault in asked]
    lines.append(f"{'ok  ' if not node else 'FAIL'} {'node ' + net.NODE_NAME:24} {node}")
    lines = [line.rstrip() for line in lines]
    well = not node and not any(fault for _, fault in asked)
    return Report("\n".join([*lines, "", *_facts(paths)]), well)


def daemon_fault(daemon: Daemon, states: Mapping[str, str]) -> str:
    """Return what is wrong with a daemon; empty when nothing is."""
    state = states.get(daemon.name, "unknown to the supervisor")
    if state != "RUNNING":
        return f"{state}: .venv/bin/testbed logs {daemon.name}"
    return daemon.ready() or ""


def _node(paths: Paths) -> str:
    path = '{.status.conditions[?(@.type=="Ready")].status}'
    words = ["get", "node", net.NODE_NAME, "-o", f"jsonpath={path}"]
    try:
        ready = cluster.kubectl(paths, *words, seconds=10)
    except PlatformError as error:
        return str(error).splitlines()[0]
    return "" if ready == "True" else f"Ready is {ready}: .venv/bin/testbed logs kubelet"


def _facts(paths: Paths) -> list[str]:
    base = images.base(paths).reference if images.base_entry(paths).exists() else "none"
    facts = {
        "versions": f"Pulumi {PULUMI_VERSION}, Kubernetes {KUBERNETES_VERSION}",
        "providers": f"kubernetes {KUBERNETES_PROVIDER_VERSION}, docker {DOCKER_PROVIDER_VERSION}",
        "API server": f"{net.API_URL} (context {cluster.CONTEXT} in {paths.kubeconfig})",
        "registry": net.REGISTRY,
        "engine": f"unix://{paths.docker_socket}",
        "Prometheus": net.PROMETHEUS_URL,
        "Postgres": f"{net.NODE_ADDRESS}:{net.POSTGRES_PORT}",
        "exchange": f"{net.VENUE_URL} (simulated; its record: {net.VENUE_URL}/admin/record)",
        "Redis": f"{net.NODE_ADDRESS}:{net.REDIS_PORT}",
        "base image": base,
        # The parent of the namespace: what `kill -9` of everything needs when you try recovery.
        "processes": f"all end with {supervision.root(paths.state)}",
        "state, cache": f"{paths.state}, {paths.cache}",
    }
    return [f"{name:16} {value}" for name, value in facts.items()]
