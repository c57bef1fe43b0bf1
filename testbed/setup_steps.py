"""What `up` does, in order: each step says whether it is done already, and does it if not."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed import (
    cgroups,
    cluster,
    database,
    images,
    network,
    packages,
    pulumi_home,
    settling,
    supervision,
    toolchain,
)
from testbed.boot import boot
from testbed.daemons import Daemon, daemons
from testbed.paths import Paths
from testbed.shell import PlatformError, long_work, say

_FIRST = frozenset({"registry", "etcd", "kube-apiserver"})
"""What the others' images and rights are put into before they start."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `do` may be repeated at any time."""

    name: str
    is_done: Callable[[], bool]
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Supervisord:
    """The supervisor, as starting the daemons sees it."""

    paths: Paths

    def states(self) -> Mapping[str, str]:
        """Return the state of each daemon."""
        return supervision.states(self.paths)

    def start(self, name: str) -> None:
        """Start one, if it does not run."""
        if self.states().get(name) not in supervision.RUNNING:
            supervision.start_daemon(self.paths, name)


def never() -> bool:
    """Of steps that are quick and correct what has changed."""
    return False


def steps(paths: Paths) -> tuple[Step, ...]:
    """Return the steps from a bare machine to a cluster that takes pods."""
    return (
        Step("root", lambda: os.geteuid() == 0, _refuse),
        Step("Debian packages", lambda: not packages.missing(), _install_packages),
        Step("state", never, lambda: cluster.make_state(paths)),
        Step("commands", never, lambda: _install_commands(paths)),
        Step("Pulumi plugins", never, lambda: _install_plugins(paths)),
        Step("base image", images.base_entry(paths).exists, lambda: _make_base(paths)),
        Step("network", never, lambda: network.set_up(paths)),
        Step(
            "certificates",
            lambda: cluster.has_certificates(paths),
            lambda: cluster.make_certificates(paths),
        ),
        Step(
            "databases",
            lambda: cluster.has_databases(paths),
            lambda: cluster.make_databases(paths),
        ),
        Step("configuration", never, lambda: cluster.write_files(paths)),
        Step("supervisor", never, lambda: _start_supervisor(paths)),
        Step("registry and API server", never, lambda: _boot(paths, only=_FIRST)),
        Step("images in the registry", never, lambda: _push_images(paths)),
        Step("rights", never, lambda: cluster.grant(paths)),
        Step("daemons", never, lambda: _boot(paths)),
        Step("the bot's database", never, lambda: database.make(paths)),
        Step("node", never, lambda: cluster.settle(paths)),
        Step(
            "pods",
            lambda: supervision.is_settled(paths),
            lambda: _wait_for_pods(paths),
        ),
    )


def run_all(paths: Paths) -> None:
    """Do every step that is not done.

    Raises:
        PlatformError: a step failed; names it.
    """
    for step in steps(paths):
        if step.is_done():
            continue
        say(step.name)
        try:
            step.do()
        except PlatformError as error:
            raise PlatformError(f"{step.name}: {error}") from error


def _refuse() -> None:
    raise PlatformError(
        "the local platform makes interfaces and containers and needs root: run it with sudo, or"
        " take a cluster that you have (README: CONTEXT=…)"
    )


def _install_packages() -> None:
    packages.install(packages.missing())


def _install_commands(paths: Paths) -> None:
    pulumi_home.install_commands(toolchain.install(paths), paths)


def _install_plugins(paths: Paths) -> None:
    official = pulumi_home.install_plugins(paths)
    say(f"  Docker provider: {'the official one' if official else 'testbed.docker_provider'}")


def _make_base(paths: Paths) -> None:
    images.base(paths)


def _push_images(paths: Paths) -> None:
    images.push(images.pause())
    base = images.base(paths)
    images.push(base)
    say(f"  base image: {base.reference}")


def _start_supervisor(paths: Paths) -> None:
    if supervision.states(paths):
        stopped = supervision.reload(paths)
        if stopped:
            say(f"  started anew, because their configuration changed: {', '.join(stopped)}")
        return
    with long_work("supervisord"):
        supervision.start(paths)


def _wait_for_pods(paths: Paths) -> None:
    settling.wait_for_pods(paths, supervision.began(paths))
    supervision.note_settled(paths)


def _boot(paths: Paths, only: frozenset[str] | None = None) -> None:
    chosen: list[Daemon] = [d for d in daemons(paths) if only is None or d.name in only]
    boot(chosen, Supervisord(paths), lambda name: log_of(paths, name))


def log_of(paths: Paths, name: str) -> Path:
    """Return where a daemon's output goes."""
    return paths.logs / f"{name}.log"


def tear_down(paths: Paths) -> None:
    """Remove everything but the cache.

    Raises:
        PlatformError: something of ours cannot be removed.
    """
    supervision.kill_all(paths)
    cgroups.remove(paths.cgroup)
    network.tear_down(paths)
    supervision.remove_folders(paths)
