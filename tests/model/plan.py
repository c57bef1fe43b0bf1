"""What goes wrong in a run, as data: the scheduler's dice are thrown before it starts."""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from bot.contract.color import Color

FAULTS_END = 16.0
_COLORS = (
    (Color.BLUE, Color.GREEN),
    (Color.BLUE, Color.BLUE),
    (Color.BLUE, Color.GREEN, Color.BLUE),
    (Color.BLUE, Color.GREEN, Color.GREEN),
)
CANARIES = (0, 10, 40)
"""Percents that move none, one or two of the shards below."""
_SHARDS = ((35,), (35,), (7, 35), (7, 35, 80))
_STEPS = ("ReadWork", "CommitIntent", "Send", "Ask", "Record", "Keep", "Release")


class Kind(StrEnum):
    """Of faults, and of what people do meanwhile."""

    SLEEP = "sleeps"
    CRASH = "crashes"
    CUT_DATABASE = "cut from the database"
    RENEWALS_LOST = "renewals are lost"
    CUT_VENUE = "cut from the venue"
    CUT_INTENT = "cut from the intent"
    WALL_STEP = "wall clock steps"
    DATABASE_STEP = "database's clock steps"
    SWAP = "the intent swaps the colors"
    SWAP_UNSEEN = "the intent swaps the colors, which one bot does not see"
    CANARY = "the intent moves the canary"
    ADOPT = "another cluster adopts the database"


@dataclass(frozen=True, slots=True)
class Fault:
    """One of them."""

    at: float
    """Seconds after the start, or after the step that it is aimed at."""
    kind: Kind
    bot: int
    seconds: float
    """How long it lasts, by how much a clock steps, or the canary's percent."""


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
    rates: tuple[float, ...]
    database_rate: float
    foreign: bool
    """Whether the last bot is another cluster's."""
    shards: tuple[int, ...]
    signals: tuple[tuple[float, int], ...]
    """When, and for which shard."""
    faults: tuple[Fault, ...]
    ambushes: tuple[Ambush, ...]
    slow: float
    venue_slow: float
    database_slow: float
    lost: float
    doubled: float
    rejects: float


def make_plan(seed: int, drift_max: float) -> Plan:
    """Throw the dice: anything at any time, or a change of hands under load."""
    random = Random(seed)  # noqa: S311 - a replayable run, no secret
    colors = random.choice(_COLORS)
    plan = Plan(
        seed=seed,
        colors=colors,
        rates=tuple(1 + random.uniform(-drift_max, drift_max) for _ in colors),
        database_rate=1 + random.uniform(-drift_max, drift_max),
        foreign=len(colors) > 2 and random.random() < 0.25,
        shards=random.choice(_SHARDS),
        signals=(),
        faults=(),
        ambushes=tuple(_ambush(random, len(colors)) for _ in range(random.randint(0, 4))),
        slow=random.choice((0.0, 0.02, 0.1)),
        venue_slow=random.choice((0.0, 0.1, 0.5)),
        database_slow=random.choice((0.0, 0.02, 0.3)),
        lost=random.choice((0.0, 0.05, 0.2)),
        doubled=random.choice((0.0, 0.1)),
        rejects=random.choice((0.0, 0.1)),
    )
    return random.choice((_anywhere, _losing, _handing_over, _handing_over))(plan, random)


def _anywhere(plan: Plan, random: Random) -> Plan:
    return replace(
        plan,
        signals=tuple(
            (random.uniform(0, FAULTS_END - 1), random.choice(plan.shards))
            for _ in range(random.choice((2, 6, 12)))
        ),
        faults=tuple(
            _fault(random, random.randrange(len(plan.colors)), random.uniform(0.5, FAULTS_END))
            for _ in range(random.randint(0, 5))
        ),
    )


def _losing(plan: Plan, random: Random) -> Plan:
    """Signals come thick while the first bot's renewals fail, perhaps after a sleep."""
    start = random.uniform(1, 3)
    renewals = _ambush(random, 1)
    sleep = Fault(0.0, Kind.SLEEP, 0, random.uniform(0.5, 4.8))
    renewals = replace(
        renewals,
        kind="Keep",
        nth=random.randint(2, 4),
        at_answer=False,
        slower=0.0,
        faults=(
            Fault(random.uniform(0.1, 0.3), Kind.RENEWALS_LOST, 0, 8.0),
            *((sleep,) if random.random() < 0.5 else ()),
        ),
    )
    more = (
        _fault(random, random.randrange(len(plan.colors)), start + random.uniform(0, 8))
        for _ in range(random.randint(0, 2))
    )
    swap = Fault(start, Kind.SWAP_UNSEEN, 0, 9.0)
    return replace(
        plan,
        signals=tuple(
            (start + random.uniform(0, 7), random.choice(plan.shards))
            for _ in range(random.choice((8, 16, 24)))
        ),
        faults=(*((swap,) if random.random() < 0.5 else ()), *more),
        ambushes=(*plan.ambushes, renewals, *(_late_order(random) for _ in range(3))),
    )


def _handing_over(plan: Plan, random: Random) -> Plan:
    """Authority or a clock moves while a request of the first bot is on its way."""
    start = random.uniform(1, 3)
    moved = random.choice(
        (
            Fault(random.uniform(0, 0.3), Kind.SWAP, 0, 0.0),
            Fault(random.uniform(0, 0.3), Kind.CANARY, 0, random.choice(CANARIES)),
            Fault(random.uniform(0, 0.3), Kind.DATABASE_STEP, 0, 5.0),
            Fault(0.0, Kind.DATABASE_STEP, 0, 5.0),
            Fault(random.uniform(0, 0.3), Kind.WALL_STEP, 0, random.uniform(2, 5)),
        )
    )
    aimed = replace(
        _late_order(random),
        faults=(moved, *((_short_sleep(random),) if random.random() < 0.5 else ())),
    )
    return replace(
        plan,
        signals=tuple(
            (start + random.uniform(0, 6), random.choice(plan.shards))
            for _ in range(random.choice((8, 16, 24)))
        ),
        ambushes=(*plan.ambushes, aimed),
    )


def _late_order(random: Random) -> Ambush:
    """An order of the first bot that is slow to commit, or slow to arrive."""
    kind = random.choice(("CommitIntent", "Send"))
    return Ambush(
        bot=0,
        kind=kind,
        nth=random.randint(1, 8),
        at_answer=False,
        slower=random.uniform(0.3, 1.5) if kind == "Send" else 0.0,
        faults=(),
        stall=random.uniform(0.5, 1.9) if kind == "CommitIntent" else 0.0,
    )


def _short_sleep(random: Random) -> Fault:
    """Shorter than a request's window: what it sends on waking is still taken."""
    return Fault(random.uniform(0, 0.1), Kind.SLEEP, 0, random.uniform(0.5, 1.5))


def _fault(random: Random, bot: int, at: float) -> Fault:
    kind = random.choice(list(Kind))
    seconds = random.choice((random.uniform(0.2, 3), random.uniform(4, 8)))
    if kind in (Kind.WALL_STEP, Kind.DATABASE_STEP):
        seconds = random.uniform(-5, 5)
    if kind is Kind.CANARY:
        seconds = random.choice(CANARIES)
    return Fault(at, kind, bot, seconds)


def _ambush(random: Random, bots: int) -> Ambush:
    bot = random.randrange(bots)
    kind = random.choice(_STEPS)
    return Ambush(
        bot=bot,
        kind=kind,
        nth=random.randint(1, 16 if kind in ("ReadWork", "Keep") else 4),
        at_answer=random.random() < 0.5,
        slower=random.choice((0.0, random.uniform(0, 1), random.uniform(0.5, 6))),
        faults=tuple(
            _fault(
                random,
                random.choice((bot, bot, bot, random.randrange(bots))),
                random.choice((0.0, random.uniform(0, 0.1), random.uniform(0, 2))),
            )
            for _ in range(random.randint(0, 2))
        ),
    )
