"""Put the plugin where the Pulumi engine finds it, if the official one is not available."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from testbed.docker_provider import NAME, VERSION

_DOWNLOAD_SECONDS = 120
_MARK = "testbed.docker_provider"


def plugin_path(pulumi_home: Path) -> Path:
    """Return the path that the engine starts."""
    return pulumi_home / "plugins" / f"resource-{NAME}-v{VERSION}" / f"pulumi-resource-{NAME}"


def install(pulumi_home: Path, python: Path = Path(sys.executable)) -> Path:
    """Write the launcher; return its path. Safe to repeat.

    Args:
        pulumi_home: PULUMI_HOME.
        python: an interpreter into which this repository is installed.
    """
    path = plugin_path(pulumi_home)
    path.parent.mkdir(parents=True, exist_ok=True)
    # -P: the working directory is the Pulumi program's, and its modules must not hide ours.
    line = f'exec {shlex.quote(str(python))} -P -m {_MARK} "$@"'
    fresh = path.with_suffix(".new")
    fresh.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)
    return path


def install_official_or_own(pulumi: Path, pulumi_home: Path) -> bool:
    """Leave or fetch the official plugin, else install ours; return whether it is the official one.

    Args:
        pulumi: the CLI.
        pulumi_home: PULUMI_HOME.
    """
    path = plugin_path(pulumi_home)
    if path.exists() and not _is_ours(path):
        return True
    if not path.exists() and _download(pulumi, pulumi_home):
        return True
    install(pulumi_home)
    return False


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return _MARK.encode() in file.read(4096)


def _download(pulumi: Path, pulumi_home: Path) -> bool:
    command = [pulumi, "plugin", "install", "resource", NAME, VERSION]
    environment = dict(os.environ) | {"PULUMI_HOME": str(pulumi_home)}
    try:
        done = subprocess.run(  # noqa: S603 - our own CLI and constants
            command, env=environment, capture_output=True, check=False, timeout=_DOWNLOAD_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and plugin_path(pulumi_home).exists()
