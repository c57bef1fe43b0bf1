"""How soon the kill switch stops new risk, by the command: `python -m tests.bench.kill_switch`."""

import statistics
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from bot.contract.color import Color
from tests.bench.report import Figure
from tests.bench.signals import p99
from tests.support.deployed import deployed
from tests.support.kill_switch import Thrown, buying, release, throw
from tests.support.market import trading_stack
from tests.support.platform import Platform, find_platform
from tests.support.stack import BUILD, Stack, two_colors

TIMES = 50
PER_SECOND = 10


def kill_switch(image: str, platform: Platform, times: int = TIMES) -> list[Figure]:
    """Throw it again and again under signals for new risk."""
    thrown: list[Thrown] = []
    with tempfile.TemporaryDirectory(prefix="kill-switch-") as folder:
        path = Path(folder) / "stack"
        with trading_stack("bench-kill", image, path, platform) as market:
            market.wait_all_held(Color.BLUE)
            with market.senders("bench", per_second=PER_SECOND, make=buying):
                for number in range(times):
                    if number:
                        release(market)
                    thrown.append(throw(market))
    last = [each.last_order_seconds for each in thrown]
    took = [each.up_seconds for each in thrown]
    note = f"{times} times, 4 pods, {PER_SECOND} signals/s; from `pulumi up` on"
    what = "kill switch: command → last order of new risk"
    return [
        Figure(f"{what}: p50", statistics.median(last), "s", note=note),
        Figure(f"{what}: p99", p99(last), "s"),
        Figure("kill switch: the command: p50", statistics.median(took), "s"),
        Figure("kill switch: the command: p99", p99(took), "s"),
        Figure("kill switch: orders after it", sum(each.orders_after_up for each in thrown), "", 0),
    ]


def main() -> int:
    """Measure on a stack of its own, and print."""
    parser = ArgumentParser(prog="python -m tests.bench.kill_switch", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    times, platform = parser.parse_args().times, find_platform()
    with tempfile.TemporaryDirectory(prefix="kill-switch-image-") as folder:
        created = Stack.create("bench-image", Path(folder) / "image", platform)
        with deployed(created, two_colors(BUILD, platform)) as stack:
            figures = kill_switch(stack.image(Color.BLUE), platform, times)
    print("\n".join(figure.line for figure in figures))  # noqa: T201 - the report
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
