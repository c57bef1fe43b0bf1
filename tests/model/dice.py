"""Throws the dice of a run: anything at any time, or a change of hands under load."""

from dataclasses import replace
from random import Random

from bot.contract.color import Color
from tests.model.plan import FAULTS_END, STEPS_BACK, Ambush, Fault, Kind, Plan

_B, _G = Color.BLUE, Color.GREEN
_BOTS = (
    ((_B, _G), 0),
    ((_B, _G), 0),
    ((_B, _B), 0),
    ((_B, _G, _B), 0),
    ((_B, _G, _G), 0),
    ((_B, _G, _B), 1),
    ((_B, _B), 1),
)
"""Their colors, and how many of the last are another cluster's."""
CANARIES = (0, 10, 40)
"""Percents that move none, one or two of the shards below."""
_SHARDS = ((35,), (35, 7), (35, 7), (35, 7, 80))
_STEPS = ("ReadWork", "CommitIntent", "Send", "Ask", "Record", "Close", "Keep", "Release")
_OFTEN = {"ReadWork": 16, "Keep": 16, "Release": 2, "Close": 1}
_HITS_ONE = tuple(kind for kind in Kind if kind not in (Kind.ADOPT, *STEPS_BACK))
_STEPS_BACK = 5
"""In one of so many runs the database does."""
_OUTLIVES_RECOVERY_SECONDS = 40.0
_COMMITS = (1, 2, 3, 5, 8, 20, 1000)


def make_plan(seed: int, drift_max: float) -> Plan:
    """Throw all the dice of one run."""
    random = Random(seed)  # noqa: S311 - a replayable run, no secret
    colors, foreign = random.choice(_BOTS)
    plan = Plan(
        seed=seed,
        colors=colors,
        foreign=foreign,
        rates=tuple(1 + random.uniform(-drift_max, drift_max) for _ in colors),
        database_rate=1 + random.uniform(-drift_max, drift_max),
        shards=random.choice(_SHARDS),
        signals=(),
        max_age_seconds=12.0,
        faults=(),
        ambushes=tuple(_ambush(random, len(colors)) for _ in range(random.randint(0, 4))),
        slow=random.choice((0.0, 0.02, 0.1)),
        venue_slow=random.choice((0.0, 0.1, 0.5)),
        database_slow=random.choice((0.0, 0.02, 0.3)),
        lost=random.choice((0.0, 0.05, 0.2)),
        doubled=random.choice((0.0, 0.1)),
        rejects=random.choice((0.0, 0.1)),
    )
    shape = random.choice(_SHAPES)
    plan = shape(plan, random)
    plan = _adopting(plan, random) if foreign else plan
    plan = replace(plan, lag=random.choice((0.0, random.random(), 1.0)))
    return _stepping_back(plan) if seed % _STEPS_BACK == 0 else plan


def _signals(
    plan: Plan, random: Random, since: float, until: float, counts: tuple[int, ...]
) -> tuple[tuple[float, int], ...]:
    return tuple(
        (random.uniform(since, until), random.choice(plan.shards))
        for _ in range(random.choice(counts))
    )


def _anywhere(plan: Plan, random: Random) -> Plan:
    return replace(
        plan,
        signals=_signals(plan, random, 0, FAULTS_END - 1, (2, 6, 12)),
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
        signals=_signals(plan, random, start, start + 7, (8, 16, 24)),
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
            Fault(random.uniform(0, 0.3), Kind.STOP, 0, random.uniform(0, 3)),
            Fault(random.uniform(0, 0.3), Kind.DATABASE_STEP, 0, 5.0),
            Fault(0.0, Kind.DATABASE_STEP, 0, 5.0),
            Fault(random.uniform(0, 0.3), Kind.WALL_STEP, 0, random.uniform(2, 5)),
        )
    )
    also = random.choice(((), (_short_sleep(random),), (_quick_crash(random),)))
    aimed = replace(_late_order(random), faults=(moved, *also))
    return replace(
        plan,
        signals=_signals(plan, random, start, start + 6, (8, 16, 24)),
        ambushes=(*plan.ambushes, aimed),
    )


def _moving(plan: Plan, random: Random) -> Plan:
    """The intent changes again and again, or there and back; a hand-over is slow."""
    start, slower = random.uniform(1, 3), random.uniform(0.5, 3)
    slow = Ambush(
        bot=0,
        kind=random.choice(("Release", "Release", "Keep")),
        nth=random.randint(1, 2),
        at_answer=False,
        slower=slower if slower < 2 else 2.6 * slower,
        faults=(),
    )
    changes = random.choice((_changes, _there_and_back))(start, len(plan.colors), random)
    return replace(
        plan,
        signals=_signals(plan, random, start, start + 7, (8, 16, 24)),
        faults=changes,
        ambushes=(*plan.ambushes, slow, _late_order(random)),
    )


def _expiring(plan: Plan, random: Random) -> Plan:
    """Too many signals at once: the last ones are too old, or not, as clock and holder change."""
    start = random.uniform(1, 3)
    closing = Ambush(
        bot=0,
        kind="Close",
        nth=random.randint(1, 3),
        at_answer=False,
        slower=0.0,
        faults=(
            Fault(random.uniform(0, 0.2), Kind.SWAP, 0, 0.0),
            Fault(random.uniform(0, 0.2), Kind.DATABASE_STEP, 0, random.choice((-5.0, 5.0))),
        ),
        stall=random.uniform(0.5, 2.5),
    )
    reading = Ambush(
        bot=0,
        kind="ReadWork",
        nth=random.randint(3, 20),
        at_answer=False,
        slower=0.0,
        faults=(Fault(0.0, Kind.SLEEP, 0, random.uniform(0.5, 4)),),
    )
    return replace(
        plan,
        signals=_signals(plan, random, start, start + 0.5, (8, 16)),
        max_age_seconds=random.uniform(2, 4),
        ambushes=(*plan.ambushes, closing, reading),
    )


def _waking(plan: Plan, random: Random) -> Plan:
    """The first bot sleeps until its lease has run out; what it asked for arrives meanwhile."""
    start = random.uniform(1, 3)
    asleep = random.uniform(5.5, 8)
    kind = random.choice((Kind.SWAP, Kind.CANARY, Kind.CRASH))
    moved = asleep + random.uniform(-0.6, 0.6)
    asking = Ambush(
        bot=0,
        kind=random.choice(("Keep", "Keep", "CommitIntent", "Send")),
        nth=random.randint(1, 3),
        at_answer=False,
        slower=random.choice((0.0, random.uniform(4.9, 7))),
        faults=(
            Fault(0.0, Kind.SLEEP, 0, asleep),
            Fault(moved, kind, 0, CANARIES[-1]),
            Fault(moved + random.uniform(0.5, 3), kind, 0, CANARIES[0]),
        ),
    )
    return replace(
        plan,
        signals=_signals(plan, random, start, FAULTS_END - 1, (8, 16)),
        ambushes=(*plan.ambushes, asking),
    )


def _changes(at: float, bots: int, random: Random) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for _ in range(random.randint(2, 6)):
        at += random.choice((random.uniform(0, 0.5), random.uniform(0, 2)))
        kind = random.choice((Kind.SWAP, Kind.CANARY, Kind.CANARY, Kind.CUT_INTENT))
        seconds = random.uniform(0.5, 6) if kind is Kind.CUT_INTENT else random.choice(CANARIES)
        faults.append(Fault(at, kind, random.randrange(bots), seconds))
    return tuple(faults)


def _there_and_back(at: float, bots: int, random: Random) -> tuple[Fault, ...]:
    del bots
    kind = random.choice((Kind.SWAP, Kind.CANARY))
    back = at + random.uniform(0.1, 1.5)
    return (Fault(at, kind, 0, CANARIES[-1]), Fault(back, kind, 0, CANARIES[0]))


def _adopting(plan: Plan, random: Random) -> Plan:
    """In most runs somebody says, once, that the other cluster may have the database."""
    if random.random() < 0.3:
        return plan
    adopt = Fault(random.uniform(2, FAULTS_END - 2), Kind.ADOPT, len(plan.colors) - 1, 0.0)
    return replace(plan, faults=(*plan.faults, adopt))


def _stepping_back(plan: Plan) -> Plan:
    """Once or twice, with signals before and after; dice of its own leave all the others alone."""
    random = Random(~plan.seed)  # noqa: S311 - a replayable run, no secret
    faults = (
        Fault(
            random.uniform(2, FAULTS_END - 1),
            random.choice(STEPS_BACK),
            random.randrange(len(plan.colors)),
            random.choice(_COMMITS),
        )
        for _ in range(random.choice((1, 1, 2)))
    )
    signals = _signals(plan, random, 0, FAULTS_END - 1, (4, 8, 12))
    return replace(
        plan,
        signals=(*plan.signals, *signals),
        faults=(*plan.faults, *faults),
        max_age_seconds=random.choice((plan.max_age_seconds, _OUTLIVES_RECOVERY_SECONDS)),
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
        stall=random.uniform(0.4, 1.0) if kind == "CommitIntent" else 0.0,
    )


def _short_sleep(random: Random) -> Fault:
    """Shorter than a request's window: what it sends on waking is still taken."""
    return Fault(random.uniform(0, 0.1), Kind.SLEEP, 0, random.uniform(0.5, 1.5))


def _quick_crash(random: Random) -> Fault:
    """Gone and back while what it sent is still on its way."""
    return Fault(random.uniform(0, 0.2), Kind.CRASH, 0, random.uniform(0, 0.2))


def _fault(random: Random, bot: int, at: float) -> Fault:
    kind = random.choice(_HITS_ONE)
    seconds = random.choice((random.uniform(0.2, 3), random.uniform(4, 8)))
    if kind in {Kind.WALL_STEP, Kind.DATABASE_STEP}:
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
        nth=random.randint(1, _OFTEN.get(kind, 4)),
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


_SHAPES = (_anywhere, _losing, _handing_over, _handing_over, _moving, _expiring, _waking)
