"""What goes wrong in a run, as data: the scheduler's dice are thrown before it starts."""

from dataclasses import dataclass
from enum import StrEnum

from bot.contract.color import Color

FAULTS_END = 14.0


class Kind(StrEnum):
    """Of faults, and of what people do meanwhile."""

    SLEEP = "sleeps"
    CRASH = "crashes"
    STOP = "is stopped in order"
    CUT_DATABASE = "cut from the database"
    RENEWALS_LOST = "renewals are lost"
    CUT_VENUE = "cut from the venue"
    CUT_INTENT = "cut from the intent"
    WALL_STEP = "wall clock steps"
    DATABASE_STEP = "database's clock steps"
    SWAP = "the intent swaps the colors"
    SWAP_UNSEEN = "the intent swaps the colors, which one bot does not see"
    CANARY = "the intent moves the canary"
    ADOPT = "the bot's cluster adopts the database"
    STEP_BACK = "the database loses its last commits"
    COPY = "the same, and the server that was left lives on"


STEPS_BACK = (Kind.STEP_BACK, Kind.COPY)


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them."""

    at: float
    """Seconds after the start, or after the step that it is aimed at."""
    kind: Kind
    bot: int
    """The bot that it hits; of an intent: whose cluster's."""
    seconds: float
    """How long it lasts, by how much a clock steps, the canary's percent, or how many commits."""


@dataclass(frozen=True, slots=True)
class Ambush:
    """Faults aimed at a step: the nth message of a kind, or the answer to it."""

    bot: int
    kind: str
    nth: int
    at_answer: bool
    slower: float
    """Seconds that the message takes longer."""
    faults: tuple[Fault, ...]
    stall: float = 0.0
    """Seconds that the database takes longer over it, inside of its transaction."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, but for the order in which messages arrive."""

    seed: int
    colors: tuple[Color, ...]
    foreign: int
    """How many of the last bots are another cluster's."""
    rates: tuple[float, ...]
    database_rate: float
    shards: tuple[int, ...]
    signals: tuple[tuple[float, int], ...]
    """When, and for which shard."""
    max_age_seconds: float
    faults: tuple[Fault, ...]
    ambushes: tuple[Ambush, ...]
    slow: float
    venue_slow: float
    database_slow: float
    lost: float
    doubled: float
    rejects: float
    lag: float = 0.0
    """How late the venue shows what it accepted, as a share of what is waited for."""
