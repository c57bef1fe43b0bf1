"""Limits: what is refused and how it is told; what they let through never leads past them."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.trading.orders import Side, Terms
from bot.trading.risk import Account, Allowed, Denied, Limits, Live, check, reduces
from tests.support.examples import share

BTC, ETH = "BTC/USDT", "ETH/USDT"
LIMITS = Limits(
    max_position_quote=Decimal(1000),
    risk_limit_pct=Decimal(2),
    max_orders_per_minute=5,
    price_collar_pct=Decimal(5),
    daily_loss_limit_pct=Decimal(1),
    allow_short=True,
)
LONG = replace(LIMITS, allow_short=False)
ACCOUNT = Account(
    equity_quote=Decimal(100_000),
    quantities={},
    prices={BTC: Decimal(100), ETH: Decimal(10)},
    live=(),
    realized_today_quote=Decimal(0),
    orders_last_minute=0,
)


def terms(side: Side, quantity: str, symbol: str = BTC, **more: object) -> Terms:
    return Terms(symbol, side, Decimal(quantity), **more)  # pyright: ignore[reportArgumentType] - a table's values


@pytest.mark.parametrize(
    ("limits", "account", "order", "limit", "words"),
    [
        (replace(LIMITS, kill_switch=True), {}, terms(Side.BUY, "1"), "kill switch", "on"),
        (
            replace(LIMITS, read_only="differs"),
            {},
            terms(Side.BUY, "1"),
            "read-only",
            "differs",
        ),
        (replace(LIMITS, reduce_only=True), {}, terms(Side.BUY, "1"), "reduce only", "switch"),
        (LIMITS, {}, terms(Side.BUY, "1", reduce_only=True), "reduce only", "signal"),
        (LIMITS, {}, terms(Side.BUY, "10.01"), "max position size", "1001.00"),
        (LIMITS, {"orders_last_minute": 5}, terms(Side.BUY, "1"), "max orders per minute", "5"),
        (
            LIMITS,
            {"realized_today_quote": Decimal(-1000)},
            terms(Side.BUY, "1"),
            "daily loss limit",
            "1000",
        ),
        (
            LIMITS,
            {"quantities": {ETH: Decimal(150)}},
            terms(Side.BUY, "5.01"),
            "risk limit",
            "2001.00",
        ),
        (LIMITS, {}, terms(Side.BUY, "1", limit_price=Decimal(106)), "price collar", "6.00 %"),
        (LIMITS, {}, terms(Side.SELL, "1", limit_price=Decimal(94)), "price collar", "6.00 %"),
        (LONG, {}, terms(Side.SELL, "1"), "no short", "sell 1 BTC/USDT is more than"),
        (
            LONG,
            {"quantities": {BTC: Decimal("1.5")}, "live": (Live(BTC, Side.SELL, Decimal("0.6")),)},
            terms(Side.SELL, "1"),
            "no short",
            "holds: 1.5, of which 0.6 is in live sells",
        ),
        (LONG, {"quantities": {ETH: Decimal(5)}}, terms(Side.SELL, "1"), "no short", ": 0, of"),
    ],
)
def test_a_refusal_names_its_limit_and_what_the_order_would_make(
    limits: Limits, account: dict[str, object], order: Terms, limit: str, words: str
) -> None:
    denied = check(order, limits, replace(ACCOUNT, **account))  # pyright: ignore[reportArgumentType] - a table's values
    assert isinstance(denied, Denied)
    assert denied.limit == limit
    assert words in denied.reason


def test_what_reduces_passes_every_limit_of_new_risk_and_the_kill_switch() -> None:
    held = replace(ACCOUNT, quantities={BTC: Decimal(50)}, realized_today_quote=Decimal(-5000))
    tight = replace(LIMITS, read_only="differs", reduce_only=True, kill_switch=True)
    assert check(terms(Side.SELL, "50"), tight, held) == Allowed(Decimal(0))
    denied = check(terms(Side.SELL, "50.1"), tight, held)
    assert isinstance(denied, Denied)
    assert denied.limit == "kill switch"


def test_what_is_live_already_counts_for_what_reduces() -> None:
    live = (Live(BTC, Side.SELL, Decimal(6)),)
    held = replace(ACCOUNT, quantities={BTC: Decimal(10)}, live=live)
    assert reduces(terms(Side.SELL, "4"), held)
    assert not reduces(terms(Side.SELL, "5"), held)


def test_what_is_held_can_be_sold_and_a_short_position_closed_without_the_permission() -> None:
    held = replace(ACCOUNT, quantities={BTC: Decimal("1.5"), ETH: Decimal(-2)})
    assert check(terms(Side.SELL, "1.5"), LONG, held) == Allowed(Decimal(0))
    assert check(terms(Side.BUY, "2", ETH), LONG, held) == Allowed(Decimal(0))
    assert isinstance(check(terms(Side.SELL, "1", ETH), LONG, held), Denied)


orders = st.builds(
    Terms,
    symbol=st.sampled_from([BTC, ETH]),
    side=st.sampled_from(Side),
    quantity=st.integers(1, 2000).map(lambda n: Decimal(n) / 100),
)


@settings(max_examples=share(60))
@given(st.lists(orders, max_size=7))
def test_whatever_subset_of_the_allowed_orders_fills_no_limit_is_passed(
    proposed: list[Terms],
) -> None:
    account, limits = ACCOUNT, replace(LIMITS, max_orders_per_minute=100)
    for order in proposed:
        if isinstance(check(order, limits, account), Allowed):
            live = Live(order.symbol, order.side, order.quantity)
            account = replace(account, live=(*account.live, live))
    for filled in product([False, True], repeat=len(account.live)):
        held = {BTC: Decimal(0), ETH: Decimal(0)}
        for live, fills in zip(account.live, filled, strict=True):
            held[live.symbol] += live.quantity * live.side.sign * fills
        worth = {symbol: abs(q) * ACCOUNT.prices[symbol] for symbol, q in held.items()}
        assert max(worth.values()) <= limits.max_position_quote
        assert sum(worth.values()) <= ACCOUNT.equity_quote * limits.risk_limit_pct / 100


@settings(max_examples=share(60))
@given(st.lists(orders, max_size=7), st.integers(0, 1000).map(lambda n: Decimal(n) / 100))
def test_whatever_subset_fills_no_more_than_is_held_is_ever_sold(
    proposed: list[Terms], holds: Decimal
) -> None:
    account = replace(ACCOUNT, quantities={BTC: holds, ETH: Decimal(0)})
    limits = replace(LONG, max_orders_per_minute=100)
    for order in proposed:
        if isinstance(check(order, limits, account), Allowed):
            live = Live(order.symbol, order.side, order.quantity)
            account = replace(account, live=(*account.live, live))
    sold: dict[str, Decimal] = dict.fromkeys((BTC, ETH), Decimal(0))
    for live in account.live:
        sold[live.symbol] += live.quantity if live.side is Side.SELL else 0
    assert sold[BTC] <= holds
    assert sold[ETH] == 0
