"""Everything between packages and running daemons: configuration, certificates, interfaces, databases."""

import json
import shutil
from pathlib import Path
from typing import Any

from testbed import manifests, net
from testbed.daemons import table
from testbed.paths import Paths
from testbed.shell import run, succeeds
from testbed.supervise import config

_POSTGRES_BIN = "/usr/lib/postgresql/15/bin"
_FOLDER_MODE = 0o755


def make_folders(paths: Paths) -> None:
    """Create the state's folders; Postgres' own user must be able to walk through them."""
    for folder in (paths.bin, paths.etc / "cni", paths.pki, paths.logs, paths.run, paths.data):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (paths.pulumi_home / "plugins", paths.pulumi_state):
        folder.mkdir(parents=True, exist_ok=True)
    paths.state.chmod(_FOLDER_MODE)
    paths.data.chmod(_FOLDER_MODE)


def link_commands(folders: list[Path], paths: Paths) -> None:
    """Link every built command, and the docker client that fits the daemon, into one folder."""
    for source in [*(f for folder in folders for f in folder.iterdir()), Path("/usr/bin/docker")]:
        link = paths.bin / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)


def write_configuration(paths: Paths) -> None:
    """Write every daemon's configuration from today's code."""
    texts = {
        "containerd.toml": manifests.containerd(paths),
        "Corefile": manifests.corefile(paths),
        "testbed.nft": manifests.nft_table(),
        "supervisord.conf": config(table(paths), paths),
        "kubeadm.yaml": "\n---\n".join(json.dumps(part) for part in manifests.kubeadm(paths)),
    }
    values: dict[str, Any] = {
        "cni/10-testbed.conflist": manifests.cni(),
        "kubelet.json": manifests.kubelet(paths),
        "kube-proxy.json": manifests.kube_proxy(paths),
        "registry.json": manifests.registry(paths),
        "prometheus.json": manifests.prometheus(paths),
    }
    texts |= {name: json.dumps(value, indent=2) for name, value in values.items()}
    for name, text in texts.items():
        (paths.etc / name).write_text(text)


def make_certificates(paths: Paths) -> None:
    """Let kubeadm make what is missing: certificates, then one kubeconfig for each part."""
    if paths.kubeconfig.exists():
        return
    kubeadm = paths.bin / "kubeadm"
    conf = ["--config", paths.etc / "kubeadm.yaml"]
    run([kubeadm, "init", "phase", "certs", "all", *conf])
    run([kubeadm, "init", "phase", "kubeconfig", "all", *conf, "--kubeconfig-dir", paths.etc])
    proxy = run([kubeadm, "kubeconfig", "user", "--client-name", "system:kube-proxy", *conf])
    (paths.etc / "kube-proxy.conf").write_text(proxy)
    # Renamed in a copy that becomes the kubeconfig in one step: it existing means that all before it is done.
    made = paths.etc / "super-admin.conf"
    kubectl = [paths.bin / "kubectl", "--kubeconfig", made, "config"]
    current = run([*kubectl, "current-context"]).strip()
    if current != net.NODE_NAME:
        run([*kubectl, "rename-context", current, net.NODE_NAME])
    copy = paths.kubeconfig.with_suffix(".new")
    shutil.copy(made, copy)
    copy.rename(paths.kubeconfig)


def make_interfaces(paths: Paths) -> None:
    """Create the two bridges and the masquerading; each survives being there already."""
    bridges = {net.POD_BRIDGE: net.NODE_PREFIX, net.DOCKER_BRIDGE: net.DOCKER_GATEWAY}
    for name, address in bridges.items():
        if not succeeds(["ip", "link", "show", name]):
            run(["ip", "link", "add", name, "type", "bridge"])
        run(["ip", "address", "replace", address, "dev", name])
        run(["ip", "link", "set", name, "up"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")
    run(["nft", "-f", paths.etc / "testbed.nft"])


def make_database(paths: Paths) -> None:
    """Initialise Postgres' data folder; pods reach it from their network without a password."""
    folder = paths.data / "postgres"
    if (folder / "PG_VERSION").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    initdb = [f"{_POSTGRES_BIN}/initdb", "-D", folder, "-A", "trust", "-U", "postgres", "-E", "UTF8"]
    run([*as_postgres, *initdb], cwd=folder)
    with (folder / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {net.POD_CIDR} trust\n")
