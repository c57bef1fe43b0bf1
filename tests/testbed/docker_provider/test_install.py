"""Where the plugin lands, and that the official one is preferred."""

import subprocess
from pathlib import Path

from testbed.docker_provider.install import install, install_official_or_own, plugin_path


def cli(folder: Path, script: str) -> Path:
    """Write a stand-in for the Pulumi CLI."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_launcher_is_where_the_engine_looks_and_starts_the_plugin(tmp_path: Path) -> None:
    path = install(tmp_path, Path("/bin/echo"))
    assert path == tmp_path / "plugins/resource-docker-v5.2.0/pulumi-resource-docker"
    done = subprocess.run([path, "address"], capture_output=True, text=True, check=True)  # noqa: S603 - just written
    assert done.stdout == "-P -m testbed.docker_provider address\n"


def test_the_official_plugin_is_taken_where_it_can_be_downloaded(tmp_path: Path) -> None:
    target = plugin_path(tmp_path)
    script = f'test "$*" = "plugin install resource docker 5.2.0" && mkdir -p {target.parent} && '
    assert install_official_or_own(cli(tmp_path, script + f"echo official > {target}"), tmp_path)
    assert install_official_or_own(cli(tmp_path, "exit 1"), tmp_path)
    assert target.read_text() == "official\n"


def test_ours_is_taken_where_it_cannot_and_not_asked_for_again(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    pulumi = cli(tmp_path, f"echo once >> {asked}; exit 1")
    assert not install_official_or_own(pulumi, tmp_path)
    assert not install_official_or_own(pulumi, tmp_path)
    assert asked.read_text() == "once\n"
    assert "testbed.docker_provider" in plugin_path(tmp_path).read_text()
