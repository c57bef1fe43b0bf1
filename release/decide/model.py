"""What a release talks about: pods, counters, verdicts, journal entries. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.contract.color import Color

Scalar = str | int | bool
"""What a key of the stack config that a release touches may hold."""

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
"""What a journal entry may carry."""


class Verdict(StrEnum):
    """What an analysis says. Only PASS promotes."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    """Too little was seen to say."""
    ERROR = "error"
    """It could not be measured."""


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """What one test compared: a stream of attempts of both colors."""

    name: str
    tried: float
    """Attempts of the new color."""
    new_rate_pct: float
    old_rate_pct: float
    evidence: float
    evidence_needed: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a verdict rests on."""

    streams: tuple[StreamFigures, ...] = ()
    slow_blocks: int = 0
    blocks: int = 0
    """Blocks of time in which the latency of both was compared."""
    profit_quote: float | None = None
    """For information only: never judged."""


NO_FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why, and what it rests on."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()
    figures: Figures = NO_FIGURES


@dataclass(frozen=True, slots=True)
class Target:
    """What a release is about; fixed when it begins."""

    new: Color
    image: str
    """Reference of the new image, or `build`."""
    replicas: int
    old_image: str
    """Pinned reference that the old color runs."""
    old_replicas: int
    revision: str = ""
    """Commit that it was begun from."""
    by: str = ""
    reason: str = ""
    overrides: tuple[str, ...] = ()
    """Gates that a person has answered for."""

    @property
    def old(self) -> Color:
        """The color that it comes from."""
        return self.new.other


@dataclass(frozen=True, slots=True)
class Pod:
    """What matters of one pod, as the cluster and the pod itself report it."""

    name: str
    color: Color
    ready: bool
    terminating: bool
    image: str
    """Reference that its template names."""
    digest: str = ""
    """`sha256:…` of the image that runs; empty while none does."""
    version: str = ""
    """What `/version` answers; empty while it does not."""
    revision: str = ""
    """Commit that `/version` answers; empty while it does not."""
    restarts: int = 0
    reason: str = ""
    """Why it is not ready, in the cluster's words; empty when it does not say."""
    last_lines: tuple[str, ...] = ()
    """The end of its log, of the container before when it crashed; asked for when it is unfit."""

    @property
    def serves(self) -> bool:
        """Whether it is ready and stays; a terminating pod still says that it is ready."""
        return self.ready and not self.terminating


@dataclass(frozen=True, slots=True)
class Counters:
    """One scrape of one pod. None is what the pod did not report: never taken for zero."""

    pod: str
    at: float
    """Seconds since 1970, when the answer came."""
    started: float | None = None
    """Seconds since 1970, when the process began; another value means that counters began anew."""
    requests: float | None = None
    request_errors: float | None = None
    """Answers of 500 and above."""
    orders: float | None = None
    """Orders that got an answer or ran out of time."""
    order_errors: float | None = None
    """Those that ended in an error of ours or a time-out."""
    rejections: float | None = None
    """Those that the venue refused."""
    latency_buckets: tuple[tuple[float, float], ...] = ()
    """Upper bound in seconds, orders answered within it: cumulative, the last bound is infinity."""
    unresolved_orders: float | None = None
    heartbeat_age_seconds: float | None = None
    profit_quote: float | None = None
    """For information only: never judged."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One scrape of one color."""

    color: Color
    at: float
    pods: tuple[Counters, ...]
    failures: tuple[str, ...] = ()
    """One text per pod that could not be scraped, or for the provider as a whole."""


@dataclass(frozen=True, slots=True)
class Look:
    """Both colors at one time: what an analysis takes a sequence of."""

    old: Snapshot
    new: Snapshot


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One entry of a stack's journal as a store keeps it; `journal_codec` gives it its type."""

    sequence: int
    """Given by the store, rising; 0 while only buffered."""
    release: str
    """Id of the release that it belongs to."""
    at: datetime
    kind: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Lock:
    """Who runs a release on this stack."""

    holder: str
    """User, machine, process and a random part, for people and for comparing."""
    since: datetime
    renewed: datetime


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A digest that may not become active again until cleared."""

    digest: str
    since: datetime
    by: str
    reason: str


class Severity(StrEnum):
    """How a message wants to be read."""

    INFO = "info"
    GOOD = "good"
    BAD = "bad"
    URGENT = "urgent"
    """A person is needed now."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to people: one per transition. Never holds a secret."""

    key: str
    """The same for a repeated try of the same message: release and sequence."""
    severity: Severity
    title: str
    lines: tuple[str, ...] = ()
