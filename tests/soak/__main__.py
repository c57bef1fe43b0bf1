"""`python -m tests.soak`: many swaps and both controls; what an earlier run did counts.

Each run does what is missing, prints the table, and fails if any repetition ever broke a promise.
"""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from bot.contract.color import Color
from tests.soak.results import Kind, Result, append, fingerprint, load, missing
from tests.soak.table import table
from tests.support.checkout import ROOT
from tests.support.deployed import deployed
from tests.support.faults import keep_connections
from tests.support.images import build_faulty
from tests.support.kube import Kube
from tests.support.platform import Platform, find_platform
from tests.support.stack import BUILD, Stack, two_colors
from tests.support.swap import RESTART_AT_ONCE, RESTART_LATER, Swap, back, swap_under_load

_FILE = ROOT / "reports" / "soak.jsonl"
_CONTROLS = 2
"""How often each control is shown: once could be an accident."""

Repeat = Callable[[int], tuple[Swap, list[str]]]
"""Does the repetition of this number; returns it and what was not as it should be."""


def main() -> int:
    """Do what is missing."""
    parser = ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = {Kind.SWAP: parser.parse_args().repetitions}
    repetitions |= dict.fromkeys((Kind.LATE, Kind.WITHOUT_DRAIN, Kind.WITHOUT_CLOSE), _CONTROLS)
    sources = fingerprint()
    left = {kind: missing(kind, repetitions[kind], load(_FILE, sources)) for kind in Kind}
    _say(f"sources {sources}; to do: {', '.join(f'{left[kind]} of {kind}' for kind in Kind)}")
    if any(left.values()):
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            _work(left, sources, Path(folder), find_platform())
    results = load(_FILE, sources)
    _say(table(results))
    broken = [f"{result.kind}: {reason}" for result in results for reason in result.broken]
    _say("\n".join(broken) or "every repetition was as promised")
    return 1 if broken else 0


def _work(left: dict[Kind, int], sources: str, folder: Path, platform: Platform) -> None:
    created = Stack.create("soak", folder / "soak", platform)
    with deployed(created, two_colors(BUILD, platform)) as stack:
        stack.pin()
        _repeat(Kind.SWAP, left, sources, _swaps(stack))
        _repeat(Kind.LATE, left, sources, _late_swaps(stack))
        if left[Kind.WITHOUT_DRAIN]:
            with _without_drain(stack):
                _repeat(Kind.WITHOUT_DRAIN, left, sources, _without_drain_swaps(stack))
        image = build_faulty(stack.image(Color.BLUE), platform)
    if left[Kind.WITHOUT_CLOSE]:
        created = Stack.create("soak-faulty", folder / "faulty", platform)
        with deployed(created, two_colors(image, platform)) as stack:
            _repeat(Kind.WITHOUT_CLOSE, left, sources, _without_close_swaps(stack))


def _repeat(kind: Kind, left: dict[Kind, int], sources: str, repeat: Repeat) -> None:
    for number in range(left[kind]):
        swap, broken = repeat(number)
        append(_FILE, Result(kind, sources, broken, swap.to_json()))
        _say(f"{kind} {number + 1} of {left[kind]}: {'; '.join(broken) or 'as promised'}")


def _next(stack: Stack) -> Color:
    return Color(stack.outputs()["activeColor"]).other


def _swaps(stack: Stack) -> Repeat:
    def repeat(number: int) -> tuple[Swap, list[str]]:
        after = (RESTART_AT_ONCE, RESTART_LATER)[number % 2]
        swap = swap_under_load(stack, _next(stack), restart_after_seconds=after)
        return swap, swap.broken

    return repeat


def _late_swaps(stack: Stack) -> Repeat:
    def repeat(_: int) -> tuple[Swap, list[str]]:
        swap = _late_swap(stack)
        return swap, swap.losses

    return repeat


def _without_drain_swaps(stack: Stack) -> Repeat:
    def repeat(_: int) -> tuple[Swap, list[str]]:
        swap = _late_swap(stack)
        return swap, [] if swap.losses else ["nothing was lost without the drain"]

    return repeat


def _late_swap(stack: Stack) -> Swap:
    return swap_under_load(
        stack, _next(stack), restart_after_seconds=RESTART_AT_ONCE, learns_late=True
    )


def _without_close_swaps(stack: Stack) -> Repeat:
    kube = Kube.of(stack)

    def repeat(_: int) -> tuple[Swap, list[str]]:
        back(stack, Color.BLUE)
        swap = swap_under_load(
            stack,
            Color.GREEN,
            restart_after_seconds=RESTART_LATER,
            before=lambda: keep_connections(kube, Color.BLUE),
        )
        moved = swap.clients - swap.stayed
        return swap, [f"{moved} clients moved without Connection: close"] if moved else []

    return repeat


@contextmanager
def _without_drain(stack: Stack) -> Generator[None]:
    stack.set("drainSeconds", 0)
    stack.up()
    yield
    stack.set("drainSeconds", 6)
    stack.up()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the report


if __name__ == "__main__":
    sys.exit(main())
