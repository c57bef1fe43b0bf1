"""A swap by plain `pulumi up` under load, followed by restarts.

The pods of the color that was left are deleted all at once. Then those that serve are replaced one
after the other: requests are lost when serving pods leave, hardly ever at the swap itself.
"""

import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.contract.color import Color
from tests.support.kube import Kube, ServiceWatch
from tests.support.late import LateService
from tests.support.prober.rows import Row
from tests.support.prober.summary import first_answers
from tests.support.stack import Stack
from tests.support.traffic import Prober, Traffic

MOVED_WITHIN_SECONDS = 2.0
"""The promise: from the Service's update until the new color answers a kept-alive client."""
WARM_SECONDS = 2.0
AFTER_SECONDS = 2.0
"""How long the load goes on when all pods are back."""
RESTART_AT_ONCE = 0.0
RESTART_LATER = 3.0
"""In seconds after the Service's update; later than what is promised to kept-alive clients."""
CLIENTS_AT_LEAST = 8
NEW_RATE_AT_LEAST = 299.5
"""300, less the one request that the last instant may miss."""
ATTEMPTS = 3
"""A void run proves nothing and is done again, so often at most."""

assert RESTART_LATER > MOVED_WITHIN_SECONDS


@dataclass(frozen=True, slots=True)
class Swap:
    """What became of one swap."""

    to: Color
    restart_after_seconds: float
    up_seconds: float
    service_after_seconds: float
    """From the command's start to the Service's update."""
    moved_after_seconds: dict[int, float]
    """For each kept-alive client that moved: its first answer by the new color."""
    clients: int
    stayed: int
    """Kept-alive clients that the old color still answered later than promised."""
    traffic: Traffic

    @property
    def lost(self) -> tuple[int, int]:
        """Losses on new and on kept-alive connections."""
        return self.traffic.lost("new"), self.traffic.lost("kept")

    @property
    def broken(self) -> list[str]:
        """Every promise of a swap that this one broke, in words."""
        return [*self.losses, *self._laggards(), *self._too_little_load()]

    @property
    def losses(self) -> list[str]:
        """What was lost, in words."""
        reports = {kind: self.traffic.report[kind] for kind in ("new", "kept")}
        return [
            f"{report['lost']} requests on {kind} connections were lost: {report['reasons']}"
            for kind, report in reports.items()
            if report["lost"]
        ]

    def _laggards(self) -> list[str]:
        times = self.moved_after_seconds.values()
        moved = sum(seconds <= MOVED_WITHIN_SECONDS for seconds in times)
        broken: list[str] = []
        if moved < self.clients:
            broken.append(f"{self.to} answered only {moved} of {self.clients} clients in time")
        if self.stayed:
            broken.append(f"{self.to.other} answered {self.stayed} clients later than promised")
        return broken

    def _too_little_load(self) -> list[str]:
        if self.clients >= CLIENTS_AT_LEAST and self.new_rate >= NEW_RATE_AT_LEAST:
            return []
        return [f"the load was only {self.new_rate:.0f}/s and {self.clients} kept connections"]

    @property
    def new_rate(self) -> float:
        """Requests per second on new connections."""
        report = self.traffic.report
        return report["new"]["requests"] / report["seconds"]

    def to_json(self) -> dict[str, Any]:
        """Return what is worth keeping."""
        return {
            "to": self.to,
            "restart_after_seconds": self.restart_after_seconds,
            "up_seconds": round(self.up_seconds, 3),
            "service_after_seconds": round(self.service_after_seconds, 3),
            "slowest_move_seconds": max(self.moved_after_seconds.values(), default=None),
            "clients": self.clients,
            "stayed": self.stayed,
            "traffic": dict(self.traffic.report),
        }


def swap_under_load(
    stack: Stack,
    to: Color,
    *,
    restart_after_seconds: float,
    learns_late: bool = False,
    before: Callable[[], None] = lambda: None,
) -> Swap:
    """Swap; do it again, back and forth, while the run was void.

    Args:
        stack: whose colors to swap.
        to: the color that shall be live.
        restart_after_seconds: when the old color's pods are deleted, after the Service's update.
        learns_late: whether the load comes from a node that learns of changes late.
        before: makes the pods ready for each attempt; an attempt replaces all of them.
    """
    for _ in range(ATTEMPTS):
        before()
        swap = _attempt(stack, to, restart_after_seconds, learns_late=learns_late)
        if not swap.traffic.void:
            return swap
        back(stack, to.other)
    raise AssertionError(f"{ATTEMPTS} runs were void: the machine is too busy")


def back(stack: Stack, color: Color) -> None:
    """Swap with no one looking."""
    stack.set("activeColor", color)
    stack.up()


def _attempt(stack: Stack, to: Color, restart_after_seconds: float, *, learns_late: bool) -> Swap:
    kube = Kube.of(stack)
    for color in Color:
        kube.wait_ready(color)
    with ExitStack() as open_now:
        folder = open_now.enter_context(tempfile.TemporaryDirectory(prefix="swap-"))
        watch = open_now.enter_context(ServiceWatch(kube))
        late = open_now.enter_context(LateService(kube)) if learns_late else None
        address = late.address if late else kube.address()
        prober = open_now.enter_context(Prober(address, Path(folder)))
        time.sleep(WARM_SECONDS)
        stack.set("activeColor", to)
        command = stack.start_up()
        moment = watch.wait(to, command.process)
        if moment is not None:
            time.sleep(max(0.0, moment + restart_after_seconds - time.monotonic()))
            kube.delete_pods(to.other)
        done = command.finish()
        assert moment is not None, f"the Service never selected {to}:\n{done.text}"
        kube.wait_ready(to.other)
        _replace(kube, to)
        time.sleep(AFTER_SECONDS)
        traffic = prober.stop()
    return Swap(
        to=to,
        restart_after_seconds=restart_after_seconds,
        up_seconds=done.seconds,
        service_after_seconds=moment - command.moment,
        moved_after_seconds=first_answers(traffic.rows, to, moment),
        clients=traffic.report["kept_connections"],
        stayed=_stayed(traffic.rows, to.other, moment + MOVED_WITHIN_SECONDS),
        traffic=traffic,
    )


def _replace(kube: Kube, color: Color) -> None:
    """Replace a color's pods one after the other, and wait until it is done."""
    old = [pod.uid for pod in kube.pods(color)]
    kube.restart(color)
    kube.wait_replaced(color, old)
    kube.wait_ready(color)


def _stayed(rows: Iterable[Row], color: Color, since: float) -> int:
    """Return how many kept-alive clients this color still answered then."""
    return len({row.lane for row in rows if row.color is color and row.done > since} - {None})
