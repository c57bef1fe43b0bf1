"""Certificates, the daemons' files, and what the cluster must hold before its first pod."""

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from testbed import cgroups, manifests, net, network, supervision
from testbed.daemons import POSTGRES_BIN, daemons
from testbed.paths import Paths
from testbed.shell import PlatformError, run

CONTEXT = "testbed"
_OWN_USERS = {
    "kube-proxy": ["--client-name", "system:kube-proxy"],
    "coredns": ["--client-name", "testbed:coredns", "--org", manifests.READERS],
    "targets": ["--client-name", "testbed:targets", "--org", manifests.READERS],
}
"""Beside those that kubeadm makes; the rights of the first come with Kubernetes."""
_NODE_SECONDS = 60


def make_state(paths: Paths) -> None:
    """Make the folder of everything; the users of the databases must be able to walk through it."""
    for folder in (paths.state, paths.data):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)


def has_certificates(paths: Paths) -> bool:
    """Whether the certificates and all kubeconfigs are there; the administrator's is made last."""
    return paths.kubeconfig.exists()


def make_certificates(paths: Paths) -> None:
    """Let kubeadm make the certificates and kubeconfigs."""
    shutil.rmtree(paths.pki, ignore_errors=True)
    paths.etc.mkdir(parents=True, exist_ok=True)
    config = paths.etc / "kubeadm.json"
    config.write_text("\n---\n".join(map(json.dumps, manifests.kubeadm(paths))))
    kubeadm = paths.bin / "kubeadm"
    run([kubeadm, "init", "phase", "certs", "all", "--config", config])
    folder = paths.etc / "kubeadm"
    for name in ("super-admin", "controller-manager", "scheduler", "kubelet"):
        words = [kubeadm, "init", "phase", "kubeconfig", name, "--config", config]
        run([*words, "--kubeconfig-dir", folder])
        _place(folder / f"{name}.conf", paths.etc / f"{name}.conf")
    for name, words in _OWN_USERS.items():
        text = run([kubeadm, "kubeconfig", "user", "--config", config, *words])
        _write_secret(paths.etc / f"{name}.conf", text)
    shutil.rmtree(folder)
    _make_administrators(paths)


def _make_administrators(paths: Paths) -> None:
    """Its one context is called `testbed`: stacks name it, and must not take another cluster's."""
    source = paths.etc / "super-admin.conf"
    view = ["kubectl", "config", "view", "--kubeconfig", str(source), "--raw", "-o", "json"]
    config: dict[str, Any] = json.loads(run([paths.bin / view[0], *view[1:]]))
    config["contexts"][0]["name"] = config["current-context"] = CONTEXT
    _write_secret(paths.kubeconfig, json.dumps(config, indent=1))


def _place(source: Path, target: Path) -> None:
    source.chmod(0o600)
    source.replace(target)


def _write_secret(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def write_files(paths: Paths) -> None:
    """Write the daemons' configuration and make the folders that they expect."""
    for folder in (paths.logs, paths.data, paths.data / "prometheus", paths.pulumi_state):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in manifests.files(paths, network.mtu()).items():
        path = paths.etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ini = supervision.render(daemons(paths), paths)
    (paths.etc / "supervisord.ini").write_text(ini)
    cgroups.make(paths.cgroup)


def has_databases(paths: Paths) -> bool:
    """Whether Postgres's data is there; it is moved to its place when it is whole."""
    return (paths.data / "postgres").exists() and (paths.data / "redis").exists()


def make_databases(paths: Paths) -> None:
    """Make the folders of Redis and Postgres, the latter with a password of its own."""
    redis, fresh = paths.data / "redis", paths.data / ".postgres.new"
    redis.mkdir(parents=True, exist_ok=True)
    shutil.chown(redis, "redis", "redis")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(paths.data / "postgres", ignore_errors=True)
    fresh.mkdir(mode=0o700)
    shutil.chown(fresh, "postgres", "postgres")
    _write_secret(paths.postgres_password, secrets.token_urlsafe(24))
    shutil.chown(paths.postgres_password, "postgres", "postgres")
    initdb = [POSTGRES_BIN / "initdb", "--pgdata", fresh, "--username=postgres"]
    options = [f"--pwfile={paths.postgres_password}", "--auth=scram-sha-256", "--encoding=UTF8"]
    run(["runuser", "-u", "postgres", "--", *initdb, *options, "--locale=C.UTF-8"], cwd=Path("/"))
    with (fresh / "pg_hba.conf").open("a") as file:
        for network_range in (net.POD_CIDR, net.DOCKER_CIDR, f"{net.NODE_ADDRESS}/32"):
            file.write(f"host all all {network_range} scram-sha-256\n")
    fresh.rename(paths.data / "postgres")


def kubectl(paths: Paths, *words: str, stdin: str | None = None, seconds: float = 60) -> str:
    """Run kubectl as the administrator."""
    command = [paths.bin / "kubectl", "--kubeconfig", paths.kubeconfig, *words]
    return run(command, stdin=stdin, timeout_seconds=seconds)


def grant(paths: Paths) -> None:
    """Give daemons those rights that Kubernetes does not grant by itself."""
    kubectl(paths, "apply", "-f", "-", stdin=json.dumps(manifests.rights()))


def settle(paths: Paths) -> None:
    """Wait until the node takes pods.

    Raises:
        PlatformError: the node is not ready in time; carries its conditions.
    """
    node = f"node/{net.NODE_NAME}"
    try:
        kubectl(paths, "wait", "--for=create", node, f"--timeout={_NODE_SECONDS}s", seconds=70)
        wait = ["wait", "--for=condition=Ready", node, f"--timeout={_NODE_SECONDS}s"]
        kubectl(paths, *wait, seconds=70)
        # Pods are refused until the namespace has it.
        account = ["wait", "--for=create", "serviceaccount/default", "-n", "default"]
        kubectl(paths, *account, "--timeout=30s")
    except PlatformError as error:
        conditions = kubectl(paths, "describe", "nodes")
        raise PlatformError(
            f"{error}\n{conditions}\nsee: .venv/bin/testbed logs kubelet"
        ) from error
