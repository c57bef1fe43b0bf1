"""What the rows of a run say: a verdict, the losses with their reasons, who answered when. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bot.contract.color import Color
from tests.support.prober.rows import NEVER_SENT, Row

_LOSSES_SHOWN = 20


class Verdict(StrEnum):
    """CLEAN is the only good one."""

    CLEAN = "clean"
    LOST = "lost"
    VOID = "void"
    """The prober was late, sent nothing, or less than planned: neither a proof of loss nor of none.

    Less than planned: every request that was sent was answered, but so slowly that others never
    were. A machine with too much to do does that; what is lost leaves a request without an answer.
    """


@dataclass(frozen=True, slots=True)
class Spread:
    """How a measure is spread, in seconds."""

    median: float
    p99: float
    largest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sort and pick; all zero for no values."""
        ordered = sorted(values) or [0.0]
        last = len(ordered) - 1
        picked = (ordered[round(last * share)] for share in (0.5, 0.99, 1))
        return cls(*(round(value, 5) for value in picked))


@dataclass(frozen=True, slots=True)
class Kind:
    """The figures of one kind of request: on new connections, or on kept-alive ones."""

    requests: int
    lost: int
    reasons: dict[str, int]
    latency_seconds: Spread
    """Of the valid answers, counted from when the request was due."""

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Kind":
        """Count."""
        reasons = Counter(row.error for row in rows if row.lost)
        latency = Spread.of(row.done - row.due for row in rows if not row.lost)
        return cls(len(rows), reasons.total(), dict(reasons), latency)


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in short. Times are seconds since the first request was due."""

    verdict: Verdict
    seconds: float
    lag_seconds: Spread
    lag_limit_seconds: float
    new: Kind
    kept: Kind
    kept_connections: int
    """How many were open at a time."""
    answered: dict[str, tuple[float, float]]
    """For each color its first and its last answer."""
    losses: list[tuple[float, str]]
    """When the first ones were due, and why they are losses."""

    def to_json(self) -> dict[str, object]:
        """Return what `json.dumps` takes."""
        return asdict(self)


def summarize(rows: Sequence[Row], lags: Sequence[float], lag_limit_seconds: float) -> Summary:
    """Judge a run."""
    rows = sorted(rows, key=lambda row: row.due)
    start = rows[0].due if rows else 0.0
    lag = Spread.of(lags)
    lost = [row for row in rows if row.lost]
    late = lag.largest > lag_limit_seconds
    too_slow = bool(lost) and all(row.error == NEVER_SENT for row in lost)
    void = late or too_slow or not rows
    return Summary(
        verdict=Verdict.VOID if void else Verdict.LOST if lost else Verdict.CLEAN,
        seconds=round(rows[-1].due - start, 3) if rows else 0.0,
        lag_seconds=lag,
        lag_limit_seconds=lag_limit_seconds,
        new=Kind.of([row for row in rows if row.lane is None]),
        kept=Kind.of([row for row in rows if row.lane is not None]),
        kept_connections=len({row.lane for row in rows} - {None}),
        answered={color: span for color in Color if (span := _span(rows, color, start))},
        losses=[(round(row.due - start, 3), row.error) for row in lost[:_LOSSES_SHOWN]],
    )


def _span(rows: Sequence[Row], color: Color, start: float) -> tuple[float, float] | None:
    times = [row.done - start for row in rows if row.color is color]
    return (round(min(times), 3), round(max(times), 3)) if times else None


def first_answers(rows: Iterable[Row], color: Color, since: float) -> dict[int, float]:
    """Return for each kept-alive client the seconds from `since` to its first answer by `color`."""
    first: dict[int, float] = {}
    for row in sorted(rows, key=lambda row: row.done):
        if row.lane is not None and row.color is color and row.done >= since:
            first.setdefault(row.lane, round(row.done - since, 4))
    return first
