"""The results of a soak as a table. Pure."""

from collections.abc import Iterable, Sequence

from tests.soak.results import Kind, Result

_HEADING = (
    "what",
    "runs",
    "as promised",
    "new: requests",
    "lost",
    "kept: requests",
    "lost",
    "slowest move (s)",
    "clients that stayed",
    "up (s)",
    "prober's lag (s)",
)


def table(results: Sequence[Result]) -> str:
    """Return Markdown: one line per kind, sums for requests and losses, the worst for times."""
    lines = [_HEADING, tuple("---" for _ in _HEADING)]
    lines += [_line(kind, [one for one in results if one.kind == kind]) for kind in Kind]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(kind: Kind, results: Sequence[Result]) -> tuple[str, ...]:
    swaps = [result.measurements for result in results]
    traffic = [swap["traffic"] for swap in swaps]
    moves = [swap["slowest_move_seconds"] for swap in swaps]
    return (
        kind.value,
        str(len(results)),
        str(sum(not result.broken for result in results)),
        str(sum(one["new"]["requests"] for one in traffic)),
        str(sum(one["new"]["lost"] for one in traffic)),
        str(sum(one["kept"]["requests"] for one in traffic)),
        str(sum(one["kept"]["lost"] for one in traffic)),
        _worst(move for move in moves if move is not None),
        f"{sum(swap['stayed'] for swap in swaps)} of {sum(swap['clients'] for swap in swaps)}",
        _worst(swap["up_seconds"] for swap in swaps),
        _worst(one["lag_seconds"]["largest"] for one in traffic),
    )


def _worst(values: Iterable[float]) -> str:
    return f"{max(values, default=0.0):.2f}"
