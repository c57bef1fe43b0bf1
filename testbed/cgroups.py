"""The control groups of the containers, on version 1 and version 2 of the kernel's interface."""

import time
from pathlib import Path

from testbed.shell import PlatformError

ROOT = Path("/sys/fs/cgroup")
_REMOVE_SECONDS = 10.0
_POLL_SECONDS = 0.1


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Return the top folder of each hierarchy: one on version 2, many on version 1."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted(
        entry
        for entry in root.iterdir()
        if entry.is_dir() and not entry.is_symlink() and (entry / "cgroup.procs").exists()
    )


def make(name: str, root: Path = ROOT) -> None:
    """Make the parent of all our groups; the kubelet wants it to be there."""
    for hierarchy in hierarchies(root):
        if hierarchy.name == "unified":
            continue  # Beside version 1 it has no controllers and nobody uses it.
        (hierarchy / name).mkdir(exist_ok=True)


def remove(name: str, root: Path = ROOT) -> None:
    """Remove our groups, children first. Their processes have ended before.

    Raises:
        PlatformError: a group is still in use after the deadline.
    """
    deadline = time.monotonic() + _REMOVE_SECONDS
    while left := [group for top in hierarchies(root) for group in _below(top / name)]:
        for group in left:
            _remove_one(group)
        if not any(group.exists() for group in left):
            return
        if time.monotonic() > deadline:
            raise PlatformError(f"control groups still in use: {', '.join(map(str, left[:3]))}")
        time.sleep(_POLL_SECONDS)


def _below(top: Path) -> list[Path]:
    if not top.is_dir():
        return []
    folders = [top, *(path for path in top.rglob("*") if path.is_dir())]
    return sorted(folders, key=lambda path: len(path.parts), reverse=True)


def _remove_one(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        return  # Still in use; asked again until the deadline.
