"""The executor keeps nothing from one turn to the next, and decides nothing itself."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from bot.authority.lease import Claimant
from bot.authority.orders import Order
from bot.authority.orders import Signal as Pending
from bot.authority.protocol import (
    Answer,
    Ask,
    AskLists,
    Close,
    CommitIntent,
    Effect,
    Record,
    Reply,
    Send,
    Turn,
)
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approval, Approved, Facts, Refused
from bot.trader.turns import Executor
from bot.trading.orders import Fill, Report, Side, State, Terms
from bot.trading.signals import Fate, Signal
from bot.venues.port import KnownError, NotTakenError, VenueError
from tests.support.fakes import FakeVenue, memory_ledger

BTC = "BTC/USDT"
ASKED = Terms(BTC, Side.BUY, Decimal("0.0123456"))
ON_THE_GRID = replace(ASKED, quantity=Decimal("0.012"))
ORDER = Order("s-1", "s", 1, shard_of(BTC), 1, "blue.1", stamp=0.0, dead_after=1.5, terms=ASKED)


class RecordingVenue(FakeVenue):
    """Fills what it is sent, or does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Terms] = []
        self.away = False
        self.refusal: VenueError | None = None
        self.listed: list[Report] = []
        self.trades: list[Fill] | None = []
        self.asked_since_us = 0

    async def place(self, order_id: str, terms: Terms, stamp: float) -> Report:
        del stamp
        self.sent.append(terms)
        if self.refusal:
            raise self.refusal
        if self.away:
            raise VenueError("no answer")
        return Report(order_id, terms.symbol, State.FILLED, filled_quantity=terms.quantity)

    async def find(self, order_id: str, symbol: str) -> Report | None:
        del order_id, symbol
        raise VenueError("no answer")

    async def orders(self, symbol: str, since_us: int) -> Sequence[Report]:
        self.asked_since_us = since_us
        return [shown for shown in self.listed if shown.symbol == symbol]

    async def fills(self, symbol: str, since_us: int) -> Sequence[Fill]:
        del since_us
        if self.trades is None:
            raise VenueError("no answer")
        return [traded for traded in self.trades if traded.symbol == symbol]


@dataclass
class Seen:
    """What a watcher is told."""

    answers: list[tuple[State, bool, bool]] = field(default_factory=list[tuple[State, bool, bool]])
    """State, whether with a report, whether decided in the same turn."""
    ends: list[tuple[str, Fate, str]] = field(default_factory=list[tuple[str, Fate, str]])
    lates: int = 0

    def decided(self, order: Order) -> None:
        del order

    def answered(
        self, order: Order, report: Report | None, since_decided_seconds: float | None
    ) -> None:
        self.answers.append((order.state, report is not None, since_decided_seconds is not None))

    def ended(self, signal: str, fate: Fate, reason: str) -> None:
        self.ends.append((signal, fate, reason))

    def late(self, refused_by: str) -> None:
        assert refused_by == "venue"
        self.lates += 1

    def quiet(self, seconds: float) -> None:
        raise AssertionError(seconds)


@dataclass
class Bench:
    ledger: Ledger
    venue: RecordingVenue
    seen: Seen
    verdict: Approval = field(default_factory=lambda: Approved(ON_THE_GRID, Decimal(0)))
    executor: Executor = field(init=False)

    def __post_init__(self) -> None:
        self.executor = Executor(self.ledger, self.venue, self._check, self.seen)

    def _check(self, terms: Terms, facts: Facts) -> Approval:
        del terms, facts
        return self.verdict


@pytest.fixture
async def bench() -> Bench:
    ledger = memory_ledger()
    await ledger.open()
    claimant = Claimant(ORDER.holder, Color.BLUE, 1)
    await ledger.keep(claimant, Intent(Color.BLUE), frozenset())
    await ledger.post(Signal("s", ASKED, 30.0, "test"))
    return Bench(ledger, RecordingVenue(), Seen())


def trying(epoch: int = 1) -> Turn:
    """Commit, send, record what came of it."""
    assert (yield CommitIntent(ORDER)) is True
    reply = yield Send(ORDER)
    state = State.FILLED if reply is Reply.FILLED else State.UNKNOWN
    yield Record(replace(ORDER, state=state), ORDER.holder, epoch)


def settling() -> Turn:
    reply: Answer = yield Ask(ORDER)
    assert reply is None
    yield Record(replace(ORDER, state=State.UNKNOWN), ORDER.holder, ORDER.epoch)


async def test_what_is_sent_is_what_was_approved(bench: Bench) -> None:
    assert await bench.executor.drive(trying())
    assert bench.venue.sent == [ON_THE_GRID]
    assert bench.seen.answers == [(State.FILLED, True, True)]


async def test_an_unanswered_order_moves_nothing(bench: Bench) -> None:
    bench.venue.away = True
    assert not await bench.executor.drive(trying())
    assert bench.seen.answers == [(State.UNKNOWN, False, True)]


async def test_a_report_that_was_not_recorded_is_forgotten_with_its_turn(bench: Bench) -> None:
    assert not await bench.executor.drive(trying(epoch=7))
    assert bench.seen.answers == []
    await bench.executor.drive(settling())
    assert bench.seen.answers == [(State.UNKNOWN, False, False)]


async def test_an_order_that_was_not_committed_in_this_turn_is_never_sent(bench: Bench) -> None:
    def sending() -> Generator[Send, Answer, None]:
        yield Send(ORDER)

    with pytest.raises(TypeError, match="s-1 is not committed"):
        await bench.executor.drive(sending())
    assert bench.venue.sent == []


async def test_a_refusal_ends_the_signal_and_moves_on(bench: Bench) -> None:
    def refused() -> Turn:
        assert (yield CommitIntent(ORDER)) is False

    bench.verdict = Refused("too much")
    assert await bench.executor.drive(refused())
    assert bench.seen.ends == [("s", Fate.REFUSED, "too much")]


async def test_a_signal_is_closed_with_the_fate_and_the_reason_of_the_rules(bench: Bench) -> None:
    def closing() -> Turn:
        pending = Pending("s", ORDER.shard, 0.0, 1.0)
        yield Close(pending, 0, Fate.EXPIRED, ORDER.holder, ORDER.epoch, "too old")

    assert await bench.executor.drive(closing())
    record = await bench.ledger.find("s")
    assert record
    assert (record.fate, record.reason) == (Fate.EXPIRED, "too old")


async def told(bench: Bench, *effects: Effect) -> list[Answer]:
    """Execute these in one turn; return what the rules are told."""
    answers: list[Answer] = []

    def turn() -> Turn:
        for effect in effects:
            answers.append((yield effect))  # noqa: PERF401 - nothing yields in a comprehension

    await bench.executor.drive(turn())
    return answers


MINE = Fill("9", "s-1", BTC, Side.BUY, Decimal("0.012"), Decimal(60_000), 1)
LISTED = Report("s-1", BTC, State.FILLED, "77", Decimal("0.012"))
OTHER = replace(LISTED, order_id="other")


@pytest.mark.parametrize(
    ("listed", "trades", "reply"),
    [
        ([], [], Reply.ABSENT),
        ([OTHER], [replace(MINE, order_id="other")], Reply.ABSENT),
        ([OTHER, LISTED], [MINE], Reply.FILLED),
        ([LISTED], [], Reply.FILLED),
        ([OTHER], [MINE], None),
        ([], None, None),
    ],
)
async def test_an_order_is_absent_when_neither_orders_nor_trades_have_it(
    bench: Bench, listed: list[Report], trades: list[Fill] | None, reply: Reply | None
) -> None:
    bench.venue.listed, bench.venue.trades = listed, trades
    assert await told(bench, AskLists(replace(ORDER, stamp=100.0))) == [reply]
    assert bench.venue.asked_since_us == 90_000_000


async def test_what_the_lists_show_is_recorded_with_its_fills(bench: Bench) -> None:
    bench.venue.away = True
    bench.venue.listed, bench.venue.trades = [LISTED], [MINE]
    await told(bench, CommitIntent(ORDER), Send(ORDER))
    filled = Record(replace(ORDER, state=State.FILLED), ORDER.holder, ORDER.epoch)
    await told(bench, AskLists(ORDER), filled)
    facts = await bench.ledger.facts()
    assert facts.positions[BTC].quantity == Decimal("0.012")


@pytest.mark.parametrize(
    ("error", "reply", "lates"), [(NotTakenError, Reply.NOT_TAKEN, 1), (KnownError, Reply.KNOWN, 0)]
)
async def test_known_already_is_no_refusal(
    bench: Bench, error: type[VenueError], reply: Reply, lates: int
) -> None:
    bench.venue.refusal = error("not taken")
    assert await told(bench, CommitIntent(ORDER), Send(ORDER)) == [True, reply]
    assert bench.seen.lates == lates
