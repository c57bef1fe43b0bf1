"""The commands on the PATH, and Pulumi's home with its plugins."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from testbed.docker_provider.install import install_official_or_own
from testbed.paths import Paths
from testbed.toolchain import KUBERNETES_PROVIDER_VERSION

_DOCKER_CLIENT = Path("/usr/bin/docker")
PROVIDER = "pulumi-resource-kubernetes"


def place(source: Path, target: Path) -> None:
    """Put the same file elsewhere; as a hard link where that can be.

    No symbolic link: the language host looks for its helper beside where it really lies.
    """
    if target.exists() and _same(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:
        shutil.copy2(source, fresh)
    fresh.replace(target)


def _same(one: Path, other: Path) -> bool:
    a, b = one.stat(), other.stat()
    return a.st_ino == b.st_ino or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def install_commands(entries: Iterable[Path], paths: Paths) -> None:
    """Put every command beside each other, and the plugin where Pulumi looks for it."""
    # The machine's own may be newer and want a builder component that the engine has no need of.
    place(_DOCKER_CLIENT, paths.bin / "docker")
    folder = f"resource-kubernetes-v{KUBERNETES_PROVIDER_VERSION}"
    for entry in entries:
        for command in entry.iterdir():
            if command.name == PROVIDER:
                place(command, paths.pulumi_plugins / folder / PROVIDER)
            else:
                place(command, paths.bin / command.name)


def install_plugins(paths: Paths) -> bool:
    """Make Pulumi's home; return whether the Docker plugin is the official one."""
    paths.pulumi_plugins.mkdir(parents=True, exist_ok=True)
    paths.pulumi_home.mkdir(parents=True, exist_ok=True)
    link = paths.pulumi_home / "plugins"
    if not link.is_symlink():
        link.symlink_to(paths.pulumi_plugins)
    return install_official_or_own(paths.bin / "pulumi", paths.pulumi_home)
