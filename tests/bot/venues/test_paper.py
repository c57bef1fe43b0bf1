"""What paper does besides the contract of test_venues.py: prices, faults, restarts. All seeded."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.process.clock import Clock
from bot.trading.orders import Lifetime, Report, Side, State, Terms
from bot.venues import paper as paper_module
from bot.venues.paper import STARTING_BALANCE, PaperVenue, Rules
from bot.venues.paper_faults import Faults
from bot.venues.port import Kept, NotTakenError, RejectedError, VenueError
from tests.support.venue_benches import BTC, SYMBOLS, Time, buy, paper

SEEDS = range(10)


async def placed(venue: PaperVenue, order_id: str, terms: Terms) -> Report:
    return await venue.place(order_id, terms, await venue.time())


async def test_one_seed_walks_one_way_whatever_goes_wrong_with_orders() -> None:
    calm, faulty = paper(seed=7), paper(Faults(partial_fill=0.5, duplicate_fill=0.5), seed=7)
    await placed(faulty, "o", buy("0.01"))
    for _ in range(50):
        assert await calm.prices() == await faulty.prices()
    assert await paper(seed=8).prices() != await paper(seed=7).prices()


async def test_prices_stay_on_their_grid_and_above_zero() -> None:
    venue = paper()
    for _ in range(500):
        for price in (await venue.prices()).values():
            assert price > 0
            assert price % Decimal("0.01") == 0


async def test_the_account_starts_with_quote_currency_alone() -> None:
    balances = await paper().balances()
    assert {name: held.total for name, held in balances.items() if held.total} == {
        "USDT": STARTING_BALANCE
    }


async def test_nothing_is_sold_that_is_not_there_unless_it_may_be_owed() -> None:
    sell = buy("0.01", side=Side.SELL)
    with pytest.raises(RejectedError, match=r"insufficient balance: 0\.01 BTC"):
        await placed(paper(), "s", sell)
    owing = PaperVenue(
        SYMBOLS,
        Random(1),  # noqa: S311  # prices, no secrets
        clock=Clock(utc=Time()),
        rules=Rules(may_owe=True),
    )
    assert (await placed(owing, "s", sell)).state is State.FILLED
    assert (await owing.balances())["BTC"].total == Decimal("-0.01")


async def test_an_adopted_account_can_be_traded() -> None:
    venue = paper()
    venue.adopt({"BTC": Decimal(2), "USDT": Decimal(5)})
    assert (await placed(venue, "s", buy("2", side=Side.SELL))).state is State.FILLED
    balances = await venue.balances()
    assert balances["BTC"].total == 0
    assert balances["USDT"].total > 100_000


async def test_a_new_process_goes_on_with_what_the_ledger_kept() -> None:
    time = Time()
    first = paper(Faults(partial_fill=1), time)
    resting = buy("0.5", "59000")
    await placed(first, "r", resting)
    first.faults = Faults()
    await placed(first, "m", buy("0.1"))
    kept = Kept(
        {name: held.total for name, held in (await first.balances()).items()},
        await first.fills(BTC, 0),
        {"r": resting},
    )
    second = paper(time=time)
    for _ in range(2):  # start-up tries again
        await second.resume(kept)
    assert await second.balances() == await first.balances()
    assert await second.fills(BTC, 0) == await first.fills(BTC, 0)
    assert await second.open_orders(BTC) == [
        replace(report, venue_order_id=again.venue_order_id)
        for report, again in zip(
            await first.open_orders(BTC), await second.open_orders(BTC), strict=True
        )
    ]
    second.move(BTC, Decimal(58_000))
    report = await second.find("r", BTC)
    assert report is not None
    assert report.state is State.FILLED
    assert (await second.balances())["USDT"].locked == 0


async def test_no_trade_of_a_new_process_has_the_number_of_an_old_one() -> None:
    time = Time()
    numbers = list[str]()
    for _ in range(2):
        venue = paper(time=time)  # forgets everything, as a new process does
        for each in range(5):
            report = await placed(venue, f"o-{each}", buy("0.01"))
            numbers += [fill.trade_id for fill in report.fills]
        time.now += timedelta(seconds=1)
    assert len(set(numbers)) == 10
    assert numbers == sorted(numbers, key=int)


async def test_a_partly_filled_market_order_ends() -> None:
    report = await placed(paper(Faults(partial_fill=1)), "p", buy("0.5"))
    assert report.state is State.CANCELLED
    assert 0 < report.filled_quantity < Decimal("0.5")
    assert report.reason


async def test_a_partly_filled_limit_order_waits_for_the_rest() -> None:
    venue = paper(Faults(partial_fill=1))
    report = await placed(venue, "p", buy("0.5", "70000"))
    assert report.state is State.PARTIALLY_FILLED
    venue.faults = Faults()
    await venue.prices()
    report = await venue.find("p", BTC)
    assert report is not None
    assert report.state is State.FILLED
    assert sum(fill.quantity for fill in report.fills) == Decimal("0.5")
    assert (await venue.balances())["USDT"].locked == 0


async def test_a_part_of_one_lot_is_that_lot() -> None:
    venue = paper(Faults(partial_fill=1))
    venue.move(BTC, Decimal(900_000))
    assert (await placed(venue, "p", buy("0.00001"))).state is State.FILLED


async def test_a_lost_request_was_never_there_and_a_lost_answer_was() -> None:
    venue = paper(Faults(lost_request=1))
    with pytest.raises(VenueError, match="no answer"):
        await placed(venue, "o", buy("0.01"))
    assert await venue.find("o", BTC) is None
    venue.faults = Faults(lost_answer=1)
    with pytest.raises(VenueError, match="no answer"):
        await placed(venue, "o", buy("0.01"))
    report = await venue.find("o", BTC)
    assert report is not None
    assert report.state is State.FILLED
    assert [each.order_id for each in venue.accepted] == ["o"]


async def test_a_rejected_order_was_never_there() -> None:
    venue = paper(Faults(reject=1))
    with pytest.raises(RejectedError):
        await placed(venue, "o", buy("0.01"))
    assert await venue.find("o", BTC) is None
    assert list(venue.accepted) == []


async def test_a_fill_is_told_twice_and_counted_once() -> None:
    venue = paper(Faults(duplicate_fill=1))
    report = await placed(venue, "o", buy("0.01"))
    assert len(report.fills) == 2
    assert len(set(report.fills)) == 1
    assert report.filled_quantity == Decimal("0.01")
    assert len(await venue.fills(BTC, 0)) == 2


async def test_an_order_that_travels_too_long_is_dead_on_arrival() -> None:
    time = Time()

    async def sleep(seconds: float) -> None:
        time.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    slow = Faults(latency_seconds=60)
    venue = PaperVenue(SYMBOLS, Random(3), clock=Clock(utc=time), faults=slow, sleep=sleep)  # noqa: S311 - prices
    stamp = await venue.time()
    with pytest.raises(NotTakenError, match=r"old, more than 1\.5 s"):
        await venue.place("o", buy("0.01"), stamp)


@pytest.mark.parametrize(
    "changed", [{"reject": 1.1}, {"lost_answer": -0.1}, {"latency_seconds": -1}]
)
def test_faults_are_probabilities_and_durations(changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(changed))):
        replace(Faults(), **changed)


async def test_what_has_ended_is_forgotten_first_and_memory_is_bounded() -> None:
    venue = paper()
    await placed(venue, "resting", buy("0.001", "10000"))
    for number in range(paper_module.KEPT):
        await placed(venue, f"o-{number}", buy("0.0001"))
    assert await venue.find("o-0", BTC) is None
    assert await venue.find("resting", BTC) is not None
    assert await venue.find(f"o-{paper_module.KEPT - 1}", BTC) is not None
    assert len(venue.accepted) == paper_module.KEPT


_ORDERS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.integers(1, 50_000),
        st.none() | st.integers(59_000, 61_000),
        st.sampled_from(list(Lifetime)),
    ),
    max_size=12,
)


@given(orders=_ORDERS, seed=st.integers(0, 1000))
def test_money_is_never_made_nor_lost_nor_owed(
    orders: list[tuple[Side, int, int | None, Lifetime]], seed: int
) -> None:
    async def trade() -> None:
        faults = Faults(partial_fill=0.5, lost_answer=0.2, lost_request=0.2, reject=0.2)
        venue = paper(faults, seed=seed)
        venue.adopt({"BTC": Decimal(1)})
        before = await venue.balances()
        for number, (side, lots, limit, lifetime) in enumerate(orders):
            price = None if limit is None else Decimal(limit)
            terms = Terms(BTC, side, lots * Decimal("0.00001"), price, lifetime)
            with contextlib.suppress(VenueError):
                await placed(venue, f"o-{number}", terms)
            await venue.prices()
        after = await venue.balances()
        fills = set(await venue.fills(BTC, 0))
        fees = {"BTC": Decimal(0), "USDT": Decimal(0)}
        for fill in fills:
            fees[fill.fee_currency] += fill.fee
        btc = sum(fill.signed_quantity for fill in fills) - fees["BTC"]
        usdt = -sum(fill.signed_quantity * fill.price for fill in fills) - fees["USDT"]
        assert after["BTC"].total - before["BTC"].total == btc
        assert after["USDT"].total - before["USDT"].total == usdt
        assert all(held.free >= 0 and held.locked >= 0 for held in after.values())
        open_orders = await venue.open_orders(BTC)
        if not open_orders:
            assert all(held.locked == 0 for held in after.values())

    asyncio.run(trade())


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_same_seed_goes_wrong_in_the_same_way(seed: int) -> None:
    faults = Faults(partial_fill=0.3, reject=0.2, lost_request=0.2, lost_answer=0.2)

    async def story() -> list[str]:
        venue = paper(faults, seed=seed)
        events = list[str]()
        for number in range(10):
            try:
                events.append(str(await placed(venue, f"o-{number}", buy("0.05"))))
            except VenueError as error:
                events.append(repr(error))
        return events

    assert await story() == await story()
