"""Ledger against venue: what is ours is taken over, everything else is named."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from bot.authority.lease import Claimant
from bot.authority.orders import Order
from bot.contract.color import Color
from bot.contract.intent import Intent
from bot.contract.shards import shard_of
from bot.ledger.ledger import Ledger
from bot.ledger.outcomes import Approved, Writer
from bot.ledger.sqlite import Sqlite
from bot.trader.market_state import MarketState
from bot.trader.reconciler import Reconciler
from bot.trading.orders import RESTING, Fill, Report, Side, State, Terms
from bot.trading.signals import Signal
from bot.venues.port import Balance, VenueError
from tests.support.fakes import FakeTime, FakeVenue

BTC = "BTC/USDT"
TERMS = Terms(BTC, Side.BUY, Decimal("0.5"), limit_price=Decimal(60_000))
COPY = (
    "bears this stack's mark, and the ledger does not know it: another process trades on a copy"
    " of this ledger, or the ledger lost commits"
)
FIRST_US = 1_700_000_000_000_000


@dataclass
class Book:
    """What the venue shows."""

    orders: dict[str, Report] = field(default_factory=dict[str, Report])
    trades: list[Fill] = field(default_factory=list[Fill])
    totals: dict[str, Decimal] = field(
        default_factory=lambda: {"BTC": Decimal(1), "USDT": Decimal(100_000)}
    )
    silent: bool = False


class ShownVenue(FakeVenue):
    """Shows a book."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.book = book

    async def time(self) -> float:
        return FIRST_US / 1e6

    async def find(self, order_id: str, symbol: str) -> Report | None:
        del symbol
        return self.book.orders.get(order_id)

    async def fills(self, symbol: str, since_us: int) -> Sequence[Fill]:
        if self.book.silent:
            raise VenueError("no answer")
        return [f for f in self.book.trades if f.symbol == symbol and f.at_us >= since_us]

    async def open_orders(self, symbol: str) -> Sequence[Report]:
        resting = (order for order in self.book.orders.values() if order.state in RESTING)
        return [order for order in resting if order.symbol == symbol]

    async def balances(self) -> Mapping[str, Balance]:
        return {name: Balance(total, Decimal(0)) for name, total in self.book.totals.items()}


@dataclass
class Scene:
    passed: FakeTime
    book: Book
    ledger: Ledger
    writer: Writer
    reconciler: Reconciler

    def writer_of(self, lease: int) -> Writer | None:
        """Hold every lease, each in its first epoch."""
        return Writer(self.writer.holder, self.writer.epoch, lease)

    async def look(self) -> tuple[str, ...]:
        await self.reconciler.run(self.writer_of)
        return tuple(str(difference) for difference in self.reconciler.differences)


@pytest.fixture(params=[0.0])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    """Give a ledger, and a venue that may lag for so many seconds."""
    book, ledger, passed = Book(), Ledger(Sqlite(), "main"), FakeTime()
    await ledger.open()
    kept = await ledger.keep(Claimant("blue.1", Color.BLUE, 1), Intent(Color.BLUE), ())
    assert {row.epoch for row in kept.granted} == {1}
    reconciler = Reconciler(
        ledger=ledger,
        venue=ShownVenue(book),
        market_state=MarketState((BTC,)),
        lag_seconds=request.param,
        boot=passed.monotonic,
    )
    yield Scene(passed, book, ledger, Writer("blue.1", 1, shard_of(BTC)), reconciler)
    await ledger.close()


def fill(trade: str, order_id: str, at_us: int = FIRST_US + 1) -> Fill:
    return Fill(trade, order_id, BTC, Side.BUY, Decimal("0.5"), Decimal(60_000), at_us)


async def resting(scene: Scene) -> Order:
    """Put an order into ledger and book, acknowledged and unfilled."""
    await scene.ledger.post(Signal("s-1", TERMS, 30.0, "test"))
    order = Order(
        order_id="s-1-1",
        signal="s-1",
        attempt=1,
        shard=Signal("s-1", TERMS, 30.0, "").shard,
        epoch=scene.writer.epoch,
        holder=scene.writer.holder,
        stamp=1.0,
        dead_after=2.5,
        terms=TERMS,
    )
    await scene.ledger.commit_intent(order, lambda _: Approved(TERMS, Decimal(30_000)))
    shown = Report("s-1-1", BTC, State.ACKED, "77")
    await scene.ledger.record(scene.writer, replace(order, state=State.ACKED), shown)
    scene.book.orders["s-1-1"] = shown
    return order


async def test_an_account_that_is_as_the_ledger_says_is_clean(scene: Scene) -> None:
    assert await scene.look() == ()
    assert scene.reconciler.clean
    assert await scene.ledger.baselines() == {"BTC": Decimal(1), "USDT": Decimal(100_000)}


async def test_what_the_account_did_before_its_first_order_here_is_not_ours(scene: Scene) -> None:
    scene.book.trades.append(fill("1", "", FIRST_US - 1))
    assert await scene.look() == ()


async def test_a_fill_of_a_resting_order_is_taken_over(scene: Scene) -> None:
    await resting(scene)
    await scene.look()
    traded = fill("9", "s-1-1")
    scene.book.trades.append(traded)
    scene.book.orders["s-1-1"] = Report("s-1-1", BTC, State.FILLED, "77", Decimal("0.5"), (traded,))
    scene.book.totals |= {"BTC": Decimal("1.5"), "USDT": Decimal(70_000)}
    assert await scene.look() == ()
    assert (await scene.ledger.facts()).positions[BTC].quantity == Decimal("0.5")
    assert not await scene.ledger.resting()


async def _foreign_fill(scene: Scene) -> str:
    await scene.look()
    scene.book.trades.append(fill("5", "web_1"))
    return f"fill {BTC} 5: buy 0.5 at 60000, by order web_1, which is not ours"


async def _foreign_order(scene: Scene) -> str:
    await scene.look()
    scene.book.orders["web_2"] = Report("web_2", BTC, State.ACKED, "78", terms=TERMS)
    return "order web_2: rests at the venue and is not ours (buy 0.5 BTC/USDT at 60000)"


async def _unknown_order(scene: Scene) -> str:
    await scene.look()
    scene.book.orders["bot.x-1"] = Report("bot.x-1", BTC, State.ACKED, "79", terms=TERMS)
    return f"unknown order bot.x-1: {COPY} (buy 0.5 BTC/USDT at 60000)"


async def _unknown_fill(scene: Scene) -> str:
    await scene.look()
    scene.book.trades += [fill("5", "bot.x-1"), fill("6", "bot.x-1")]
    return f"unknown order bot.x-1: {COPY} (BTC/USDT)"


async def _gone_order(scene: Scene) -> str:
    await resting(scene)
    await scene.look()
    scene.book.orders.clear()
    return "missing order s-1-1: the venue does not have it any more"


async def _gone_fill(scene: Scene) -> str:
    await scene.look()
    await resting(scene)
    await scene.ledger.record_fills(scene.writer, [fill("5", "s-1-1")])
    scene.book.totals |= {"BTC": Decimal("1.5"), "USDT": Decimal(70_000)}
    return f"missing fill {BTC} 5: the venue does not have it: buy 0.5 at 60000"


async def _other_balance(scene: Scene) -> str:
    await scene.look()
    scene.book.totals["USDT"] -= Decimal("12.5")
    return "balance USDT: the venue has 99987.5, the ledger expects 100000"


WRONG = [
    _foreign_fill,
    _foreign_order,
    _unknown_order,
    _unknown_fill,
    _gone_order,
    _gone_fill,
    _other_balance,
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_difference_is_named_and_makes_the_account_read_only_when_it_lasts(
    scene: Scene, wrong: Callable[[Scene], Awaitable[str]]
) -> None:
    named = await wrong(scene)
    assert await scene.look() == (named,)
    assert scene.reconciler.read_only is None
    await scene.look()
    assert scene.reconciler.read_only == f"ledger and venue differ: {named}"


async def test_read_only_ends_by_a_clean_look_and_a_name(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    await scene.look()
    scene.book.totals["USDT"] = Decimal(100_000)
    await scene.look()
    assert scene.reconciler.read_only, "clean alone is not enough"
    await scene.ledger.acknowledge("operator")
    await scene.look()
    assert scene.reconciler.read_only is None


async def test_a_name_without_a_clean_look_ends_nothing(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    await scene.look()
    await scene.ledger.acknowledge("operator")
    await scene.look()
    assert scene.reconciler.read_only


async def test_a_difference_that_is_gone_at_the_next_look_stops_nothing(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    scene.book.totals["USDT"] = Decimal(100_000)
    assert await scene.look() == ()
    assert scene.reconciler.read_only is None


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_a_person_resolved_is_no_difference_any_more(
    scene: Scene, wrong: Callable[[Scene], Awaitable[str]]
) -> None:
    named = await wrong(scene)
    await scene.look()
    await scene.look()
    noted = await scene.ledger.noted()
    assert [str(one.difference) for one in noted] == [named]
    assert await scene.ledger.resolve("ops", "a test", noted)
    assert await scene.look() == ()
    assert scene.reconciler.read_only is None
    assert await scene.ledger.noted() == []
    assert await scene.look() == ()


async def test_an_order_that_a_person_says_is_gone_ends(scene: Scene) -> None:
    await _gone_order(scene)
    await scene.look()
    await scene.look()
    await scene.ledger.resolve("ops", "the testnet was reset", await scene.ledger.noted())
    await scene.look()
    assert not await scene.ledger.resting()
    record = await scene.ledger.find("s-1")
    assert record is not None
    assert [order.state for order in record.orders] == [State.CANCELLED]


async def test_what_is_not_ours_never_changes_our_positions(scene: Scene) -> None:
    await scene.look()
    scene.book.trades += [fill("5", "web_1"), fill("6", "bot.x-1"), fill("7", "")]
    await scene.look()
    assert (await scene.ledger.facts()).positions == {}
    assert (await scene.ledger.expected(0)).moved == {}


async def test_a_difference_lasts_by_what_it_is_about_whatever_its_amount(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    scene.book.totals["USDT"] -= Decimal(30)
    await scene.look()
    assert "99957.5" in (scene.reconciler.read_only or "")


async def test_a_fill_that_the_ledger_learns_of_later_makes_nothing_read_only(scene: Scene) -> None:
    await scene.look()
    await resting(scene)
    # The venue shows the money before the trade, look after look.
    for trade in range(1, 4):
        traded = fill(str(trade), "s-1-1", FIRST_US + trade)
        scene.book.totals["BTC"] += traded.quantity
        scene.book.totals["USDT"] -= traded.quantity * traded.price
        await scene.look()
        scene.book.trades.append(traded)
    await scene.look()
    assert scene.reconciler.differences == ()
    assert scene.reconciler.read_only is None


async def test_a_balance_that_is_older_than_the_trades_is_no_difference(scene: Scene) -> None:
    await scene.look()
    await resting(scene)
    scene.book.trades.append(fill("9", "s-1-1"))
    assert await scene.look() == ()
    assert (await scene.ledger.facts()).positions[BTC].quantity == Decimal("0.5")


async def test_what_lasted_and_is_gone_is_not_left_for_a_person(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    await scene.look()
    assert len(await scene.ledger.noted()) == 1
    scene.book.totals["USDT"] = Decimal(100_000)
    await scene.look()
    assert await scene.ledger.noted() == []


async def test_a_deposit_is_booked_once(scene: Scene) -> None:
    """Case a02: it was read-only for ever."""
    await scene.look()
    scene.book.totals["USDT"] += Decimal(100)
    for _ in range(3):
        await scene.look()
    noted = await scene.ledger.noted()
    assert await scene.ledger.resolve("ops", "deposit", noted)
    assert not await scene.ledger.resolve("ops", "deposit", noted), "it is booked already"
    await scene.look()
    assert scene.reconciler.read_only is None
    assert (await scene.ledger.expected(0)).totals["USDT"] == Decimal(100_100)


async def test_a_silent_venue_concludes_nothing(scene: Scene) -> None:
    await scene.look()
    scene.book.silent = True
    with pytest.raises(VenueError):
        await scene.look()
    assert scene.reconciler.read_only is None


LAGS = pytest.mark.parametrize("scene", [15.0], indirect=True)


@LAGS
async def test_a_difference_that_a_lag_explains_stops_nothing(scene: Scene) -> None:
    named = await _other_balance(scene)
    for _ in range(3):
        assert await scene.look() == (named,)
        scene.passed.seconds += 5
    assert scene.reconciler.read_only is None
    await scene.look()
    assert scene.reconciler.read_only == f"ledger and venue differ: {named}"


@LAGS
async def test_a_difference_that_was_gone_begins_anew(scene: Scene) -> None:
    await _other_balance(scene)
    await scene.look()
    right, scene.book.totals = scene.book.totals, {"BTC": Decimal(1), "USDT": Decimal(100_000)}
    scene.passed.seconds += 10
    await scene.look()
    scene.book.totals = right
    await scene.look()
    scene.passed.seconds += 10
    await scene.look()
    assert scene.reconciler.read_only is None


@LAGS
async def test_no_baseline_is_made_of_balances_that_may_not_show_a_fill_yet(scene: Scene) -> None:
    await resting(scene)
    traded = fill("9", "s-1-1")
    await scene.ledger.record_fills(scene.writer, [traded])
    scene.book.trades.append(traded)
    await scene.look()
    assert await scene.ledger.baselines() == {}
    scene.book.totals |= {"BTC": Decimal("1.5"), "USDT": Decimal(70_000)}
    scene.passed.seconds += 15
    await scene.look()
    assert await scene.ledger.baselines() == {"BTC": Decimal(1), "USDT": Decimal(100_000)}


async def forgotten(scene: Scene, at_us: int) -> None:
    """Know of a trade that the venue does not show."""
    order = await resting(scene)
    del scene.book.orders["s-1-1"]
    traded = (fill("5", "s-1-1", at_us),)
    report = Report("s-1-1", BTC, State.FILLED, "77", Decimal("0.5"), traded)
    await scene.ledger.record(scene.writer, replace(order, state=State.FILLED), report)


RESET = (
    "reset venue: the venue was reset, or shows things later than after 15 s: it has neither"
    " order s-1-1 nor our last 1 fills"
)


@LAGS
async def test_a_reset_is_named_and_stops_the_account_at_once(scene: Scene) -> None:
    await forgotten(scene, FIRST_US - 16_000_000)
    differences = await scene.look()
    assert str(differences[0]) == RESET
    assert scene.reconciler.read_only == f"ledger and venue differ: {RESET}"


@LAGS
@pytest.mark.parametrize("why", ["young", "known by its order"])
async def test_trades_that_are_not_listed_yet_are_no_reset(scene: Scene, why: str) -> None:
    await forgotten(scene, FIRST_US - (1 if why == "young" else 16_000_000))
    if why == "known by its order":
        scene.book.orders["s-1-1"] = Report("s-1-1", BTC, State.FILLED, "77", Decimal("0.5"))
    differences = await scene.look()
    (named,) = [str(one) for one in differences]
    assert named.startswith(f"missing fill {BTC} 5: the venue does not have it")
    assert scene.reconciler.read_only is None
