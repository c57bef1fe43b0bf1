"""Debian packages of the platform: installed when missing, their own services never started."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from testbed.shell import long_work, run

# Package → a file that it brings; its absence means that the package is missing.
PACKAGES: dict[str, str] = {
    "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
    "catatonit": "/usr/bin/catatonit",
    "conntrack": "/usr/sbin/conntrack",
    "containerd": "/usr/bin/containerd",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "debootstrap": "/usr/sbin/debootstrap",
    "docker-registry": "/usr/bin/docker-registry",
    "docker.io": "/usr/sbin/dockerd",
    "etcd-server": "/usr/bin/etcd",
    "git": "/usr/bin/git",
    "iproute2": "/usr/sbin/ip",
    "iptables": "/usr/sbin/iptables",
    "nftables": "/usr/sbin/nft",
    "postgresql-15": "/usr/lib/postgresql/15/bin/postgres",
    "prometheus": "/usr/bin/prometheus",
    "redis-server": "/usr/bin/redis-server",
    "runc": "/usr/sbin/runc",
}
POLICY = Path("/usr/sbin/policy-rc.d")
_APT = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"]
_INSTALL_SECONDS = 1200


def missing() -> list[str]:
    """Return the packages that are not installed."""
    return [name for name, brings in PACKAGES.items() if not Path(brings).exists()]


def install(names: list[str]) -> None:
    """Install packages without starting what they bring.

    Raises:
        PlatformError: apt failed; carries its last lines.
    """
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with long_work(f"Debian packages: {' '.join(names)}"), _no_service_starts():
        run([*_APT, "update"], env=env, timeout_seconds=300)
        run(
            [*_APT, "install", "-y", "--no-install-recommends", *names],
            env=env,
            timeout_seconds=_INSTALL_SECONDS,
        )


@contextmanager
def _no_service_starts() -> Generator[None]:
    """Tell dpkg's invoke-rc.d to start nothing; a policy that is already there stays."""
    kept = POLICY.with_name("policy-rc.d.before-testbed")
    if POLICY.exists():
        shutil.move(POLICY, kept)
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
        if kept.exists():
            shutil.move(kept, POLICY)
