from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from testbed.boot import Clock, boot, startable
from testbed.daemons import Daemon
from testbed.shell import PlatformError


@dataclass
class Time:
    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Platform:
    """Daemons that are ready some seconds after they were started."""

    time: Time = field(default_factory=Time)
    started: dict[str, float] = field(default_factory=dict[str, float])
    order: list[str] = field(default_factory=list[str])
    state: str = "RUNNING"

    def states(self) -> dict[str, str]:
        return dict.fromkeys(self.started, self.state)

    def start(self, name: str) -> None:
        self.started[name] = self.time.seconds
        self.order.append(name)

    def daemon(self, name: str, after: Iterable[str] = (), needs_seconds: float = 1) -> Daemon:
        def ready() -> str | None:
            waited = self.time.seconds - self.started.get(name, self.time.seconds)
            return None if waited >= needs_seconds else "connection refused"

        return Daemon(name, ("/bin/a",), ready, after=tuple(after), deadline_seconds=5)

    def boot(self, *daemons: Daemon, log_of: Callable[[str], Path] = Path) -> None:
        boot(daemons, self, log_of, Clock(self.time.now, self.time.sleep))


def test_a_daemon_starts_when_those_that_it_needs_are_ready() -> None:
    platform = Platform()
    etcd, api = platform.daemon("etcd"), platform.daemon("api", ["etcd"])
    platform.boot(etcd, api, platform.daemon("kubelet", ["api"]))
    assert platform.order == ["etcd", "api", "kubelet"]
    assert platform.started["api"] >= 1


def test_daemons_that_do_not_need_each_other_start_together() -> None:
    platform = Platform()
    platform.boot(platform.daemon("a"), platform.daemon("b"))
    assert platform.started == {"a": 0, "b": 0}


def test_a_daemon_that_gave_up_fails_at_once_with_the_end_of_its_log(tmp_path: Path) -> None:
    platform = Platform(state="FATAL")
    tmp_path.joinpath("etcd").write_text("\n".join(["early words", *["…"] * 30, "disk is full"]))
    with pytest.raises(PlatformError) as caught:
        platform.boot(platform.daemon("etcd"), log_of=tmp_path.joinpath)
    text = str(caught.value)
    assert platform.time.seconds == 0
    assert "etcd is not ready after 0 s (supervisor: FATAL)" in text
    assert "connection refused" in text
    assert "disk is full" in text
    assert "early words" not in text
    assert ".venv/bin/testbed up" in text


def test_a_daemon_that_is_never_ready_fails_at_its_deadline() -> None:
    platform = Platform()
    with pytest.raises(PlatformError, match="a is not ready after 5 s"):
        platform.boot(platform.daemon("a", needs_seconds=1000))
    assert 5 <= platform.time.seconds < 6


def test_something_else_that_answers_in_its_place_is_not_readiness() -> None:
    platform = Platform(state="FATAL")
    with pytest.raises(PlatformError, match="something else answers in its place"):
        platform.boot(platform.daemon("a", needs_seconds=0))


def test_what_waits_for_another_is_not_startable() -> None:
    platform = Platform()
    etcd, api = platform.daemon("etcd"), platform.daemon("api", ["etcd"])
    assert startable([etcd, api], frozenset(), frozenset()) == [etcd]
    assert startable([etcd, api], frozenset(), frozenset({"etcd"})) == []
    assert startable([etcd, api], frozenset({"etcd"}), frozenset({"etcd"})) == [api]
