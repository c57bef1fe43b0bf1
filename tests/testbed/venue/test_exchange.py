"""Decisions and bookkeeping, apart from any server: tables, and properties under any requests."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testbed.venue import book, filters
from testbed.venue.amounts import floor, is_multiple, places, text, truncate
from testbed.venue.events import Accepted, Ended, Event, Filled, Opened
from testbed.venue.exchange import STEP_MS, Exchange, Sender, Setup
from testbed.venue.markets import DEFAULT_MARKETS, Market
from testbed.venue.orders import OPEN, Ask, Lifetime, Side, Status, Type
from testbed.venue.prices import OCTAVES, Prices
from testbed.venue.record import Record
from testbed.venue.refusals import RefusalError
from testbed.venue.state import BookkeepingError, State
from tests.support.examples import share

NOW_MS = 1_800_000_000_000
BTC = DEFAULT_MARKETS[0]
HELD = {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(0), "SOL": Decimal(0)}
SIDES = st.sampled_from(Side)


def exchange(record: Record | None = None, seed: int = 0) -> Exchange:
    return Exchange(Setup(seed=seed, balances=HELD), record or Record(), NOW_MS)


def ask(**changed: object) -> Ask:
    usual = Ask("BTCUSDT", Side.BUY, Type.LIMIT, "c-1", Decimal("0.1"), price=Decimal(60_000))
    return replace(usual, **changed)


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        ({}, None),
        ({"price": Decimal("0.005")}, "PRICE_FILTER"),
        ({"price": Decimal("60000.005")}, "PRICE_FILTER"),
        ({"price": Decimal("300000.01")}, "PERCENT_PRICE_BY_SIDE"),
        ({"price": Decimal("11999.99")}, "PERCENT_PRICE_BY_SIDE"),
        ({"price": Decimal(12_000)}, None),
        ({"quantity": Decimal("0.000011")}, "LOT_SIZE"),
        ({"quantity": Decimal("0.0001")}, None),
        ({"quantity": Decimal("0.00008")}, "NOTIONAL"),
        ({"quantity": Decimal(151)}, "NOTIONAL"),
        ({"quantity": Decimal("9000.00001")}, "LOT_SIZE"),
        ({"quantity": Decimal(1001), "type": Type.MARKET, "price": None}, "MARKET_LOT_SIZE"),
    ],
)
def test_each_filter_ends_where_it_says(changed: dict[str, object], failure: str | None) -> None:
    if failure is None:
        filters.check(ask(**changed), BTC, Decimal(60_000))
        return
    with pytest.raises(RefusalError, match=f"Filter failure: {failure}$"):
        filters.check(ask(**changed), BTC, Decimal(60_000))


@pytest.mark.parametrize(
    ("lifetime", "quantity", "status", "filled"),
    [
        (Lifetime.GTC, "0.1", Status.FILLED, "0.1"),
        (Lifetime.GTC, "0.3", Status.PARTIALLY_FILLED, "0.2"),
        (Lifetime.IOC, "0.3", Status.EXPIRED, "0.2"),
        (Lifetime.FOK, "0.3", Status.EXPIRED, "0"),
        (Lifetime.FOK, "0.2", Status.FILLED, "0.2"),
    ],
)
def test_what_a_limit_order_takes_at_once_depends_on_its_lifetime(
    lifetime: Lifetime, quantity: str, status: Status, filled: str
) -> None:
    venue = exchange()
    venue.prices.pin("BTCUSDT", Decimal(60_000))
    # One rung is within this limit: 0.2 BTC at 60006.
    asked = ask(quantity=Decimal(quantity), price=Decimal(60006), lifetime=lifetime)
    order = venue.place(asked, Sender(), NOW_MS)
    assert (order.status, order.executed) == (status, Decimal(filled))


def test_a_market_order_beyond_the_book_expires_with_what_it_got() -> None:
    rich = Setup(balances={"USDT": Decimal(10_000_000)})
    venue = Exchange(rich, Record(), NOW_MS)
    asked = ask(type=Type.MARKET, price=None, quantity=Decimal(5))
    order = venue.place(asked, Sender(), NOW_MS)
    assert (order.status, order.executed) == (Status.EXPIRED, book.RUNGS * BTC.depth)


def test_a_resting_order_fills_in_parts_step_by_step() -> None:
    venue = exchange()
    venue.prices.pin("BTCUSDT", Decimal(60_000))
    order = venue.place(ask(quantity=Decimal("0.5"), price=Decimal(59_000)), Sender(), NOW_MS)
    venue.prices.pin("BTCUSDT", Decimal(58994))  # the first rung, 58999.90, is within reach
    seen = [order.executed]
    for step in range(1, 4):
        venue.advance(NOW_MS + step * STEP_MS)
        seen.append(order.executed)
    assert seen == [Decimal(0), Decimal("0.2"), Decimal("0.4"), Decimal("0.5")]
    assert {(trade.price, trade.maker) for trade in order.trades} == {(Decimal(59_000), True)}
    assert order.status is Status.FILLED


def test_a_fill_beyond_its_order_is_a_bookkeeping_error() -> None:
    venue = exchange()
    order = venue.place(ask(price=Decimal(50_000)), Sender(), NOW_MS)
    fill = Filled(
        at_ms=NOW_MS,
        order_id=order.order_id,
        trade_id=1,
        price=Decimal(50_000),
        quantity=Decimal("0.11"),
        commission=Decimal(0),
        commission_asset="BTC",
        maker=True,
    )
    with pytest.raises(BookkeepingError, match="does not fit"):
        venue.state.apply(fill)


def test_balances_cannot_be_spent_below_zero_by_any_event() -> None:
    state = State({"BTCUSDT": BTC})
    state.apply(Opened(at_ms=NOW_MS, seed=0, balances={"USDT": Decimal(10)}))
    accepted = Accepted(
        received_ms=NOW_MS,
        sent_ms=NOW_MS,
        window_ms=0,
        api_key="",
        order_id=1,
        client_id="c",
        symbol="BTCUSDT",
        side=Side.BUY,
        type=Type.LIMIT,
        lifetime=Lifetime.GTC,
        quantity=Decimal(1),
        budget=Decimal(0),
        price=Decimal(11),
    )
    with pytest.raises(BookkeepingError, match="USDT would fall below zero"):
        state.apply(accepted)


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    """Orders of any shape, most of them near the price, a few absurd."""
    kind = draw(st.sampled_from(Type))
    by_budget = kind is Type.MARKET and draw(st.booleans())
    quantity = Decimal(draw(st.integers(0, 50_000))) * BTC.step
    price = Decimal(60_000 + draw(st.integers(-2_500, 2_500)))
    return Ask(
        "BTCUSDT",
        draw(SIDES),
        kind,
        f"c-{draw(st.integers(0, 9))}",
        quantity=None if by_budget else quantity,
        budget=Decimal(draw(st.integers(0, 20_000))) if by_budget else None,
        price=None if kind is Type.MARKET else price,
        lifetime=draw(st.sampled_from(Lifetime)) if kind is Type.LIMIT else Lifetime.GTC,
    )


STEPS = st.lists(st.one_of(asks(), asks(), st.integers(0, 60)), min_size=15, max_size=40)


def play(venue: Exchange, steps: Sequence[Ask | int]) -> int:
    """Place what is an order, cancel by a small number, let a larger one of seconds pass.

    Returns:
        When it was over.
    """
    now_ms = NOW_MS
    for step in steps:
        try:
            if isinstance(step, Ask):
                venue.place(step, Sender("key", now_ms, 1_500), now_ms)
            elif step <= 5:
                order = venue.state.get("BTCUSDT", None, f"c-{step}")
                venue.cancel(order, "", now_ms)
            else:
                now_ms += step * 1_000
                venue.advance(now_ms)
        except RefusalError:
            continue
    return now_ms


@given(STEPS, st.integers(0, 3))
def test_money_is_never_negative_never_made_and_never_lost(
    steps: Sequence[Ask | int], seed: int
) -> None:
    venue = exchange(seed=seed)
    play(venue, steps)
    expected = dict(HELD)
    for trade in venue.state.trades:
        sign = 1 if venue.state.orders[trade.order_id].side is Side.BUY else -1
        expected["BTC"] += sign * trade.quantity
        expected["USDT"] -= sign * trade.quantity * trade.price
        expected[trade.commission_asset] -= trade.commission
    for asset, balance in venue.state.balances.items():
        assert balance.free >= 0
        assert balance.locked >= 0
        assert places(balance.free) <= 8
        assert balance.free + balance.locked == expected[asset]


@given(STEPS)
def test_fills_never_exceed_their_order_nor_pass_its_limit(steps: Sequence[Ask | int]) -> None:
    venue = exchange()
    play(venue, steps)
    for order in venue.state.orders.values():
        assert sum((trade.quantity for trade in order.trades), Decimal(0)) == order.executed
        assert order.executed <= order.quantity
        assert (order.status is Status.FILLED) == (order.executed == order.quantity)
        if order.rests:
            assert all(book.reaches(order.price, trade.price, order.side) for trade in order.trades)


@given(STEPS)
def test_what_is_locked_is_never_other_than_what_open_orders_need(
    steps: Sequence[Ask | int],
) -> None:
    venue = exchange()
    play(venue, steps)
    needed = {"USDT": Decimal(0), "BTC": Decimal(0)}
    for order in venue.state.orders.values():
        assert (order.status in OPEN) == (order.order_id in venue.state.open_orders)
        if order.status in OPEN:
            buys = order.side is Side.BUY
            needed["USDT" if buys else "BTC"] += order.left * (order.price if buys else 1)
    assert {asset: venue.state.balances[asset].locked for asset in needed} == needed


@given(STEPS)
def test_open_orders_never_share_a_client_order_id(steps: Sequence[Ask | int]) -> None:
    venue = exchange()
    play(venue, steps)
    names = [order.client_id for order in venue.state.open_orders.values()]
    assert len(names) == len(set(names))


@given(STEPS)
def test_the_record_never_tells_another_story_than_the_state(steps: Sequence[Ask | int]) -> None:
    record = Record()
    venue = exchange(record)
    play(venue, steps)
    again = exchange(record)
    assert again.state.orders == venue.state.orders
    assert again.state.balances == venue.state.balances
    assert again.state.trades == venue.state.trades


@settings(max_examples=share(20))  # each plays twice and lets minutes pass
@given(STEPS, st.integers(1, 60))
def test_how_often_anyone_looks_never_changes_what_fills(
    steps: Sequence[Ask | int], every_seconds: int
) -> None:
    seldom, often = exchange(), exchange()
    play(seldom, steps)
    end_ms = play(often, steps)
    for second in range(0, 300, every_seconds):
        often.advance(end_ms + second * 1_000)
    for venue in (seldom, often):
        venue.advance(end_ms + 300_000)
    assert fills(often.record.events) == fills(seldom.record.events)


def fills(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, Filled | Ended)]


@given(st.sampled_from(DEFAULT_MARKETS), st.integers(0, 2**31), st.integers(0, NOW_MS))
def test_prices_never_leave_their_band_nor_their_grid(
    market: Market, seed: int, now_ms: int
) -> None:
    price = Prices(seed).at(market, now_ms)
    band = sum((height for _, height in OCTAVES), Decimal(0)) * market.start_price + market.tick
    assert abs(price - market.start_price) <= band
    assert is_multiple(price, market.tick)
    assert price == Prices(seed).at(market, now_ms)


def test_prices_move_and_another_seed_moves_them_otherwise() -> None:
    times = range(NOW_MS, NOW_MS + 60_000, 1_000)
    walks = [[Prices(seed).at(BTC, now_ms) for now_ms in times] for seed in (1, 2)]
    assert len(set(walks[0])) > len(times) / 2
    assert walks[0] != walks[1]


@given(st.sampled_from(DEFAULT_MARKETS), st.integers(1, 10_000_000), SIDES)
def test_a_ladder_never_improves_and_lies_beyond_the_price(
    market: Market, ticks: int, side: Side
) -> None:
    last_price = ticks * market.tick
    sign = 1 if side is Side.BUY else -1
    prices = [sign * rung.price for rung in book.ladder(market, last_price, side)]
    assert prices == sorted(set(prices))
    assert all(price > sign * last_price for price in prices)


@given(
    st.decimals("0", "1e9", places=8), st.sampled_from([market.step for market in DEFAULT_MARKETS])
)
def test_rounding_to_a_step_never_rounds_up(amount: Decimal, step: Decimal) -> None:
    floored = floor(amount, step)
    assert amount - step < floored <= amount
    assert is_multiple(floored, step)


@given(st.decimals("0", "1e9", places=12))
def test_an_amount_is_printed_with_eight_places(amount: Decimal) -> None:
    assert places(truncate(amount)) <= 8
    assert text(truncate(amount)).partition(".")[2].isdecimal()
    assert 0 <= amount - truncate(amount) < Decimal("1e-8")
